// heap_calls(): how often this process asked a heap for memory.
//
// Counted where it cannot be bypassed: heap_counter.cpp, linked into an executable, defines malloc and its
// relatives (operator new of the standard library calls them), mimalloc's entry points and mmap there, so
// that every caller in the process, shared libraries included, reaches them first. To opt in, link
// zigmund_heap_counter; in tests: zigmund_tests(... COUNTED name_test.cpp). It does not exist under a
// sanitizer, which puts its own malloc in the same place.
//
//     const std::size_t before = zigmund::support::heap_calls();
//     serve_one_request();
//     EXPECT_EQ(zigmund::support::heap_calls(), before);
//
// Threads: any. Cost: an atomic increment a call.
#pragma once

#include <cstddef>

namespace zigmund::support {

/// Calls, of all threads since the process began, that asked malloc or mimalloc for memory: malloc, calloc,
/// realloc, the aligned ones, operator new, heap(), malloc_heap(). A call that is made of others counts once.
/// Failed ones count.
[[nodiscard]] std::size_t heap_calls() noexcept;

/// Calls of mmap and mremap, pages() and mimalloc's own included. Those inside the C library (its malloc's,
/// its threads' stacks) are not seen.
[[nodiscard]] std::size_t mmap_calls() noexcept;

}  // namespace zigmund::support
