// ThreadContext: what the allocators know of the calling thread, in one thread-local word away.
#pragma once

#include <zigmund/alloc/heap_calls.hpp>

#include <cstddef>
#include <cstdint>

namespace zigmund::alloc::inline v0::detail {

/// Threads that come and go share a small set of numbers; each number has one living owner. Number 0 is
/// nobody's: a thread that is about to end, or one too many, shares it with others.
inline constexpr std::uint32_t max_threads = 4096;
inline constexpr std::uint32_t shared_thread = 0;

struct Shard;
struct StackMemory;

/// The number of no allocator.
inline constexpr std::uint64_t no_books = UINT64_MAX;

struct ThreadContext {
    std::uint32_t number = shared_thread;
    bool ready = false;
    std::uint64_t books = no_books;  // the number of the allocator that the thread used last,
    Shard* shard = nullptr;          // and the thread's shard of its books
    StackMemory* stacks = nullptr;   // that the thread captured lately; null: not yet
    std::uintptr_t stack_low = 0;    // [low, high) holds the frames of this thread; 0, 0: not known
    std::uintptr_t stack_high = 0;

    /// Not of a stack that the program has made itself, of which nobody knows where it ends.
    [[nodiscard]] bool on_stack(std::uintptr_t address) const noexcept {
        return address - stack_low < stack_high - stack_low;
    }
};

extern constinit thread_local ThreadContext thread_context_storage [[gnu::tls_model("initial-exec")]];

/// Called as one of the last things that a thread with a number does. Null: nothing is.
using ThreadEnd = void (*)() noexcept;
extern constinit ThreadEnd at_thread_end;

/// Gives the thread its number and finds its stack.
[[gnu::cold, gnu::noinline]] void open_thread_context() noexcept;

[[nodiscard]] inline ThreadContext& thread_context() noexcept {
    if (!thread_context_storage.ready) [[unlikely]]
        open_thread_context();
    return thread_context_storage;
}

/// The end of what `stacks` points to.
void forget_stacks(ThreadContext& context) noexcept;

/// Whatever thread samples for `resource` stops it. Nobody may use `resource` at that time.
void end_sampling(const Resource& resource) noexcept;

}  // namespace zigmund::alloc::inline v0::detail
