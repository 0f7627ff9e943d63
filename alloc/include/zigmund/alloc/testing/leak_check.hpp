// A leak check for each test, in any test framework: two functions.
//
//     begin_leak_check("Cache.Evicts");
//     run_the_test(test_allocator());
//     const std::string leaks = end_leak_check();     // empty, or which blocks, with the stacks that made
//     them
//
// With GoogleTest, <zigmund/alloc/testing/gtest.hpp> has a fixture that does it, and a main that does it for
// all tests.
//
// Between the two, test_allocator() and std::pmr's default resource are a fresh GeneralPurposeAllocator: what
// the test takes from them it must give back before the end, and misuse (double free, overflow, wrong size)
// ends the program with a report. What the framework and the libraries keep for themselves comes from
// elsewhere (new, malloc) and is not blamed on the test; what the test makes on purpose for the whole
// program, such as a static that is initialised when first used, goes into a LeakCheckPause.
//
// Threads: the memory, any; begin and end, one at a time, while no other thread allocates. Cost: that of a
// GeneralPurposeAllocator, and one lock. Never: replaces new or malloc.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

#include <string>
#include <string_view>

namespace zigmund::alloc::inline v0::testing {

/// A test begins: from here on what it allocates is its own. `name` begins the report. A begin inside
/// another one changes nothing; only the outermost end reports.
ZIGMUND_EXPORT void begin_leak_check(std::string_view name);

/// The test has ended. Returns the report about the blocks that are still live, and frees them; empty: there
/// are none. It begins with `zigmund: NAME: leak: 24 bytes in 1 block from 1 call site`. std::pmr's default
/// resource is again what it was. Giving such a block back later is ignored.
ZIGMUND_EXPORT [[nodiscard]] std::string end_leak_check();

/// The allocator of the running test. The same value at all times: outside of a test, and in a pause, what it
/// gives is not checked. Such blocks live on and may be given back whenever.
ZIGMUND_EXPORT [[nodiscard]] Allocator test_allocator() noexcept;

/// While one lives, on this thread, what test_allocator() gives belongs to the program and not to the test.
class ZIGMUND_EXPORT LeakCheckPause {
  public:
    /// The pause begins, for the thread that makes it. Pauses may nest.
    LeakCheckPause() noexcept;
    LeakCheckPause(const LeakCheckPause&) = delete;
    LeakCheckPause& operator=(const LeakCheckPause&) = delete;
    /// The pause ends.
    ~LeakCheckPause();
};

}  // namespace zigmund::alloc::inline v0::testing
