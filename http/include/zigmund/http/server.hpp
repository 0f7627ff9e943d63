// Server: an App on the network.
//
// A worker is a thread with its own event loop, its own listener (SO_REUSEPORT) and its own arenas; workers
// share nothing on the way of a request. App::serve() is a Server with signals; tests and programs with a
// main loop of their own use this one.
//
// Threads: run() blocks its thread and starts the others; stop() may be called from any thread. Memory:
// connections and arenas come from the App's allocator and are back in it when run() returns.
#pragma once

#include <zigmund/http/app.hpp>
#include <zigmund/http/serve_options.hpp>

#include <cstdint>

namespace zigmund::http {

class Server {
  public:
    /// Listens. The App outlives the Server. Throws std::system_error if it cannot listen,
    /// std::invalid_argument "zigmund: host is no IP address: <host>" and what check(ServeOptions) says,
    /// std::bad_alloc.
    Server(App& app, const ServeOptions& options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// The port that it listens on.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// How many threads serve.
    [[nodiscard]] unsigned workers() const noexcept;

    /// Starts the App (App::startup(), whose exceptions pass through), serves until stop(), and shuts the App
    /// down. Once. Throws std::system_error if the system has no more threads.
    void run();

    /// The same, and SIGINT and SIGTERM stop it: the first lets the requests that were begun end, a second
    /// one does not wait.
    void run_until_signal();

    /// No new connections; requests that were begun are answered, idle connections are closed; then run()
    /// returns, after ServeOptions::drain_timeout at the latest. Any thread, any number of times.
    void stop();

    /// stop() without waiting for anybody. Any thread.
    void stop_now();

  private:
    class Implementation;

    App& app_;
    Implementation* implementation_;
};

}  // namespace zigmund::http
