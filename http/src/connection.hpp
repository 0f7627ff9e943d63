// Connection: one client, from accept to close.
//
// It reads into its own block, serves one request after the other, and sends each response from where it was
// made: head and body leave in one call. Short answers to pipelined requests are gathered and leave together,
// when no further request is whole. There is one pending operation at any time, so that its memory is a
// slot in here, and closing the socket is all it takes to end a connection in any state.
//
// Threads: its worker's. Memory: itself; what a request needs is the worker's Exchange, held while one is
// served.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "exchange.hpp"
#include "handler_memory.hpp"
#include "request_reader.hpp"
#include "wire_response.hpp"

namespace zigmund::http {

class Worker;

class Connection {
  public:
    using Socket =
        boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

    Connection(Worker& worker, Socket socket) noexcept;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Begins to serve; the Connection destroys itself when it is over.
    void start();

    /// Called once a second: `now` in the worker's seconds.
    void tick(std::uint64_t now);

    /// The server drains: closes the connection if no request was begun; a request that was is answered
    /// first.
    void drain();

    /// Ends it now, whatever it does.
    void abort() noexcept;

    // The worker's list.
    Connection* previous = nullptr;
    Connection* following = nullptr;

  private:
    enum class Phase : std::uint8_t { idle, reading, writing, lingering };

    void read();
    void on_read(const boost::system::error_code& error, std::size_t size);
    void proceed(RequestReader::State state);
    void respond(RequestReader::State state) noexcept;
    bool gather();
    bool keep_gathered() noexcept;
    void send();
    bool write();
    bool finish();
    void linger();
    void on_discarded(const boost::system::error_code& error, std::size_t size);
    void enter(Phase phase) noexcept;
    void end() noexcept;

    Worker& worker_;
    Socket socket_;
    HandlerMemory memory_;
    std::uint64_t deadline_ = 0;
    std::size_t discarded_ = 0;
    Exchange* exchange_ = nullptr;
    std::string_view gathered_;  ///< what is sent before wire_
    WireResponse wire_;
    Phase phase_ = Phase::idle;
    bool keep_alive_ = true;
    bool timed_out_ = false;
    bool reading_ = false;  ///< after the gathered answers, the rest of a request is read
    RequestReader reader_;
    std::array<char, RequestReader::block_size> block_;
};

}  // namespace zigmund::http
