#include "report_turn.hpp"

#include <time.h>
#include <unistd.h>

#include <atomic>

#include "process_books.hpp"

namespace zigmund::alloc::inline v0::detail {
namespace {

constinit std::atomic<pid_t> whose = 0;

}  // namespace

ReportTurn::ReportTurn() noexcept : is_new_{true} {
    const pid_t me = ::gettid();
    constexpr timespec a_while{.tv_sec = 0, .tv_nsec = 1'000'000};
    for (int waits = 0; waits < 2000; ++waits) {
        pid_t before = 0;
        if (whose.compare_exchange_strong(before, me, std::memory_order_acquire)) return;
        if (before == me) {
            is_new_ = false;
            return;
        }
        (void)::nanosleep(&a_while, nullptr);
    }
    whose.store(me, std::memory_order_relaxed);
}

ReportTurn::~ReportTurn() {
    if (is_new_) whose.store(0, std::memory_order_release);
}

void forget_report_turn() noexcept { whose.store(0, std::memory_order_relaxed); }

}  // namespace zigmund::alloc::inline v0::detail
