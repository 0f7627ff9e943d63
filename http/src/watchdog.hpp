// Watchdog: whether all workers come back to their loops, told to a service manager that restarts those that hang
// (systemd's WatchdogSec=).
//
// At each interval it wakes every worker; at the next one, those that have not come back since, and have not ended, hang: then nothing
// is sent, and a line says which. A handler that is to take longer than that is blocking().
//
// Threads: its io_context's; workers write a number that it reads. Cost: a wake-up a worker and interval.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "worker.hpp"

namespace zigmund::http::inline v0 {

class Watchdog {
  public:
    /// `workers` outlives it.
    Watchdog(boost::asio::io_context& io, std::span<Worker* const> workers,
             std::chrono::microseconds interval);
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

  private:
    void wait();
    void look();

    std::span<Worker* const> workers_;
    std::vector<std::uint64_t> turns_;  ///< of each worker, when it was woken
    std::chrono::microseconds interval_;
    boost::asio::steady_timer timer_;
    bool hangs_ = false;
};

}  // namespace zigmund::http::inline v0
