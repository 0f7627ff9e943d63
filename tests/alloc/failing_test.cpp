#include <zigmund/alloc/failing.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;
using zigmund::alloc::testing::conforms;

// The indices of `calls` allocations of `size` bytes that fail.
std::vector<std::size_t> failing_ones(const FailingOptions& options, std::size_t calls,
                                      std::size_t size = 8) {
    CheckedUpstream upstream;
    Failing failing{upstream, options};
    std::vector<std::size_t> failed;
    for (std::size_t i = 0; i < calls; ++i) {
        void* const p = failing.try_allocate(size);
        if (p == nullptr) {
            failed.push_back(i);
        } else {
            failing.deallocate(p, size);
        }
    }
    EXPECT_EQ(failing.calls(), calls);
    EXPECT_EQ(failing.failures(), failed.size());
    EXPECT_EQ(upstream.calls(), calls - failed.size());
    return failed;
}

using Indices = std::vector<std::size_t>;

[[gnu::noinline]] void* load_the_cache(Allocator a) {
    void* const p = a.try_allocate(48, 8);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call: the frame must be there
    return p;
}

TEST(Failing, ConformsWhenNothingIsToFail) {
    EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<Failing>(upstream); },
                         {.grows_in_place = true, .remaps = true}));
    EXPECT_TRUE(conforms(
        [](Resource& upstream) {
            return std::make_unique<Failing>(upstream, FailingOptions{.one_in = 3, .seed = 7});
        },
        {.frees = false, .may_refuse = true}));
}

TEST(Failing, FailsOnceAtTheChosenIndex) {
    EXPECT_EQ(failing_ones({}, 6), Indices{});
    EXPECT_EQ(failing_ones({.at = 0}, 6), Indices{0});
    EXPECT_EQ(failing_ones({.at = 3}, 6), Indices{3});
}

TEST(Failing, FailsFromTheChosenIndexOn) {
    EXPECT_EQ(failing_ones({.at = 3, .and_later = true}, 6), (Indices{3, 4, 5}));
}

TEST(Failing, FailsInPairs) { EXPECT_EQ(failing_ones({.at = 1, .and_at = 4}, 6), (Indices{1, 4})); }

TEST(Failing, FailsWhenTheByteBudgetIsSpent) {
    EXPECT_EQ(failing_ones({.byte_budget = 24}, 5, 8), (Indices{3, 4}));
    EXPECT_EQ(failing_ones({.byte_budget = 23}, 5, 8), (Indices{2, 3, 4}));

    CheckedUpstream upstream;
    Failing failing{upstream, {.byte_budget = 24}};
    EXPECT_EQ(failing.try_allocate(25), nullptr);
    void* const p = failing.try_allocate(24);
    EXPECT_NE(p, nullptr);
    EXPECT_EQ(failing.granted_bytes(), 24u);
    failing.deallocate(p, 24);
}

TEST(Failing, TheByteBudgetCountsWhatABlockGrowsBy) {
    CheckedUpstream upstream{CheckedUpstream::Growth::in_place};
    Failing failing{upstream, {.verb = FailingVerb::resize, .byte_budget = 30}};
    void* const p = failing.try_allocate(20);
    EXPECT_FALSE(failing.resize(p, 20, default_align, 31));
    EXPECT_TRUE(failing.resize(p, 20, default_align, 30));
    EXPECT_TRUE(failing.resize(p, 30, default_align, 10));
    EXPECT_FALSE(failing.resize(p, 10, default_align, 11));
    failing.deallocate(p, 10);
}

TEST(Failing, TheSameSeedFailsTheSameCalls) {
    const Indices first = failing_ones({.one_in = 4, .seed = 1}, 1000);
    EXPECT_EQ(failing_ones({.one_in = 4, .seed = 1}, 1000), first);
    EXPECT_NE(failing_ones({.one_in = 4, .seed = 2}, 1000), first);
    EXPECT_GT(first.size(), 200u);
    EXPECT_LT(first.size(), 300u);
}

TEST(Failing, RefusesOnlyTheChosenVerb) {
    CheckedUpstream upstream{CheckedUpstream::Growth::in_place};
    for (const FailingVerb verb : {FailingVerb::allocate, FailingVerb::resize, FailingVerb::remap}) {
        Failing failing{upstream, {.verb = verb, .at = 1, .and_later = true}};
        void* const first = failing.try_allocate(10);
        void* const second = failing.try_allocate(10);
        ASSERT_NE(first, nullptr);
        EXPECT_EQ(second == nullptr, verb == FailingVerb::allocate);
        EXPECT_TRUE(failing.resize(first, 10, default_align, 11));
        EXPECT_EQ(failing.resize(first, 11, default_align, 12), verb != FailingVerb::resize);
        const std::size_t size = verb == FailingVerb::resize ? 11 : 12;
        EXPECT_EQ(failing.remap(first, size, default_align, 13), first);
        EXPECT_EQ(failing.remap(first, 13, default_align, 14) == nullptr, verb == FailingVerb::remap);
        EXPECT_EQ(failing.failures(), 1u);
        EXPECT_EQ(failing.failure()->verb, verb);
        failing.deallocate(first, verb == FailingVerb::remap ? 13 : 14);
        if (second != nullptr) failing.deallocate(second, 10);
    }
    EXPECT_EQ(upstream.violations(), std::vector<std::string>{});
}

TEST(Failing, ThrowsBadAllocWhereTheTryVerbReturnsNull) {
    CheckedUpstream upstream;
    Failing failing{upstream, {.at = 0}};
    EXPECT_THROW((void)failing.allocate(8), std::bad_alloc);
    EXPECT_EQ(upstream.calls(), 0u);
}

TEST(Failing, WhatTheUpstreamRefusesIsNoFailureOfItsOwn) {
    CheckedUpstream upstream;
    upstream.fail_at(0);
    Failing failing{upstream, {.at = 5}};
    EXPECT_EQ(failing.try_allocate(8), nullptr);
    EXPECT_EQ(failing.failures(), 0u);
    EXPECT_EQ(failing.failure(), std::nullopt);
    EXPECT_EQ(failing.granted_bytes(), 0u);
}

TEST(Failing, RemembersTheFirstFailureAndItsStack) {
    CheckedUpstream upstream;
    Failing failing{upstream, {.at = 1, .and_later = true}};
    EXPECT_EQ(failing.failure_stack(), "");
    upstream.deallocate(failing.try_allocate(16), 16);
    EXPECT_EQ(load_the_cache(failing), nullptr);
    EXPECT_EQ(failing.try_allocate(99), nullptr);
    ASSERT_TRUE(failing.failure().has_value());
    EXPECT_EQ(failing.failure()->index, 1u);
    EXPECT_EQ(failing.failure()->size, 48u);
    EXPECT_EQ(failing.failure()->align, 8u);
    EXPECT_EQ(failing.failure()->granted, 16u);
    const std::string stack = failing.failure_stack();
    EXPECT_TRUE(stack.starts_with("    #0 ")) << stack;
    EXPECT_NE(stack.find("load_the_cache"), std::string::npos) << stack;
    EXPECT_LT(stack.find("load_the_cache"), stack.find('\n')) << stack;
}

}  // namespace
