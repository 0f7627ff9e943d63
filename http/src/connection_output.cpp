// What a Connection sends.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <utility>

#include "connection.hpp"
#include "log.hpp"
#include "system_call.hpp"
#include "worker.hpp"
#include "would_block.hpp"

namespace zigmund::http::inline v0 {
namespace {

// Pieces of a stream that are sent at once.
constexpr std::size_t max_pieces = 16;

iovec part(std::string_view text) noexcept { return {const_cast<char*>(text.data()), text.size()}; }

}  // namespace

/// Whether the response waits for those to the requests behind it.
bool Connection::gather() {
    if (!keep_alive_ || wire_.stream.active() || wire_.file.active() || exchange_->has_more_to_do() ||
        !exchange_->reader().followed() || !worker_.batch().append(wire_))
        return false;
    wire_ = {};
    return true;
}

/// What is gathered moves from the worker's memory to that of the exchange, to wait there for the client.
bool Connection::keep_gathered() noexcept {
    if (gathered_.empty()) return true;
    try {
        gathered_ = exchange_->is_elsewhere() ? exchange_->keep_outside(gathered_)
                                              : exchange_->arena().allocator().dupe(gathered_);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

void Connection::send() {
    try {
        if (!write()) return;
        if (std::exchange(partly_read_, false)) {
            enter(Phase::reading);
            return proceed(RequestReader::State::need_more);
        }
        if (finish()) proceed(exchange_->reader().next(begin()));
    } catch (const std::bad_alloc&) {
        end();
    }
}

/// Sends what the socket takes, gathered answers first. True: all is sent. False: the rest follows, or the
/// connection is over.
bool Connection::write() {
    std::size_t pieces = 0;
    while (write_text()) {
        if (!wire_.stream.active() && !wire_.file.active()) {
            watch(EPOLLIN);
            return true;
        }
        // A client that takes all at once does not keep the others waiting.
        if (++pieces > max_pieces) {
            await_client();
            return false;
        }
        if (!(wire_.file.active() ? send_file() : produce())) return false;
    }
    return false;
}

/// The next text or bytes of a file. False: the rest follows, or the connection is over.
bool Connection::send_file() {
    wire_.body = wire_.file.take_text();
    exchange_->request().sent().body += wire_.body.size();
    if (wire_.body.empty()) {
        wire_.file.advance();
        if (!wire_.file.active()) return true;
        const std::int64_t sent = tls_ ? wire_.file.send(tls_) : wire_.file.send(socket_.get());
        if (sent < 0 && would_block(errno)) {
            await_client();
            return false;
        }
        // A file that has become shorter leaves the answer short of its length, which the client has to see.
        if (sent <= 0) {
            end();
            return false;
        }
        exchange_->request().sent().body += static_cast<std::uint64_t>(sent);
        moved_ += static_cast<std::uint64_t>(sent);
        enter(Phase::writing);
    }
    wire_.file.advance();
    return true;
}

/// The next piece of a stream, or its end, becomes what is sent. False: there is none yet, or the connection
/// is over.
bool Connection::produce() {
    try {
        if (exchange_->request().is_late())
            throw std::runtime_error{"the deadline of the request has passed"};
        switch (wire_.stream.next(worker_.now(), worker_.draining(), wire_.body)) {
            case StreamSender::State::piece:
                exchange_->request().sent().body += wire_.body.size();
                return true;
            case StreamSender::State::done:
                wire_.stream = {};
                return true;
            case StreamSender::State::wait:
                // The client has nothing more to say until the end of this answer, but that it leaves.
                watch(EPOLLRDHUP);
                enter(Phase::producing);
                return false;
        }
    } catch (...) {
        log_exception(exchange_->request(), std::current_exception(), "unhandled exception of a stream");
    }
    end();
    return false;
}

/// The client has to take something of what was sent before more can be: from here on, how fast it does.
void Connection::await_client() noexcept {
    if (watched_ != EPOLLOUT) measure();
    watch(EPOLLOUT);
}

bool Connection::write_text() {
    const bool waited = !gathered_.empty();
    if (!waited) gathered_ = worker_.batch().take();
    while (!gathered_.empty() || !wire_.head.empty() || !wire_.body.empty()) {
        std::array<iovec, 3> parts{part(gathered_), part(wire_.head), part(wire_.body)};
        ssize_t sent = 0;
        if (tls_) [[unlikely]] {
            sent = tls_.write(parts);
        } else {
            msghdr message{};
            message.msg_iov = parts.data();
            message.msg_iovlen = parts.size();
            sent = system_call::sendmsg(socket_.get(), message);
        }
        if (sent >= 0) {
            if (phase_ != Phase::waiting) enter(Phase::writing);
            moved_ += static_cast<std::size_t>(sent);
            auto left = static_cast<std::size_t>(sent);
            for (std::string_view* const text : {&gathered_, &wire_.head, &wire_.body}) {
                const std::size_t of_text = std::min(left, text->size());
                text->remove_prefix(of_text);
                left -= of_text;
            }
        } else if (would_block(errno) && (waited || keep_gathered())) {
            await_client();
            return false;
        } else {
            end();
            return false;
        }
    }
    return true;
}

}  // namespace zigmund::http::inline v0
