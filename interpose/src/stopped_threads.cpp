#include "stopped_threads.hpp"

#include <dirent.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include "process_heap.hpp"

namespace zigmund::alloc::inline v0::interpose {
namespace {

constexpr int stop_signal = SIGPWR;
constexpr std::size_t most_threads = 4096;

/// What a thread answers to the signal.
struct Answer {
    pid_t thread;
    std::atomic<bool> given;  // it stands still, or is not asked any more
};

constinit std::array<Answer, most_threads> answers{};
constinit std::array<std::uintptr_t, most_threads> places{};
constinit std::size_t count = 0;
constinit std::atomic<int> released = 0;
struct sigaction handler_before;

void on_stop(int /*signal*/, siginfo_t* /*info*/, void* /*context*/) {
    if (Aside::active()) return Aside::put_off_stop();
    const int keep = errno;
    stand_still_if_asked();
    errno = keep;
}

std::uint64_t milliseconds() noexcept {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

/// False: it is gone.
bool ask(pid_t thread) noexcept {
    Answer& answer = answers[count];
    answer.thread = thread;
    places[count] = 0;
    answer.given.store(false, std::memory_order_relaxed);
    ++count;
    if (::syscall(SYS_tgkill, ::getpid(), thread, stop_signal) == 0) return true;
    --count;
    return false;
}

/// True: the thread stands still.
bool await(Answer& answer, std::uint64_t until) noexcept {
    while (!answer.given.load(std::memory_order_acquire)) {
        (void)::sched_yield();
        const bool gone = ::syscall(SYS_tgkill, ::getpid(), answer.thread, 0) != 0;
        if (!gone && milliseconds() <= until) continue;
        bool expected = false;  // who comes now is not asked any more
        return !answer.given.compare_exchange_strong(expected, true, std::memory_order_acq_rel);
    }
    return true;
}

bool is_known(pid_t thread) noexcept {
    return std::any_of(answers.begin(), answers.begin() + static_cast<std::ptrdiff_t>(count),
                       [&](const Answer& answer) { return answer.thread == thread; });
}

}  // namespace

void stand_still_if_asked() noexcept {
    __builtin_unwind_init();  // all registers that callers may still use are on the stack
    const auto self = static_cast<pid_t>(::syscall(SYS_gettid));
    for (std::size_t i = 0; i < count; ++i) {
        if (answers[i].thread != self) continue;
        places[i] = reinterpret_cast<std::uintptr_t>(__builtin_alloca(64));
        bool expected = false;
        if (!answers[i].given.compare_exchange_strong(expected, true, std::memory_order_acq_rel)) continue;
        while (released.load(std::memory_order_acquire) == 0)
            (void)::syscall(SYS_futex, &released, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
        return;
    }
}

StoppedThreads::StoppedThreads() noexcept {
    struct sigaction action{};
    action.sa_sigaction = on_stop;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    ::sigfillset(&action.sa_mask);
    if (::sigaction(stop_signal, &action, &handler_before) != 0) return;
    const auto self = static_cast<pid_t>(::syscall(SYS_gettid));
    const std::uint64_t until = milliseconds() + 1000;
    // A thread that does not stand still yet may start another. All are asked at once: those that do not
    // would keep a lock busy that one of them needs to get out of the allocator.
    bool overflow = false;
    for (std::size_t awaited = 0;;) {
        DIR* const threads = ::opendir("/proc/self/task");
        if (threads == nullptr) break;
        while (const dirent* const entry = ::readdir(threads)) {
            const auto thread = static_cast<pid_t>(std::atoi(entry->d_name));
            if (thread <= 0 || thread == self || is_known(thread)) continue;
            if (count < most_threads) {
                (void)ask(thread);
            } else {
                overflow = true;
            }
        }
        ::closedir(threads);
        if (awaited == count) break;
        for (; awaited < count; ++awaited) {
            if (await(answers[awaited], until)) continue;
            places[awaited] = 0;
            if (::syscall(SYS_tgkill, ::getpid(), answers[awaited].thread, 0) == 0) ++running_;
        }
    }
    running_ += overflow ? 1U : 0U;
}

StoppedThreads::~StoppedThreads() {
    released.store(1, std::memory_order_release);
    (void)::syscall(SYS_futex, &released, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
    (void)::sigaction(stop_signal, &handler_before, nullptr);
}

std::span<const std::uintptr_t> StoppedThreads::stacks() const noexcept { return {places.data(), count}; }

}  // namespace zigmund::alloc::inline v0::interpose
