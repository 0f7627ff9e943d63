// RunningServer: an App served on a port that the system picked, from a thread of its own, until it goes.
#pragma once

#include <zigmund/http/app.hpp>
#include <zigmund/http/server.hpp>

#include <thread>

namespace zigmund::support {

class RunningServer {
  public:
    explicit RunningServer(http::App& app, http::ServeOptions options = {.workers = 1})
        : server_{app, with_any_port(options)}, thread_{[this] { server_.run(); }} {}
    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;
    /// At once: a server that drains waits for what its idle clients may still say.
    ~RunningServer() {
        server_.stop_now();
        join();
    }

    [[nodiscard]] std::uint16_t port() const noexcept { return server_.port(); }
    [[nodiscard]] http::Server& server() noexcept { return server_; }
    /// Until run() has returned.
    void join() {
        if (thread_.joinable()) thread_.join();
    }

  private:
    static http::ServeOptions with_any_port(http::ServeOptions options) noexcept {
        options.port = 0;
        return options;
    }

    http::Server server_;
    std::thread thread_;
};

}  // namespace zigmund::support
