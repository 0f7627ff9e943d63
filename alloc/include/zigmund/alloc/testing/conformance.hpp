// check_conformance: does an allocator keep the contract of Resource?
//
// One suite for every Resource, yours included. It drives the allocator through its public verbs, from
// outside, and returns what it did wrong, as text. It knows no test framework: with GoogleTest, write
//
//     #include <zigmund/alloc/testing/gtest.hpp>
//     EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<MyArena>(upstream); },
//                          {.frees = false}));
//
// What it holds against an allocator:
//   - an address that is not aligned as asked: sizes 0 to 2^20 times alignments 1 to 2^16, at varying fill
//     levels, over an upstream whose blocks are aligned exactly as asked and no better;
//   - blocks that overlap, and bytes that change while nobody writes them;
//   - resize or remap that lose or shift the content, that answer "refused" but changed something, or that
//     give room which belongs to another block, in both directions and to and from size 0;
//   - a size that overflows (SIZE_MAX - k, with every alignment) and is granted, or breaks what follows;
//   - allocate() that throws anything but std::bad_alloc, or throws where try_allocate has memory;
//   - anything of the above, or not recovering, when the upstream fails: at every one of its calls in turn,
//     once and for good;
//   - an upstream's block given back with another size or alignment, twice, or never; a write outside of it;
//   - memory that is freed and never used again.
//
// Threads: one, unless `threads` says more. Time: about a second. Reports at most twenty
// violations, of one kind at most three, and how many more there were.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/resource.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace zigmund::alloc::inline v0::testing {

/// What may differ between allocators that all keep the contract. The default is a general-purpose one.
struct ConformanceOptions {
    /// The largest block and the largest alignment that it serves. For a pool: those of its blocks.
    std::size_t max_size = std::size_t{1} << 20;
    std::size_t max_align = std::size_t{1} << 16;
    /// False: deallocate may keep the memory until the allocator is reset or dies (an arena).
    bool frees = true;
    /// True: it may run out (a fixed capacity), so that null is an answer to any size. At least one block
    /// must still be had.
    bool may_refuse = false;
    /// True, together with may_refuse and without frees: it has no memory at all (null_allocator()). That
    /// it serves a request is then the violation.
    bool never_serves = false;
    /// True: it is expected to grow a block in place, or to remap one, at least once; that it never does is
    /// then a violation. Otherwise refusing is always right.
    bool grows_in_place = false;
    bool remaps = false;
    /// Threads that use it at the same time and free each other's blocks. 1: it is for one thread only.
    std::size_t threads = 1;
    /// Of the random sequences. The same seed makes the same calls.
    std::uint64_t seed = 1;
};

/// Makes the allocator to check on top of `upstream`. What it returns is destroyed before the upstream is.
using MakeResource = std::function<std::unique_ptr<Resource>(Resource& upstream)>;

/// Checks an allocator that stands on an upstream: everything above. A fresh one is made for each rule and,
/// for the failures, for each of the upstream's calls. `make` may throw std::bad_alloc when the upstream
/// fails. Returns the violations; empty: it conforms.
ZIGMUND_EXPORT [[nodiscard]] std::vector<std::string> check_conformance(
    const MakeResource& make, const ConformanceOptions& options = {});

/// Checks an allocator that has no upstream (a heap, a buffer of its own): everything but what concerns an
/// upstream. All blocks are given back at the end.
ZIGMUND_EXPORT [[nodiscard]] std::vector<std::string> check_conformance(
    Resource& resource, const ConformanceOptions& options = {});

}  // namespace zigmund::alloc::inline v0::testing
