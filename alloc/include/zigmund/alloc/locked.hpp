// Locked: any resource, made safe for several threads by one mutex.
//
//     Arena arena;
//     Locked shared{arena};              // hand out shared, and never arena itself, while threads run
//
// Decorators and arenas of this toolkit are for one thread, and pay for no more; put Locked on top of the
// stack of them, not between. Threads: any, at the same time, if every access goes through it; whether a
// block may be freed by another thread than its maker's is then no question any more. Cost: an uncontended
// lock and unlock a verb; the lock is held while the upstream works. Never: allocates on its own account.
#pragma once

#include <zigmund/alloc/allocator.hpp>

#include <mutex>

namespace zigmund::alloc::inline v0 {

class Locked final : public Resource {
  public:
    /// Guards `upstream`, which must outlive it.
    explicit Locked(Allocator upstream) noexcept : upstream_{upstream} {}

    /// The value to pass around. It must not outlive this.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

  private:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        const std::scoped_lock lock{mutex_};
        return upstream_.try_allocate(size, align);
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        const std::scoped_lock lock{mutex_};
        upstream_.deallocate(p, size, align);
    }
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        const std::scoped_lock lock{mutex_};
        return upstream_.resize(p, old_size, align, new_size);
    }
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        const std::scoped_lock lock{mutex_};
        return upstream_.remap(p, old_size, align, new_size);
    }

    std::mutex mutex_;
    Allocator upstream_;
};

}  // namespace zigmund::alloc::inline v0
