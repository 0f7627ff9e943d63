// ProcessHeap: the one GeneralPurposeAllocator that a whole program's memory comes from.
//
// It opens itself with the first call, which the dynamic linker makes before any constructor has run. Memory
// that the allocator's own work asks malloc for (names of functions, a thread's attributes), and all that is
// asked for while it opens, comes from a heap beside it that nobody tracks: nothing runs in a circle, and a
// handler of a signal that interrupted the allocator gets memory too. It is never destroyed.
#pragma once

#include <atomic>
#include <cstddef>

#include "options.hpp"
#include "span_heap.hpp"
#include "unsized_access.hpp"

namespace zigmund::alloc::inline v0::interpose {

using detail::Family;

/// Memory that is unique even of 0 bytes. Null: there is none.
[[nodiscard]] void* allocate(std::size_t size, std::size_t align, Family family, const void* frame) noexcept;

/// Gives a block back; null is none. errno stays as it is.
void release(void* p, const UnsizedAccess::Claimed& claimed, const void* frame) noexcept;

/// What realloc() does with a block of the malloc family and a size that is not 0. Null: no memory.
[[nodiscard]] void* reallocate(void* p, std::size_t size, const void* frame) noexcept;

/// Bytes that the program may use of the block; 0: it is none.
[[nodiscard]] std::size_t usable_size(void* p) noexcept;

/// True when the block, which was just allocated, holds zeros already.
[[nodiscard]] bool is_zeroed(const void* p, std::size_t size) noexcept;

/// The calling thread is about to end.
void end_thread() noexcept;

/// While it lives, this thread's memory comes from the heap beside, and it is not stopped.
class Aside {
  public:
    Aside() noexcept : before_{inside_} {
        inside_ = true;
        std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;
    ~Aside() {
        // The handler of the signal that stops looks at the one and sets the other.
        std::atomic_signal_fence(std::memory_order_seq_cst);
        inside_ = before_;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (stop_put_off_ && !before_) [[unlikely]]
            stand_still();
    }

    [[nodiscard]] static bool active() noexcept { return inside_; }
    /// The thread stands still as soon as it is outside.
    static void put_off_stop() noexcept { stop_put_off_ = true; }

  private:
    [[gnu::cold, gnu::noinline]] static void stand_still() noexcept;

    static constinit thread_local bool inside_;
    static constinit thread_local bool stop_put_off_;
    bool before_;
};

// ---- for the check at the end ----

[[nodiscard]] const Options& options() noexcept;
/// Null: the tier is off.
[[nodiscard]] GeneralPurposeAllocator* tracker() noexcept;
[[nodiscard]] const SpanHeap& tracked_memory() noexcept;
[[nodiscard]] const SpanHeap& untracked_memory() noexcept;
/// Errors that were reported since the start.
[[nodiscard]] std::size_t errors() noexcept;
/// From now on an error is told, and the process goes on.
void tell_errors_only() noexcept;
/// The file's name, as reports begin with it.
[[nodiscard]] std::string_view program_name() noexcept;

/// Makes sure that it is open.
void open_process_heap() noexcept;

}  // namespace zigmund::alloc::inline v0::interpose
