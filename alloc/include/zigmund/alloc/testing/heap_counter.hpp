// heap_calls(): how often this process asked a heap for memory. HeapWatch: how often a piece of code did, and
// from where.
//
// Counted where it cannot be bypassed: zigmund::alloc_heap_counter, linked into an executable, defines malloc
// and its relatives (operator new of the standard library calls them), mimalloc's entry points and mmap
// there, so that every caller in the process, shared libraries included, reaches them first.
//
//     target_link_libraries(my_test PRIVATE zigmund::alloc_heap_counter)
//
//     const std::size_t before = heap_calls();
//     serve_one_request();
//     EXPECT_EQ(heap_calls(), before);
//
// It does not exist under a sanitizer, which puts its own malloc in the same place. A program without it gets
// std::logic_error "zigmund: nothing counts heap calls here: link zigmund::alloc_heap_counter into the
// program (there is none under a sanitizer)".
//
// Threads: any. Cost: two atomic increments for a block; a HeapWatch takes the stack of one call. Never:
// changes what the heap does.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace zigmund::alloc::inline v0::testing {

/// Whether the program has a counter: whether the others do not throw.
ZIGMUND_EXPORT [[nodiscard]] bool counts_heap_calls() noexcept;

/// Calls, of all threads since the process began, that asked malloc or mimalloc for memory: malloc, calloc,
/// realloc, the aligned ones, operator new, heap(), malloc_heap(). A call that is made of others counts once.
/// Failed ones count.
ZIGMUND_EXPORT [[nodiscard]] std::size_t heap_calls();

/// Blocks of these heaps that are live: those that were handed out and not given back.
ZIGMUND_EXPORT [[nodiscard]] std::size_t heap_blocks();

/// Calls of mmap and mremap, pages() and mimalloc's own included. Those inside the C library (its malloc's,
/// its threads' stacks) are not seen.
ZIGMUND_EXPORT [[nodiscard]] std::size_t mmap_calls();

/// The heap calls of one thread between begin() and end().
class ZIGMUND_EXPORT HeapWatch {
  public:
    /// Watches nothing yet.
    HeapWatch();
    HeapWatch(const HeapWatch&) = delete;
    HeapWatch& operator=(const HeapWatch&) = delete;
    ~HeapWatch() { end(); }

    /// From here on the calling thread's calls count, and no other watch's of this thread. May follow an end.
    void begin() noexcept;
    /// By the thread that has begun.
    void end() noexcept;

    /// Calls so far.
    [[nodiscard]] std::size_t calls() const noexcept { return calls_; }
    /// Where the first was made: lines such as `    #0 load(char const*) at cache.cpp:41`, innermost first,
    /// at most `frames` of them and of 32. Empty: there was none. Takes the time of naming code addresses.
    [[nodiscard]] std::string first_stack(unsigned frames = 16) const;

    /// For the counter: there was a call.
    void note(const void* frame) noexcept;

  private:
    static constexpr unsigned most_frames = 32;

    std::size_t calls_ = 0;
    std::array<std::uintptr_t, most_frames> stack_{};
    std::size_t stack_size_ = 0;
    bool watching_ = false;
};

}  // namespace zigmund::alloc::inline v0::testing

namespace zigmund::alloc::inline v0::detail {

/// What alloc_heap_counter gives to the library when the program starts.
struct HeapCounter {
    std::size_t (*calls)() noexcept;
    std::size_t (*blocks)() noexcept;
    std::size_t (*maps)() noexcept;
    void (*set_watch)(testing::HeapWatch* watch) noexcept;  ///< of the calling thread; null: none
};

ZIGMUND_EXPORT extern const HeapCounter* heap_counter;  ///< null: the program has none

}  // namespace zigmund::alloc::inline v0::detail
