// SpinLock: for sections of a few instructions that must not allocate and must survive fork().
#pragma once

#include <sched.h>

#include <atomic>

namespace zigmund::alloc::inline v0::detail {

class SpinLock {
  public:
    void lock() noexcept {
        for (unsigned tries = 0; flag_.exchange(true, std::memory_order_acquire); ++tries) {
            while (flag_.load(std::memory_order_relaxed)) {
                if (++tries % 64 == 0) (void)::sched_yield();
            }
        }
    }
    /// True: it is locked now.
    [[nodiscard]] bool try_lock() noexcept { return !flag_.exchange(true, std::memory_order_acquire); }
    void unlock() noexcept { flag_.store(false, std::memory_order_release); }

  private:
    std::atomic<bool> flag_ = false;
};

class SpinGuard {
  public:
    explicit SpinGuard(SpinLock& lock) noexcept : lock_{lock} { lock_.lock(); }
    SpinGuard(const SpinGuard&) = delete;
    SpinGuard& operator=(const SpinGuard&) = delete;
    ~SpinGuard() { lock_.unlock(); }

  private:
    SpinLock& lock_;
};

/// Locks only if `shared`.
class OptionalSpinGuard {
  public:
    OptionalSpinGuard(SpinLock& lock, bool shared) noexcept : lock_{shared ? &lock : nullptr} {
        if (lock_ != nullptr) [[unlikely]]
            lock_->lock();
    }
    OptionalSpinGuard(const OptionalSpinGuard&) = delete;
    OptionalSpinGuard& operator=(const OptionalSpinGuard&) = delete;
    ~OptionalSpinGuard() {
        if (lock_ != nullptr) [[unlikely]]
            lock_->unlock();
    }

  private:
    SpinLock* lock_;
};

}  // namespace zigmund::alloc::inline v0::detail
