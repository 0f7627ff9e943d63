#include <zigmund/alloc/null_allocator.hpp>
#include <zigmund/alloc/stack_fallback.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "random_verbs.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;
using zigmund::alloc::testing::conforms;
using zigmund::alloc::testing::RandomVerbs;

TEST(StackFallback, Conforms) {
    EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<StackFallback<1000>>(upstream); },
                         {.grows_in_place = true, .remaps = true}));
    EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<StackFallback<1>>(upstream); },
                         {.grows_in_place = true, .remaps = true}));
}

TEST(StackFallback, TouchesTheUpstreamOnlyForWhatDoesNotFit) {
    CheckedUpstream upstream;
    StackFallback<256> memory{upstream};
    void* a = memory.allocate(256, 16);
    EXPECT_TRUE(memory.in_buffer(a));
    EXPECT_EQ(upstream.calls(), 0u);
    void* b = memory.allocate(1, 1);
    EXPECT_FALSE(memory.in_buffer(b));
    EXPECT_EQ(upstream.live_bytes(), 1u);
    memory.deallocate(a, 256, 16);
    void* c = memory.try_allocate(200, 1);
    EXPECT_EQ(c, a);
    memory.deallocate(b, 1, 1);
    EXPECT_EQ(upstream.live_blocks(), 0u);
    memory.deallocate(c, 200, 1);
}

TEST(StackFallback, EmptyBlocksGoBackToWhoeverGaveThemAtEveryFillLevel) {
    CheckedUpstream upstream;
    StackFallback<64> memory{upstream};
    std::vector<void*> blocks;
    for (int i = 0; i < 66; ++i) {
        void* empty = memory.allocate(0, 1);
        memory.deallocate(empty, 0, 1);
        blocks.push_back(memory.allocate(1, 1));
    }
    for (void* p : blocks) memory.deallocate(p, 1, 1);
    EXPECT_EQ(upstream.live_blocks(), 0u);
    EXPECT_TRUE(upstream.violations().empty());
}

TEST(StackFallback, ABlockThatOutgrowsTheBufferIsCopiedByTheCaller) {
    CheckedUpstream upstream;
    StackFallback<128> memory{upstream};
    void* p = memory.allocate(100, 1);
    EXPECT_TRUE(memory.resize(p, 100, 1, 128));
    EXPECT_FALSE(memory.resize(p, 128, 1, 129));
    EXPECT_EQ(memory.remap(p, 128, 1, 129), nullptr);
    EXPECT_EQ(upstream.calls(), 0u);
    memory.deallocate(p, 128, 1);
}

TEST(StackFallback, BlocksOfTheUpstreamAreResizedAndRemappedThere) {
    CheckedUpstream upstream{CheckedUpstream::Growth::moves};
    StackFallback<16> memory{upstream};
    void* p = memory.allocate(100, 8);
    EXPECT_FALSE(memory.resize(p, 100, 8, 150));
    void* moved = memory.remap(p, 100, 8, 150);
    ASSERT_NE(moved, nullptr);
    EXPECT_NE(moved, p);
    EXPECT_EQ(upstream.live_bytes(), 150u);
    memory.deallocate(moved, 150, 8);
    EXPECT_TRUE(upstream.violations().empty());
}

TEST(StackFallback, RefusesWhatNeitherHas) {
    StackFallback<64> memory{null_allocator()};
    EXPECT_EQ(memory.try_allocate(65, 1), nullptr);
    EXPECT_THROW((void)memory.allocate(65, 1), std::bad_alloc);
    for (std::size_t k = 0; k < 200; ++k) EXPECT_EQ(memory.try_allocate(SIZE_MAX - k, 1), nullptr);
    void* p = memory.try_allocate(64, 1);
    EXPECT_NE(p, nullptr);
    memory.deallocate(p, 64, 1);
}

TEST(StackFallback, AGrowingStringStaysInTheBufferWhileItFits) {
    StackFallback<1024> memory{null_allocator()};
    std::pmr::string text{memory.allocator()};
    for (int i = 0; i < 250; ++i) text.push_back('x');
    EXPECT_TRUE(memory.in_buffer(text.data()));
}

TEST(StackFallback, RandomVerbsAgreeWithAModel) {
    CheckedUpstream upstream{CheckedUpstream::Growth::moves};
    StackFallback<2000> memory{upstream};
    RandomVerbs verbs;
    verbs.check = [&](const RandomVerbs::Live& live) {
        ASSERT_LE(upstream.live_blocks(), live.blocks);
        ASSERT_LE(upstream.live_bytes(), live.bytes);
        ASSERT_GE(upstream.live_bytes() + 2000, live.bytes);
    };
    verbs.run(memory);
    EXPECT_EQ(memory.bytes_used(), 0u);
    EXPECT_EQ(upstream.live_blocks(), 0u);
    EXPECT_TRUE(upstream.violations().empty());
}

TEST(NullAllocator, Conforms) {
    EXPECT_TRUE(conforms(null_allocator().resource(),
                         {.frees = false, .may_refuse = true, .never_serves = true, .threads = 4}));
}

TEST(NullAllocator, RefusesEverythingEvenNothing) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, SIZE_MAX}) {
        EXPECT_EQ(null_allocator().try_allocate(size, 1), nullptr);
        EXPECT_THROW((void)null_allocator().allocate(size), std::bad_alloc);
    }
    EXPECT_EQ(null_allocator().try_create<int>(1), std::unexpected(Error::out_of_memory));
}

}  // namespace
