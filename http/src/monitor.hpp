// Monitor: /metrics, /healthz and /readyz on a port of their own, from a thread of their own.
//
// It answers while the workers that it is asked about are busy, and to the end of their drain.
//
// Threads: start() and stop() one. Memory: that of the App that it watches.
#pragma once

#include <zigmund/http/app.hpp>
#include <zigmund/http/metrics.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include "listening_socket.hpp"
#include "worker.hpp"

namespace zigmund::http::inline v0 {

class Monitor {
  public:
    /// Listens. `stopping`: of the server that it watches. Throws std::system_error, std::bad_alloc.
    Monitor(const App& watched, ListeningSocket socket, const std::atomic<bool>& stopping);
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;
    ~Monitor() { stop(); }

    [[nodiscard]] const SocketAddress& address() const noexcept { return address_; }

    /// Throws std::system_error if the system has no more threads.
    void start() {
        thread_ = std::thread{[this] { worker_.run(); }};
    }
    void stop() {
        if (!thread_.joinable()) return;
        worker_.stop(Worker::Stop::now);
        thread_.join();
    }

  private:
    SocketAddress address_;
    std::optional<Metrics> own_;  ///< of an App without any: it has nothing but the process's figures
    App app_;
    Worker worker_;
    std::thread thread_;
};

}  // namespace zigmund::http::inline v0
