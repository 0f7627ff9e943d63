#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/limit.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "random_verbs.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;
using zigmund::alloc::testing::conforms;
using zigmund::alloc::testing::RandomVerbs;

TEST(Limit, Conforms) {
    EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<Limit>(upstream, LimitOptions{}); },
                         {.grows_in_place = true, .remaps = true}));
}

TEST(Limit, GrantsTheLastByteAndRefusesTheNextWithoutAskingTheUpstream) {
    CheckedUpstream upstream;
    Limit limit{upstream, {.limit = 100}};
    void* p = limit.try_allocate(100, 1);
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(limit.bytes_left(), 0u);
    EXPECT_EQ(limit.try_allocate(1, 1), nullptr);
    EXPECT_THROW((void)limit.allocate(1, 1), std::bad_alloc);
    EXPECT_EQ(upstream.calls(), 1u);
    EXPECT_EQ(limit.refusals(), 2u);
    void* empty = limit.try_allocate(0, 1);
    EXPECT_NE(empty, nullptr);
    limit.deallocate(empty, 0, 1);
    limit.deallocate(p, 100, 1);
    EXPECT_EQ(limit.bytes_used(), 0u);
}

TEST(Limit, CountsNothingThatTheUpstreamRefused) {
    CheckedUpstream upstream{CheckedUpstream::Growth::in_place};
    Limit limit{upstream, {.limit = 1000}};
    void* p = limit.allocate(10, 1);
    upstream.fail_at(upstream.calls(), true);
    EXPECT_EQ(limit.try_allocate(20, 1), nullptr);
    EXPECT_FALSE(limit.resize(p, 10, 1, 15));
    EXPECT_EQ(limit.remap(p, 10, 1, 15), nullptr);
    EXPECT_FALSE(limit.resize(p, 10, 1, 5));
    EXPECT_EQ(limit.bytes_used(), 10u);
    EXPECT_EQ(limit.refusals(), 0u);
    limit.deallocate(p, 10, 1);
    EXPECT_EQ(limit.bytes_used(), 0u);
}

TEST(Limit, SizesNearTheEndOfTheAddressSpaceAreRefusedAndNeverWrap) {
    Limit limit{heap(), {.limit = SIZE_MAX - 20}};
    void* p = limit.allocate(100, 1);
    for (std::size_t k = 0; k < 64; ++k) {
        EXPECT_EQ(limit.try_allocate(SIZE_MAX - k, 1), nullptr);
        EXPECT_FALSE(limit.resize(p, 100, 1, SIZE_MAX - k));
        EXPECT_EQ(limit.remap(p, 100, 1, SIZE_MAX - k), nullptr);
    }
    EXPECT_EQ(limit.bytes_used(), 100u);
    limit.deallocate(p, 100, 1);
}

TEST(Limit, ShrinkingAndFreeingNeverUnderflowAndTheCountReturnsToZero) {
    CheckedUpstream upstream{CheckedUpstream::Growth::moves};
    Limit limit{upstream, {.limit = 3000}};
    RandomVerbs verbs;
    verbs.check = [&](const RandomVerbs::Live& live) {
        ASSERT_EQ(limit.bytes_used(), live.bytes);
        ASSERT_LE(limit.bytes_used(), limit.limit());
    };
    verbs.run(limit);
    EXPECT_GT(limit.refusals(), 0u);
    EXPECT_EQ(upstream.live_blocks(), 0u);
    EXPECT_TRUE(upstream.violations().empty());
}

TEST(Limit, OverAnArenaCountsWhatItsUsersHold) {
    Arena arena;
    Limit limit{arena, {.limit = 3000}};
    RandomVerbs verbs;
    verbs.check = [&](const RandomVerbs::Live& live) { ASSERT_EQ(limit.bytes_used(), live.bytes); };
    verbs.run(limit);
}

TEST(Limit, UnderAnArenaStopsItsGrowthAsAnError) {
    Limit limit{heap(), {.limit = 64 << 10}};
    {
        Arena arena{limit};
        std::size_t granted = 0;
        while (arena.try_allocate(1000) != nullptr) granted += 1000;
        EXPECT_GT(granted, std::size_t{32} << 10);
        EXPECT_LE(limit.bytes_used(), limit.limit());
    }
    EXPECT_EQ(limit.bytes_used(), 0u);
}

TEST(Limit, ALoweredLimitTakesNothingBackAndRefusesGrowth) {
    Limit limit{heap(), {.limit = 100}};
    void* p = limit.allocate(80, 1);
    limit.set_limit(50);
    EXPECT_EQ(limit.bytes_left(), 0u);
    EXPECT_EQ(limit.try_allocate(1, 1), nullptr);
    EXPECT_FALSE(limit.resize(p, 80, 1, 81));
    limit.deallocate(p, 80, 1);
    EXPECT_EQ(limit.bytes_left(), 50u);
}

TEST(Limit, TellsOnceEachTimeTheSoftLimitIsCrossed) {
    CheckedUpstream upstream{CheckedUpstream::Growth::in_place};
    std::vector<std::size_t> told;
    Limit limit{upstream, {.limit = 200, .soft_limit = 100, .on_soft_limit = [&](const Limit& at) {
                               told.push_back(at.bytes_used());
                           }}};
    void* a = limit.allocate(100, 1);
    EXPECT_TRUE(told.empty());
    void* b = limit.allocate(1, 1);
    void* c = limit.allocate(50, 1);
    EXPECT_EQ(told, std::vector<std::size_t>{101});
    limit.deallocate(c, 50, 1);
    limit.deallocate(b, 1, 1);
    EXPECT_TRUE(limit.resize(a, 100, 1, 120));
    EXPECT_EQ(told, (std::vector<std::size_t>{101, 120}));
    limit.deallocate(a, 120, 1);
    EXPECT_EQ(told.size(), 2u);
}

TEST(Limit, TheSoftLimitsCallbackMayAllocateFromTheLimit) {
    void* spare = nullptr;
    Limit limit{heap(), {.limit = 200, .soft_limit = 100, .on_soft_limit = [&](const Limit& at) {
                             spare = const_cast<Limit&>(at).try_allocate(10, 1);
                         }}};
    void* p = limit.allocate(150, 1);
    ASSERT_NE(spare, nullptr);
    EXPECT_EQ(limit.bytes_used(), 160u);
    limit.deallocate(spare, 10, 1);
    limit.deallocate(p, 150, 1);
    EXPECT_EQ(limit.bytes_used(), 0u);
}

}  // namespace
