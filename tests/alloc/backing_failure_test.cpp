// A GeneralPurposeAllocator whose backing fails at each call in turn, once or from then on: the same workload
// goes through, every block is accounted for, and nothing is told that is not so.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;

struct Held {
    void* p;
    std::size_t size;
    std::size_t align;
};

/// Allocates, resizes, remaps and frees over sizes and alignments; what is refused is left out.
void work(GeneralPurposeAllocator& gpa) {
    const Allocator a = gpa.allocator();
    std::vector<Held> held;
    std::size_t bytes = 0;
    const auto check = [&] {
        ASSERT_EQ(gpa.live_blocks(), held.size());
        ASSERT_EQ(gpa.live_bytes(), bytes);
    };
    for (const std::size_t align : {1U, 16U, 64U, 4096U}) {
        for (const std::size_t size : {0U, 1U, 64U, 5000U, 300'000U}) {
            void* const p = a.try_allocate(size, align);
            if (p != nullptr) {
                std::memset(p, 0x5A, size);
                held.push_back({p, size, align});
                bytes += size;
            }
            check();
        }
    }
    for (Held& block : held) {
        const std::size_t more = block.size + block.size / 2;
        bool grown = a.resize(block.p, block.size, block.align, more);
        if (!grown) {
            if (void* const moved = a.remap(block.p, block.size, block.align, more); moved != nullptr) {
                block.p = moved;
                grown = true;
            }
        }
        if (grown) {
            bytes += more - block.size;
            block.size = more;
        }
        const auto* const content = static_cast<const unsigned char*>(block.p);
        ASSERT_EQ(std::count(content, content + block.size / 3 * 2, 0x5A),
                  static_cast<std::ptrdiff_t>(block.size / 3 * 2));
        check();
    }
    while (!held.empty()) {
        a.deallocate(held.back().p, held.back().size, held.back().align);
        bytes -= held.back().size;
        held.pop_back();
        check();
    }
}

TEST(BackingFailure, IsSurvivedAtEveryCall) {
    using Growth = CheckedUpstream::Growth;
    for (const Tier tier : {Tier::sampled, Tier::counted, Tier::traced, Tier::guarded}) {
        for (const Growth growth : {Growth::refuses, Growth::in_place, Growth::moves}) {
            std::size_t calls = 1;
            for (std::size_t failing = 0; failing < calls; ++failing) {
                for (const bool and_later : {false, true}) {
                    SCOPED_TRACE("tier " + std::to_string(static_cast<int>(tier)) + ", call " +
                                 std::to_string(failing) + (and_later ? " and all later ones" : ""));
                    CheckedUpstream upstream{growth};
                    std::size_t errors = 0;
                    {
                        GeneralPurposeAllocator gpa{
                            {.tier = tier,
                             .backing = upstream,
                             .fenced_blocks = 4,
                             .sample_interval = 1,
                             .on_error = [](const MemoryError&,
                                            void* told) { ++*static_cast<std::size_t*>(told); },
                             .on_error_context = &errors}};
                        upstream.fail_at(failing, and_later);
                        work(gpa);
                        if (!and_later) calls = std::max(calls, upstream.calls());
                        EXPECT_EQ(gpa.check(), 0U);
                        EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
                    }
                    EXPECT_EQ(errors, 0U);
                    EXPECT_EQ(upstream.live_blocks(), 0U);
                    EXPECT_TRUE(upstream.violations().empty()) << upstream.violations().front();
                    if (HasFailure()) return;
                }
            }
            if (tier == Tier::counted || tier == Tier::traced) {
                EXPECT_GT(calls, 20U);
            }
        }
    }
}

}  // namespace
