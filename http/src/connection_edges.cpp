// How a connection begins, and how it ends other than with its last answer: what is not on the way of a request.
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "connection.hpp"
#include "error_response.hpp"
#include "worker.hpp"

namespace zigmund::http::inline v0 {
namespace {

constexpr std::string_view no_room_text =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 32\r\n"
    "retry-after: 1\r\nconnection: close\r\n\r\n{\"detail\":\"Service Unavailable\"}";
constexpr std::string_view no_tls_text =
    "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 50\r\n"
    "connection: close\r\n\r\n{\"detail\":\"This port speaks TLS: ask with https:\"}";

}  // namespace

void Connection::turn_away() noexcept {
    if (tls_) return end();  // to tell a client so takes a handshake, which is what there is no room for
    keep_alive_ = false;
    wire_ = {no_room_text, {}};
    enter(Phase::writing);
    send();
}

/// What a client has to say before TLS is there.
void Connection::shake_hands() {
    switch (tls_.handshake()) {
        case TlsStream::Handshake::done:
            enter(Phase::idle);
            watch(EPOLLIN);
            if (worker_.draining()) drain();
            return;
        case TlsStream::Handshake::later:
            return watch(EPOLLIN);
        case TlsStream::Handshake::plain:
            tls_ = {};
            keep_alive_ = false;
            wire_ = {no_tls_text, {}};
            enter(Phase::writing);
            return send();
        case TlsStream::Handshake::failed:
            tls_ = {};
            ::shutdown(socket_.get(), SHUT_WR);
            watch(EPOLLIN);
            return enter(Phase::lingering);
    }
}

ssize_t Connection::read_encrypted(std::span<char> space) noexcept {
    const ssize_t size = tls_.read(space);
    const int error = errno;
    watch(EPOLLIN);
    errno = error;
    return size;
}

void Connection::refuse_without_memory() {
    keep_alive_ = false;
    wire_ = {out_of_memory_head, {}};
    enter(Phase::writing);
    send();
}

void Connection::tick(std::uint64_t now) {
    if (now < deadline_ && !is_too_slow(now)) return;
    if (phase_ == Phase::producing) return send();
    if (phase_ == Phase::idle && has_input()) return;
    if (phase_ != Phase::reading || exchange_->reader().dropping()) return end();
    timed_out_ = true;
    respond(RequestReader::State::failed);
    send();
}

void Connection::drain() {
    const bool answered = phase_ == Phase::reading && exchange_->reader().dropping();
    if (phase_ == Phase::idle) {
        // Nobody has told the client that this connection is to end: a request may be on its way, and who sent
        // it cannot know whether it may be sent again. It is the last one, and its answer says so.
        deadline_ = std::min(deadline_, worker_.now() + 2);
    } else if ((phase_ == Phase::lingering || answered) && !has_input()) {
        end();
    }
}

/// Whether the client has sent something that was not read yet.
bool Connection::has_input() const noexcept {
    if (tls_ && tls_.holds_input()) return true;
    int available = 0;
    return ::ioctl(socket_.get(), FIONREAD, &available) == 0 && available != 0;
}

void Connection::end() noexcept {
    if (tls_ && phase_ == Phase::idle) tls_.close();
    // A process that was forked, and has not yet become another program, holds the socket open: closing it
    // does not end the watch then.
    worker_.loop().unwatch(socket_.get());
    (void)worker_.batch().take();  // what this client was to get must not go to another
    worker_.remove(*this);
}

}  // namespace zigmund::http::inline v0
