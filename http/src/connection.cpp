#include "connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <new>
#include <utility>

#include "error_response.hpp"
#include "worker.hpp"

namespace zigmund::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// For the moment when there is no memory to say anything else.
constexpr std::string_view out_of_memory_head =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

// RFC 9112, 9.6: a server that closes while the client still sends must read on for a while, or the client's
// system drops the response that it has not read yet.
constexpr std::size_t max_discarded = std::size_t{64} << 10;
constexpr std::uint64_t linger_seconds = 5;

}  // namespace

Connection::Connection(Worker& worker, Socket socket) noexcept
    : worker_{worker}, socket_{std::move(socket)}, reader_{block_, worker.options().max_body} {}

Connection::~Connection() {
    if (exchange_ == nullptr) return;
    reader_.release();
    worker_.give_back(exchange_);
}

void Connection::start() {
    error_code error;
    socket_.non_blocking(true, error);
    socket_.set_option(asio::ip::tcp::no_delay{true}, error);
    enter(Phase::idle);
    read();
}

void Connection::enter(Phase phase) noexcept {
    phase_ = phase;
    std::uint64_t seconds = linger_seconds;
    const ServeOptions& options = worker_.options();
    switch (phase) {
        case Phase::idle:
            seconds = static_cast<std::uint64_t>(options.idle_timeout.count());
            break;
        case Phase::reading:
            seconds = static_cast<std::uint64_t>(options.request_timeout.count());
            break;
        case Phase::writing:
            seconds = static_cast<std::uint64_t>(options.write_timeout.count());
            break;
        case Phase::lingering:
            break;
    }
    deadline_ = worker_.now() + seconds + 1;  // the clock has seconds: never early
}

void Connection::read() {
    const std::span<char> space = reader_.prepare();
    socket_.async_read_some(
        asio::mutable_buffer{space.data(), space.size()},
        Handler{memory_, [this](const error_code& error, std::size_t size) { on_read(error, size); }});
}

void Connection::on_read(const error_code& error, std::size_t size) {
    if (timed_out_ && phase_ == Phase::reading) {
        respond(RequestReader::State::failed);
        return send();
    }
    if (error) return end();
    if (phase_ == Phase::idle) enter(Phase::reading);
    try {
        if (exchange_ != nullptr) {
            proceed(reader_.commit(size));
        } else {
            exchange_ = worker_.take();
            (void)reader_.commit(size);
            proceed(reader_.next(exchange_->begin()));
        }
    } catch (const std::bad_alloc&) {
        keep_alive_ = false;
        wire_ = {out_of_memory_head, {}};
        enter(Phase::writing);
        send();
    }
}

void Connection::proceed(RequestReader::State state) {
    do {
        if (state == RequestReader::State::need_more) {
            if (!worker_.batch().empty()) {
                reading_ = true;
                if (!write()) return;
                reading_ = false;
                enter(Phase::reading);
            }
            if (reader_.take_continue()) {
                error_code error;
                const std::size_t sent =
                    socket_.write_some(asio::const_buffer{continue_line.data(), continue_line.size()}, error);
                // It may be left out (RFC 9110, 10.1.1), but not cut: what follows would be read as its rest.
                if (sent != continue_line.size() && (sent != 0 || error != asio::error::would_block))
                    return end();
            }
            return read();
        }
        respond(state);
        if (!gather() && !write()) return;
        if (!finish()) return;
        state = reader_.next(exchange_->begin());
    } while (true);
}

/// Whether the response waits for those to the requests behind it.
bool Connection::gather() {
    if (!keep_alive_ || !reader_.followed() || !worker_.batch().append(wire_)) return false;
    wire_ = {};
    return true;
}

/// What is gathered moves from the worker's memory to that of the exchange, to wait there for the client.
bool Connection::keep_gathered() noexcept {
    if (gathered_.empty()) return true;
    try {
        gathered_ = exchange_->arena().allocator().dupe(gathered_);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

void Connection::respond(RequestReader::State state) noexcept {
    try {
        Request& request = exchange_->request();
        keep_alive_ = state == RequestReader::State::complete && request.keep_alive() && !worker_.draining();
        const Response response = state == RequestReader::State::complete ? worker_.app().respond(request)
                                  : timed_out_ ? error_response(Status::request_timeout)
                                               : error_response(reader_.error());
        wire_ = write_response(request, response, worker_.date(), keep_alive_);
    } catch (...) {
        // Only memory can fail here.
        keep_alive_ = false;
        wire_ = {out_of_memory_head, {}};
    }
    enter(Phase::writing);
}

void Connection::send() {
    try {
        if (!write()) return;
        if (std::exchange(reading_, false)) {
            enter(Phase::reading);
            return proceed(RequestReader::State::need_more);
        }
        if (finish()) proceed(reader_.next(exchange_->begin()));
    } catch (const std::bad_alloc&) {
        end();
    }
}

/// Sends what the socket takes, gathered answers first. True: all is sent. False: the rest follows, or the
/// connection is over.
bool Connection::write() {
    const bool waited = !gathered_.empty();
    if (!waited) gathered_ = worker_.batch().take();
    while (!gathered_.empty() || !wire_.head.empty() || !wire_.body.empty()) {
        const std::array<asio::const_buffer, 3> parts{
            asio::const_buffer{gathered_.data(), gathered_.size()},
            asio::const_buffer{wire_.head.data(), wire_.head.size()},
            asio::const_buffer{wire_.body.data(), wire_.body.size()}};
        error_code error;
        std::size_t sent = socket_.write_some(parts, error);
        if (sent != 0) enter(Phase::writing);
        for (std::string_view* const part : {&gathered_, &wire_.head, &wire_.body}) {
            const std::size_t of_part = std::min(sent, part->size());
            part->remove_prefix(of_part);
            sent -= of_part;
        }
        if (error == asio::error::would_block) {
            if (!waited && !keep_gathered()) {
                end();
                return false;
            }
            socket_.async_wait(Socket::wait_write, Handler{memory_, [this](const error_code& failed) {
                                                               if (failed) return end();
                                                               send();
                                                           }});
            return false;
        }
        if (error) {
            end();
            return false;
        }
    }
    return true;
}

/// The response is sent: all that belongs to the request is torn down. True: the start of another request is
/// already here. False: it waits for one, or closes.
bool Connection::finish() {
    reader_.release();
    // There is none when it was for its memory that the request failed.
    if (exchange_ != nullptr) exchange_->end(worker_.options().arena_retain);
    if (keep_alive_ && reader_.started()) {
        enter(Phase::reading);
        return true;
    }
    if (exchange_ != nullptr) worker_.give_back(std::exchange(exchange_, nullptr));
    if (keep_alive_) {
        enter(Phase::idle);
        read();
    } else {
        error_code error;
        socket_.shutdown(Socket::shutdown_send, error);
        enter(Phase::lingering);
        linger();
    }
    return false;
}

void Connection::linger() {
    socket_.async_read_some(
        asio::mutable_buffer{block_.data(), block_.size()},
        Handler{memory_, [this](const error_code& error, std::size_t size) { on_discarded(error, size); }});
}

void Connection::on_discarded(const error_code& error, std::size_t size) {
    discarded_ += size;
    if (error || discarded_ > max_discarded) return end();
    linger();
}

void Connection::tick(std::uint64_t now) {
    if (now < deadline_) return;
    if (phase_ != Phase::reading) return abort();
    timed_out_ = true;  // on_read() answers with 408
    error_code error;
    socket_.cancel(error);
}

void Connection::drain() {
    error_code error;
    if ((phase_ == Phase::idle || phase_ == Phase::lingering) && socket_.available(error) == 0) abort();
}

void Connection::abort() noexcept {
    error_code error;
    socket_.close(error);
}

void Connection::end() noexcept {
    (void)worker_.batch().take();  // what this client was to get must not go to another
    worker_.remove(*this);
}

}  // namespace zigmund::http
