// Reachability: which live blocks the program can still get at, and which are lost.
//
// Any aligned word that points into a block keeps it: a conservative search, as LeakSanitizer and Valgrind do
// one. It begins at all memory that the process may write but the allocator's own: the data of its libraries,
// stacks, thread-local memory, pages that it mapped itself; then it goes from block to block. Of a stack,
// only what is in use counts, and at the end of the program nothing of the functions that end it.
//
// A lost block that another lost block points to is told with that one: whoever frees the first could free
// it. Of a ring of lost blocks the one at the lowest address stands for the others.
//
// Threads: the others stand still. Cost: reads all writable memory that was ever touched.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "stopped_threads.hpp"
#include "unsized_access.hpp"

namespace zigmund::alloc::inline v0::interpose {

/// How the process ends, which says what of this thread's stack is in use.
struct EndOfStack {
    std::uintptr_t begin;                       ///< the lowest address in use
    std::array<std::uintptr_t, 6> registers{};  ///< those that a function's caller may still use
};
/// That of the function which called exit() or its like: the C library's frames and this library's are over.
[[nodiscard]] EndOfStack end_of_stack() noexcept;

struct Reachability {
    std::span<UnsizedAccess::Lost> lost;       ///< those that no other lost block holds
    std::span<UnsizedAccess::Lost> reachable;  ///< the others, each for itself
    std::size_t reachable_bytes = 0;
    std::size_t running = 0;  ///< threads that did not stand still
    bool complete = false;    ///< false: there was no memory for the search, or it was not allowed to read
};

/// The spans live as long as the process.
[[nodiscard]] Reachability find_reachable(const GeneralPurposeAllocator& of, const EndOfStack& end,
                                          const StoppedThreads& others) noexcept;

}  // namespace zigmund::alloc::inline v0::interpose
