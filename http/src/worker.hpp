// Worker: a thread's event loop, its listener, its connections and its arenas.
//
// Nothing in here is shared: the kernel spreads connections over the workers' listeners (SO_REUSEPORT).
//
// Threads: run() makes the calling thread the worker's; stop() may be called from any. Memory: the App's
// allocator, but for what Asio keeps of a socket.
#pragma once

#include <zigmund/http/app.hpp>
#include <zigmund/http/serve_options.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "connection.hpp"
#include "exchange.hpp"
#include "handler_memory.hpp"
#include "output_batch.hpp"
#include "wire_response.hpp"

namespace zigmund::http {

class Worker {
  public:
    enum class Stop : bool { drain, now };

    /// Listens at `address`, together with other workers. Throws boost::system::system_error.
    Worker(const App& app, const ServeOptions& options, const boost::asio::ip::tcp::endpoint& address);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    [[nodiscard]] boost::asio::ip::tcp::endpoint address() const { return acceptor_.local_endpoint(); }

    /// Serves until stop(), and until no connection is left.
    void run();
    void stop(Stop how);

    // What a connection needs.
    [[nodiscard]] const App& app() const noexcept { return app_; }
    [[nodiscard]] const ServeOptions& options() const noexcept { return options_; }
    [[nodiscard]] const HttpDate& date() const noexcept { return date_; }
    /// Answers of the connection that is being served.
    [[nodiscard]] OutputBatch& batch() noexcept { return batch_; }
    /// Seconds since the worker began.
    [[nodiscard]] std::uint64_t now() const noexcept { return now_; }
    [[nodiscard]] bool draining() const noexcept { return draining_; }
    /// An exchange for a request; a warm one if there is one. Throws std::bad_alloc.
    [[nodiscard]] Exchange* take();
    /// Takes it back, with what its arena may keep.
    void give_back(Exchange* exchange) noexcept;
    /// Destroys a connection.
    void remove(Connection& connection) noexcept;

  private:
    using Executor = boost::asio::io_context::executor_type;
    using Clock = std::chrono::steady_clock;

    void accept();
    void on_accept(const boost::system::error_code& error, Connection::Socket socket);
    void adopt(Connection::Socket socket);
    void wait_for_tick();
    void on_tick();
    void begin_stop(Stop how);
    void end_if_idle();

    template <class F>
    void for_each_connection(F&& f);

    const App& app_;
    ServeOptions options_;
    boost::asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};  // posted to by others, run by one
    boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor> acceptor_{io_};
    boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor> timer_{io_};
    HandlerMemory accept_memory_;
    HandlerMemory timer_memory_;
    HttpDate date_;
    OutputBatch batch_;
    std::uint64_t now_ = 0;
    std::uint64_t drain_deadline_ = 0;
    Clock::time_point start_ = Clock::now();
    Connection* connections_ = nullptr;
    std::size_t connection_count_ = 0;
    Exchange* free_exchanges_ = nullptr;
    bool accepting_ = false;
    bool draining_ = false;
};

}  // namespace zigmund::http
