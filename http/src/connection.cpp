#include "connection.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <new>
#include <utility>

#include "error_response.hpp"
#include "log.hpp"
#include "system_call.hpp"
#include "worker.hpp"
#include "would_block.hpp"

namespace zigmund::http::inline v0 {
namespace {

constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

// RFC 9112, 9.6: a server that closes while the client still sends must read on for a while, or the client's
// system drops the response that it has not read yet.
constexpr std::size_t max_discarded = std::size_t{64} << 10;
constexpr std::uint64_t linger_seconds = 5;
constexpr std::uint64_t no_deadline = std::numeric_limits<std::uint64_t>::max();
// Before it, a rate says nothing.
constexpr std::uint64_t rate_grace = 5;

}  // namespace

Connection::Connection(Worker& worker, FileDescriptor socket, const Client& client) noexcept
    : worker_{worker}, socket_{std::move(socket)}, client_{client} {}

Connection::~Connection() { give_back(); }

bool Connection::start() noexcept {
    enter(Phase::idle);
    if (TlsContext* const tls = worker_.tls()) [[unlikely]] {
        tls_ = tls->open(socket_.get());
        if (!tls_) return false;
        enter(Phase::handshaking);
    }
    watched_ = EPOLLIN;
    return worker_.loop().watch(socket_.get(), watched_, *this);
}

void Connection::measure() noexcept {
    since_ = worker_.now();
    moved_ = 0;
}

bool Connection::is_too_slow(std::uint64_t now) const noexcept {
    const std::uint64_t seconds = now - since_;
    const bool moves = (phase_ == Phase::writing && watched_ == EPOLLOUT) ||
                       (phase_ == Phase::reading && exchange_->reader().in_body());
    return moves && seconds > rate_grace && moved_ / seconds < worker_.options().min_rate;
}

void Connection::watch(std::uint32_t events) noexcept {
    if (tls_ && events == EPOLLIN) [[unlikely]]
        events = tls_.events();
    if (std::exchange(watched_, events) != events) worker_.loop().change(socket_.get(), events, *this);
}

void Connection::give_back() noexcept {
    if (exchange_ == nullptr) return;
    if (!wire_.body.empty()) exchange_->unsent(wire_.body.size());
    Exchange* const exchange = std::exchange(exchange_, nullptr);
    if (phase_ == Phase::waiting || phase_ == Phase::finishing) {
        worker_.abandon(exchange);
    } else if (exchange->ends_elsewhere()) [[unlikely]] {
        // As in finish(): what blocks must not keep the worker's other clients waiting.
        worker_.finish_elsewhere(exchange);
    } else {
        worker_.give_back(exchange);
    }
    sleep_no_more();
}

std::shared_ptr<detail::WakeTarget> Connection::wake_target() {
    if (wake_target_ == nullptr) {
        wake_target_ = worker_.take_wake_target();
        wake_target_->attach(worker_.loop(), *this);
    }
    return wake_target_;
}

void Connection::on_wake() {
    if (phase_ == Phase::producing) send();
}

/// The stream that had a waker is gone, with its producer.
void Connection::sleep_no_more() noexcept {
    if (wake_target_ == nullptr) return;
    if (wake_target_->detach(wake_target_)) worker_.give_back(std::move(wake_target_));
    wake_target_.reset();
}

void Connection::enter(Phase phase) noexcept {
    phase_ = phase;
    std::uint64_t seconds = linger_seconds;
    const ServeOptions& options = worker_.options();
    switch (phase) {
        case Phase::idle:
            seconds = static_cast<std::uint64_t>(options.idle_timeout.count());
            break;
        case Phase::handshaking:
        case Phase::reading:
            seconds = static_cast<std::uint64_t>(options.request_timeout.count());
            break;
        case Phase::writing:
            seconds = static_cast<std::uint64_t>(options.write_timeout.count());
            break;
        case Phase::producing:
            seconds = 0;  // the next tick asks again
            break;
        case Phase::waiting:
        case Phase::finishing:
            deadline_ = no_deadline;  // a handler takes what time it takes
            return;
        case Phase::lingering:
            break;
    }
    deadline_ = worker_.now() + seconds + 1;  // the clock has seconds: never early
}

void Connection::on_events(std::uint32_t events) {
    // But where nothing is sent or received, an error or the other side's end shows in what the call returns.
    switch (phase_) {
        case Phase::handshaking:
            return shake_hands();
        case Phase::idle:
        case Phase::reading:
            try {
                return read();
            } catch (const std::bad_alloc&) {
                return refuse_without_memory();
            }
        case Phase::writing:
            return send();
        case Phase::waiting:
            if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) return end();
            return wait();
        case Phase::producing:
        case Phase::finishing:
            return end();
        case Phase::lingering:
            return linger();
    }
}

void Connection::read() {
    const bool first = exchange_ == nullptr;
    if (first) exchange_ = worker_.take();
    RequestReader& reader = exchange_->reader();
    const std::span<char> space = reader.prepare();
    const ssize_t size = tls_ ? read_encrypted(space) : system_call::recv(socket_.get(), space);
    if (size <= 0) {
        if (size == 0 || !would_block(errno)) return end();
        if (first) give_back();
        return;
    }
    const bool in_body = reader.in_body();
    const RequestReader::State state = reader.commit(static_cast<std::size_t>(size));
    if (!first) {
        if (in_body) {
            moved_ += static_cast<std::size_t>(size);
            enter(Phase::reading);  // a body may take long, but not stand still
        }
        return proceed(state);
    }
    enter(Phase::reading);
    proceed(reader.next(begin()));
}

void Connection::proceed(RequestReader::State state) {
    do {
        if (state == RequestReader::State::need_more) {
            if (!worker_.batch().empty()) {
                partly_read_ = true;
                if (!write()) return;
                partly_read_ = false;
                enter(Phase::reading);
            }
            if (exchange_->reader().take_continue()) {
                const iovec line{const_cast<char*>(continue_line.data()), continue_line.size()};
                const ssize_t sent = tls_ ? tls_.write({&line, 1})
                                          : ::send(socket_.get(), line.iov_base, line.iov_len, MSG_NOSIGNAL);
                // It may be left out (RFC 9110, 10.1.1), but not cut: what follows would be read as its rest.
                // What TLS could not send, it keeps.
                if (sent < 0 ? tls_ || !would_block(errno)
                             : static_cast<std::size_t>(sent) != continue_line.size())
                    return end();
            }
            if (exchange_->reader().in_body() && !measures_body_) {
                measures_body_ = true;
                measure();
            }
            return;
        }
        measures_body_ = false;
        respond(state);
        if (phase_ == Phase::waiting) [[unlikely]]
            return wait();
        if (!gather() && !write()) return;
        if (!finish()) return;
        state = exchange_->reader().next(begin());
    } while (true);
}

void Connection::respond(RequestReader::State state) noexcept {
    try {
        Request& request = exchange_->request();
        keep_alive_ = state == RequestReader::State::complete && request.keep_alive() &&
                      exchange_->reader().in_step() && ++requests_ < worker_.options().max_requests &&
                      !worker_.draining();
        const Response response =
            state == RequestReader::State::complete
                ? worker_.app().respond(request)
                : worker_.app().refuse(request,
                                       timed_out_ ? Status::request_timeout : exchange_->reader().error());
        if (response.pending() != nullptr) [[unlikely]] {
            exchange_->awaited = response;
            response.pending()->notify(this);
            enter(Phase::waiting);
            return detail::Pending::begin_all(exchange_->request());
        }
        answer(response);
    } catch (...) {
        refuse();
    }
    enter(Phase::writing);
}

void Connection::answer(const Response& response) {
    Request& request = exchange_->request();
    if (ends_with_connection(request, response)) keep_alive_ = false;
    wire_ = write_response(request, response, worker_.date(), keep_alive_);
    if (wire_.stream.active()) wire_.stream.set_host(*this);
}

/// There is an answer, but no memory to write it: in a handler of its exception.
void Connection::refuse() noexcept {
    exchange_->fail(std::current_exception());
    exchange_->request().sent() = {.status = Status::service_unavailable, .head = out_of_memory_head.size()};
    keep_alive_ = false;
    wire_ = {out_of_memory_head, {}};
}

/// The answer is not there yet: those before it leave, and the client may.
void Connection::wait() {
    if (write_text()) watch(EPOLLRDHUP);
}

/// The answer is there, or what followed it is done.
void Connection::on_answered() {
    if (phase_ == Phase::waiting) {
        try {
            keep_alive_ = keep_alive_ && !worker_.draining();
            answer(exchange_->awaited.resolved());
        } catch (...) {
            refuse();
        }
        enter(Phase::writing);
        return send();
    }
    phase_ = Phase::writing;
    watch(EPOLLIN);
    try {
        if (finished()) proceed(exchange_->reader().next(begin()));
    } catch (const std::bad_alloc&) {
        end();
    }
}

/// The response is sent: what follows it is done, and all that belongs to the request is torn down. True: the
/// start of another request is already here. False: it waits for one, or closes.
bool Connection::finish() {
    // A client that waits for the end of the connection does not wait for background tasks.
    if (!keep_alive_) {
        if (tls_) {
            tls_.close();
            watch(EPOLLIN);
        }
        ::shutdown(socket_.get(), SHUT_WR);
    }
    if (exchange_ != nullptr && exchange_->request().does_end_on_pool() && exchange_->has_more_to_do())
        [[unlikely]] {
        enter(Phase::finishing);
        watch(0);
        exchange_->finish_elsewhere(*this);
        return false;
    }
    return finished();
}

/// What follows the response is done as well.
bool Connection::finished() {
    // There is none when it was for its memory that the request failed.
    if (exchange_ != nullptr) {
        exchange_->end(worker_.options().arena_retain);
        sleep_no_more();
        if (exchange_->reader().started()) {
            if (keep_alive_) {
                enter(Phase::reading);
                return true;
            }
            exchange_->reader().clear();
        }
        worker_.keep(std::exchange(exchange_, nullptr));
    }
    if (keep_alive_) {
        enter(Phase::idle);
        // Of a stream that was begun before the server stopped, nobody has said that it is the last answer.
        if (worker_.draining()) drain();
    } else {
        enter(Phase::lingering);
    }
    return false;
}

void Connection::linger() {
    std::array<char, 4096> nobody_reads;
    const ssize_t size = system_call::recv(socket_.get(), nobody_reads);
    if (size < 0 && would_block(errno)) return;
    if (size > 0) discarded_ += static_cast<std::size_t>(size);
    if (size <= 0 || discarded_ > max_discarded) end();
}

void Connection::excuse(std::uint64_t seconds) noexcept {
    if (deadline_ != no_deadline) deadline_ += seconds;
    since_ += seconds;
}

}  // namespace zigmund::http::inline v0
