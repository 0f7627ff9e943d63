#include "watchdog.hpp"

#include <cstdio>

#include "service_manager.hpp"

namespace zigmund::http::inline v0 {

Watchdog::Watchdog(boost::asio::io_context& io, std::span<Worker* const> workers,
                   std::chrono::microseconds interval)
    : workers_{workers}, turns_(workers.size()), interval_{interval}, timer_{io} {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        turns_[i] = workers_[i]->turns();
        workers_[i]->wake();
    }
    wait();
}

void Watchdog::wait() {
    timer_.expires_after(interval_);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) look();
    });
}

void Watchdog::look() {
    std::size_t hanging = workers_.size();
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        const std::uint64_t turns = workers_[i]->turns();
        if (turns == turns_[i] && !workers_[i]->ended()) hanging = i;
        turns_[i] = turns;
        workers_[i]->wake();
    }
    const bool hangs = hanging != workers_.size();
    if (!hangs) notify_service_manager("WATCHDOG=1");
    if (hangs && !hangs_) {
        std::fprintf(
            stderr,
            "zigmund: worker %zu has not come back to its loop for %lld ms: the watchdog is not told that "
            "all is well\n",
            hanging, static_cast<long long>(interval_ / std::chrono::milliseconds{1}));
    }
    hangs_ = hangs;
    wait();
}

}  // namespace zigmund::http::inline v0
