#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <string>
#include <vector>

#include "arena_upstream.hpp"

namespace {

using namespace zigmund::alloc;
using arena_test::Upstream;

// Allocates until the chunk is full, so that what comes next is recycled or opens another. (Blocks of a byte
// leave the freed ones alone until then.)
void exhaust(Arena& arena) {
    const std::size_t spills = arena.spill_count();
    ASSERT_EQ(spills, 1u);
    std::size_t capacity = 0;
    arena.for_each_chunk([&](const ArenaChunk& chunk) { capacity += chunk.capacity; });
    (void)arena.allocate(1, 1);
    while (arena.bytes_used() < capacity) (void)arena.allocate(1, 1);
    ASSERT_EQ(arena.spill_count(), spills);
}

TEST(ArenaRecycling, KeepsTheContractOfAResource) {
    EXPECT_TRUE(zigmund::alloc::testing::conforms(
        [](Resource& upstream) {
            return std::make_unique<Arena>(upstream, ArenaOptions{.first_chunk = 5000, .recycle = true});
        },
        {.frees = false, .grows_in_place = true}));
}

TEST(ArenaRecycling, AFreedBlockIsUsedAgain) {
    Upstream upstream;
    Arena arena{upstream, {.recycle = true}};
    void* freed = arena.allocate(100);
    void* kept = arena.allocate(100);
    std::memset(kept, 7, 100);
    arena.deallocate(freed, 100);
    void* again = arena.allocate(100);
    EXPECT_EQ(again, freed);
    std::memset(again, 8, 100);
    EXPECT_EQ(static_cast<unsigned char*>(kept)[0], 7);
    EXPECT_EQ(upstream.calls, 1u);
}

TEST(ArenaRecycling, WithoutTheOptionItIsNot) {
    Upstream upstream;
    Arena arena{upstream};
    void* freed = arena.allocate(100);
    (void)arena.allocate(100);
    arena.deallocate(freed, 100);
    exhaust(arena);
    EXPECT_NE(arena.allocate(100), freed);
    EXPECT_EQ(upstream.calls, 2u);
}

TEST(ArenaRecycling, ABlockIsSplitAndItsRestUsedToo) {
    Upstream upstream;
    Arena arena{upstream, {.recycle = true}};
    auto* freed = static_cast<std::byte*>(arena.allocate(1024));
    (void)arena.allocate(16);
    arena.deallocate(freed, 1024);
    exhaust(arena);
    std::vector<std::byte*> parts;
    for (int i = 0; i < 8; ++i) {
        parts.push_back(static_cast<std::byte*>(arena.allocate(128)));
        std::memset(parts.back(), i, 128);
        EXPECT_GE(parts.back(), freed);
        EXPECT_LE(parts.back() + 128, freed + 1024);
    }
    for (int i = 0; i < 8; ++i)
        EXPECT_EQ(parts[static_cast<std::size_t>(i)][127], std::byte{static_cast<unsigned char>(i)});
    EXPECT_EQ(upstream.calls, 1u);
}

TEST(ArenaRecycling, ServesLargerAlignmentsAndNeverTooSmallABlock) {
    Upstream upstream;
    Arena arena{upstream, {.recycle = true}};
    void* freed = arena.allocate(300, 1);
    (void)arena.allocate(16);
    arena.deallocate(freed, 300, 1);
    exhaust(arena);
    auto* p = static_cast<std::byte*>(arena.allocate(100, 64));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % 64, 0u);
    EXPECT_GE(p, static_cast<std::byte*>(freed));
    EXPECT_LE(p + 100, static_cast<std::byte*>(freed) + 300);
    EXPECT_EQ(upstream.calls, 1u);
    (void)arena.allocate(301);
    EXPECT_EQ(upstream.calls, 2u);
}

TEST(ArenaRecycling, BoundsTheMemoryOfContainersThatGrowInTurn) {
    std::size_t reserved[2];
    for (const bool recycle : {false, true}) {
        Upstream upstream;
        Arena arena{upstream, {.max_chunk = 1 << 16, .recycle = recycle}};
        for (int i = 0; i < 200; ++i) {
            std::pmr::vector<std::uint64_t> one{arena.allocator()};
            std::pmr::vector<std::uint64_t> two{arena.allocator()};
            for (std::uint64_t k = 0; k < 100; ++k) one.push_back(k), two.push_back(k + 1);
            for (std::uint64_t k = 0; k < 100; ++k) ASSERT_TRUE(one[k] == k && two[k] == k + 1);
        }
        reserved[recycle ? 1 : 0] = arena.bytes_reserved();
    }
    EXPECT_LE(reserved[1] * 8, reserved[0]);
}

TEST(ArenaRecycling, ARewindForgetsWhatWasFreedInIt) {
    Upstream upstream;
    Arena arena{upstream, {.recycle = true}};
    void* outer = arena.allocate(100);
    (void)arena.allocate(16);
    arena.deallocate(outer, 100);
    {
        const ArenaScope scope{arena};
        void* inner = arena.allocate(200);
        (void)arena.allocate(16);
        arena.deallocate(inner, 200);
    }
    exhaust(arena);
    EXPECT_EQ(arena.allocate(100), outer) << "freed before the scope: still there";
    void* next = arena.allocate(200);
    EXPECT_EQ(upstream.calls, 2u) << "the block of the scope is part of the chunk again";
    std::memset(next, 1, 200);
}

TEST(ArenaRecycling, AScopeNeitherUsesNorKeepsWhatWasMadeBeforeIt) {
    Upstream upstream;
    Arena arena{upstream, {.recycle = true}};
    void* before = arena.allocate(100);
    void* in_scope = arena.allocate(100);
    (void)arena.allocate(16);
    arena.deallocate(before, 100);
    exhaust(arena);
    {
        const ArenaScope scope{arena};
        arena.deallocate(in_scope, 100);
        EXPECT_NE(arena.allocate(100), before) << "a rewind would not bring it back";
        EXPECT_NE(arena.allocate(100), in_scope);
    }
    EXPECT_EQ(arena.allocate(100), before);
}

TEST(ArenaRecycling, ACommittedTransactionLeavesWhatItFreed) {
    Upstream upstream;
    Arena arena{upstream, {.recycle = true}};
    void* freed = nullptr;
    {
        Transaction transaction = arena.transaction();
        freed = arena.allocate(100);
        (void)arena.allocate(16);
        arena.deallocate(freed, 100);
        transaction.commit();
    }
    exhaust(arena);
    EXPECT_EQ(arena.allocate(100), freed);
}

TEST(ArenaRecycling, AResetForgetsAll) {
    Upstream upstream;
    Arena arena{upstream, {.recycle = true}};
    void* freed = arena.allocate(100);
    (void)arena.allocate(16);
    arena.deallocate(freed, 100);
    for (const Reset mode : {Reset::retain_capacity, Reset::free_all, Reset::retain_capacity}) {
        EXPECT_TRUE(arena.reset(mode));
        std::vector<unsigned char*> blocks;
        for (int i = 0; i < 100; ++i) {
            blocks.push_back(static_cast<unsigned char*>(arena.allocate(100)));
            std::memset(blocks.back(), i, 100);
        }
        for (int i = 0; i < 100; ++i) ASSERT_EQ(blocks[static_cast<std::size_t>(i)][99], i);
    }
}

}  // namespace
