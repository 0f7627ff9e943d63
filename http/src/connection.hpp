// Connection: one client, from accept to close.
//
// It serves one request after the other and sends each response from where it was made: head and body leave
// in one call. Short answers to pipelined requests are gathered and leave together, when no further request
// is whole. Between two requests it holds no memory but itself.
//
// Threads: its worker's. Memory: itself; what a request needs is the worker's Exchange, held from the first
// byte of a request to the last of its response.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "event_loop.hpp"
#include "exchange.hpp"
#include "file_descriptor.hpp"
#include "request_reader.hpp"
#include "tls_stream.hpp"
#include "wake_target.hpp"
#include "wire_response.hpp"

namespace zigmund::http::inline v0 {

class Worker;

class Connection final : public EventHandler,
                         private detail::Pending::Owner,
                         private detail::WakeHost,
                         private detail::WakeTarget::Sleeper {
  public:
    /// The socket does not block. The Connection destroys itself when it is over.
    Connection(Worker& worker, FileDescriptor socket, const Client& client) noexcept;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// The loop watches its socket for input from now on. False: the system has no memory for that.
    [[nodiscard]] bool start() noexcept;
    /// Instead: the client is told that there is no room. It may be over then.
    void turn_away() noexcept;

    void on_events(std::uint32_t events) override;

    /// Called once a second: `now` in the worker's seconds.
    void tick(std::uint64_t now);
    /// So many seconds do not count, because nobody looked.
    void excuse(std::uint64_t seconds) noexcept;

    /// The server drains: a request that was begun is answered, one that is on its way has two seconds to
    /// come, and then the connection is closed.
    void drain();

    /// Destroys it, whatever it does.
    void end() noexcept;

    // The worker's list.
    Connection* previous = nullptr;
    Connection* following = nullptr;

    /// `waiting`: the answer is not there yet; `producing`: a stream has nothing to send yet; `finishing`:
    /// what follows the response is done by another thread.
    enum class Phase : std::uint8_t {
        handshaking,
        idle,
        reading,
        waiting,
        writing,
        producing,
        finishing,
        lingering
    };
    [[nodiscard]] Phase phase() const noexcept { return phase_; }

  private:
    [[gnu::cold]] void shake_hands();
    [[gnu::cold]] ssize_t read_encrypted(std::span<char> space) noexcept;
    void read();
    [[gnu::always_inline]] Request& begin() noexcept {
        Request& request = exchange_->begin(&client_);
        if (tls_) [[unlikely]]
            request.set_secure(true);
        return request;
    }
    void proceed(RequestReader::State state);
    void respond(RequestReader::State state) noexcept;
    void answer(const Response& response);
    void refuse() noexcept;
    void wait();
    void on_answered() override;
    bool gather();
    bool keep_gathered() noexcept;
    void send();
    bool write();
    bool write_text();
    bool produce();
    bool send_file();
    bool finish();
    bool finished();
    std::shared_ptr<detail::WakeTarget> wake_target() override;
    void on_wake() override;
    void sleep_no_more() noexcept;
    void refuse_without_memory();
    void give_back() noexcept;
    void linger();
    void enter(Phase phase) noexcept;
    void watch(std::uint32_t events) noexcept;
    void measure() noexcept;
    void await_client() noexcept;
    [[nodiscard]] bool is_too_slow(std::uint64_t now) const noexcept;
    [[nodiscard]] bool has_input() const noexcept;

    Worker& worker_;
    FileDescriptor socket_;
    TlsStream tls_;  ///< null: there is no TLS
    std::uint64_t deadline_ = 0;
    Exchange* exchange_ = nullptr;
    Client client_;
    std::shared_ptr<detail::WakeTarget> wake_target_;  ///< null: the stream has no waker
    std::string_view gathered_;                        ///< what is sent before wire_
    WireResponse wire_;
    std::size_t discarded_ = 0;
    std::uint64_t since_ = 0;  ///< when the client began to send a body, or to keep a response waiting
    std::uint64_t moved_ = 0;  ///< bytes since then
    std::size_t requests_ = 0;
    std::uint32_t watched_ = 0;
    Phase phase_ = Phase::idle;
    bool keep_alive_ = true;
    bool timed_out_ = false;
    bool measures_body_ = false;
    bool partly_read_ = false;  ///< after the gathered answers, the rest of a request is read
};

}  // namespace zigmund::http::inline v0
