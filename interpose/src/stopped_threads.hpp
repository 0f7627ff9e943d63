// StoppedThreads: the other threads of the process stand still while this lives.
//
// Each gets a signal (SIGPWR, whose handler is replaced meanwhile) and waits in its handler, its registers on
// its stack. One that is inside the allocator goes on until it is out: nobody stands still with a lock of
// ours. One that blocks the signal or does not come to its handler within a second runs on, and is counted:
// what it alone refers to, in a register, may be missed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace zigmund::alloc::inline v0::interpose {

/// The calling thread waits, if it is asked to.
void stand_still_if_asked() noexcept;

class StoppedThreads {
  public:
    /// Waits until they stand still.
    StoppedThreads() noexcept;
    StoppedThreads(const StoppedThreads&) = delete;
    StoppedThreads& operator=(const StoppedThreads&) = delete;
    /// Lets them go on.
    ~StoppedThreads();

    /// Where each stopped thread's stack begins to be in use, 0 of one that runs on; below lies what its
    /// calls left behind.
    [[nodiscard]] std::span<const std::uintptr_t> stacks() const noexcept;
    /// Threads that run on.
    [[nodiscard]] std::size_t running() const noexcept { return running_; }

  private:
    std::size_t running_ = 0;
};

}  // namespace zigmund::alloc::inline v0::interpose
