#include <zigmund/alloc/fixed_buffer.hpp>
#include <zigmund/alloc/sanitizer.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#if defined(ZIGMUND_ASAN)
#include <sanitizer/asan_interface.h>
#endif

#include "random_verbs.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::conforms;
using zigmund::alloc::testing::RandomVerbs;

struct Memory {
    alignas(64) std::array<std::byte, 1024> bytes;
    FixedBuffer buffer{bytes};
};

TEST(FixedBuffer, Conforms) {
    std::vector<std::byte> memory(8 << 20);
    FixedBuffer buffer{memory};
    EXPECT_TRUE(conforms(buffer, {.may_refuse = true, .grows_in_place = true}));
    EXPECT_EQ(buffer.live_blocks(), 0u);
    EXPECT_EQ(buffer.bytes_used(), 0u);
}

TEST(FixedBuffer, HandsOutTheLastByteAndNoMore) {
    Memory m;
    void* p = m.buffer.try_allocate(1000, 1);
    EXPECT_EQ(p, m.bytes.data());
    EXPECT_EQ(m.buffer.try_allocate(25, 1), nullptr);
    EXPECT_NE(m.buffer.try_allocate(24, 1), nullptr);
    EXPECT_EQ(m.buffer.bytes_left(), 0u);
    EXPECT_EQ(m.buffer.try_allocate(1, 1), nullptr);
    EXPECT_NE(m.buffer.try_allocate(0, 1), nullptr);
    EXPECT_THROW((void)m.buffer.allocate(1), std::bad_alloc);
    EXPECT_THROW((void)m.buffer.allocator().alloc<int>(1), std::bad_alloc);
}

TEST(FixedBuffer, ABlockOfAnyAlignmentBeginsInTheBufferOrIsRefused) {
    alignas(4096) static std::array<std::byte, 8192> bytes;
    for (const std::size_t used : {0U, 1U, 4095U, 4096U, 4097U, 8191U, 8192U}) {
        for (std::size_t align = 1; align != 0; align *= 2) {
            for (const std::size_t size :
                 {std::size_t{0}, std::size_t{1}, std::size_t{4096}, SIZE_MAX / 2, SIZE_MAX}) {
                FixedBuffer buffer{bytes};
                ASSERT_EQ(buffer.try_allocate(used, 1), bytes.data());
                const auto cursor = reinterpret_cast<std::uintptr_t>(bytes.data()) + used;
                const std::size_t padding = (0 - cursor) & (align - 1);
                const std::size_t left = bytes.size() - used;
                void* const p = buffer.try_allocate(size, align);
                if (padding > left || size > left - padding) {
                    ASSERT_EQ(p, nullptr) << used << ' ' << size << ' ' << align;
                    ASSERT_EQ(buffer.bytes_used(), used);
                    ASSERT_EQ(buffer.live_blocks(), 1u);
                } else {
                    ASSERT_EQ(p, bytes.data() + used + padding) << used << ' ' << size << ' ' << align;
                    ASSERT_EQ(buffer.bytes_used(), used + padding + size);
                    ASSERT_EQ(buffer.live_blocks(), 2u);
                }
            }
        }
    }
}

TEST(FixedBuffer, AnEmptyBufferHasOnlyEmptyBlocks) {
    FixedBuffer buffer{{}};
    EXPECT_EQ(buffer.try_allocate(1, 1), nullptr);
    void* p = buffer.try_allocate(0, 1);
    ASSERT_NE(p, nullptr) << "null would be a refusal";
    EXPECT_TRUE(buffer.owns(p));
    buffer.deallocate(p, 0, 1);
    EXPECT_EQ(buffer.bytes_used(), 0u);
    EXPECT_EQ(buffer.live_blocks(), 0u);
}

TEST(FixedBuffer, TheNewestBlockGrowsShrinksAndIsFreedInPlace) {
    Memory m;
    void* first = m.buffer.allocate(10, 1);
    void* p = m.buffer.allocate(100, 16);
    EXPECT_TRUE(m.buffer.resize(p, 100, 16, 1008));
    EXPECT_FALSE(m.buffer.resize(p, 1008, 16, 1009));
    EXPECT_EQ(m.buffer.bytes_left(), 0u);
    EXPECT_EQ(m.buffer.remap(p, 1008, 16, 5), p);
    EXPECT_EQ(m.buffer.bytes_used(), 21u);
    m.buffer.deallocate(p, 5, 16);
    EXPECT_EQ(m.buffer.bytes_used(), 16u);
    m.buffer.deallocate(first, 10, 1);
    EXPECT_EQ(m.buffer.bytes_used(), 0u);
}

TEST(FixedBuffer, AnOlderBlockShrinksButNeverGrows) {
    Memory m;
    void* old = m.buffer.allocate(100, 1);
    void* newest = m.buffer.allocate(100, 1);
    EXPECT_FALSE(m.buffer.resize(old, 100, 1, 101));
    EXPECT_EQ(m.buffer.remap(old, 100, 1, 101), nullptr);
    EXPECT_TRUE(m.buffer.resize(old, 100, 1, 50));
    m.buffer.deallocate(newest, 100, 1);
    m.buffer.deallocate(old, 50, 1);
}

TEST(FixedBuffer, IsEmptyAgainWhenItsLastBlockIsFreedInWhateverOrder) {
    Memory m;
    std::array<void*, 10> blocks{};
    for (int round = 0; round < 100; ++round) {
        for (void*& p : blocks) p = m.buffer.allocate(91, 8);
        for (std::size_t i = 0; i < blocks.size(); ++i) m.buffer.deallocate(blocks[(i * 7 + 3) % 10], 91, 8);
        ASSERT_EQ(m.buffer.bytes_used(), 0u);
    }
}

TEST(FixedBuffer, PaddingIsNotStrandedWhenBlocksAreFreedLikeAStack) {
    Memory m;
    for (int round = 0; round < 1000; ++round) {
        void* a = m.buffer.allocate(1, 1);
        void* b = m.buffer.allocate(64, 64);
        m.buffer.deallocate(b, 64, 64);
        m.buffer.deallocate(a, 1, 1);
    }
    EXPECT_EQ(m.buffer.bytes_used(), 0u);
}

TEST(FixedBuffer, EveryAlignmentIsKeptAtEveryFillLevel) {
    alignas(64) std::array<std::byte, 4096> bytes;
    for (std::size_t offset = 0; offset < 70; ++offset) {
        FixedBuffer buffer{std::span{bytes}.subspan(offset)};
        for (std::size_t align = 1; align <= std::size_t{1} << 16; align *= 2) {
            void* p = buffer.try_allocate(3, align);
            if (p == nullptr) continue;
            ASSERT_EQ(reinterpret_cast<std::uintptr_t>(p) % align, 0u);
            ASSERT_TRUE(buffer.owns(p));
        }
    }
}

TEST(FixedBuffer, SizesNearTheEndOfTheAddressSpaceAreRefusedAndNeverWrap) {
    Memory m;
    void* p = m.buffer.allocate(1, 1);
    for (std::size_t k = 0; k < 2000; ++k) {
        for (const std::size_t align :
             {std::size_t{1}, std::size_t{64}, std::size_t{1} << 16, std::size_t{1} << 63})
            ASSERT_EQ(m.buffer.try_allocate(SIZE_MAX - k, align), nullptr);
        ASSERT_FALSE(m.buffer.resize(p, 1, 1, SIZE_MAX - k));
    }
    EXPECT_EQ(m.buffer.bytes_used(), 1u);
}

TEST(FixedBuffer, ResetFreesEverything) {
    Memory m;
    (void)m.buffer.allocate(500);
    (void)m.buffer.allocate(500);
    m.buffer.reset();
    EXPECT_EQ(m.buffer.live_blocks(), 0u);
    EXPECT_EQ(m.buffer.allocate(1024, 1), m.bytes.data());
}

TEST(FixedBuffer, OwnsItsBlocksAndNothingElse) {
    std::array<std::byte, 64> bytes;
    const FixedBuffer buffer{std::span{bytes}.subspan(8, 40)};
    EXPECT_FALSE(buffer.owns(&bytes[7]));
    EXPECT_TRUE(buffer.owns(&bytes[8]));
    EXPECT_TRUE(buffer.owns(&bytes[48]));
    EXPECT_FALSE(buffer.owns(&bytes[49]));
    EXPECT_FALSE(buffer.owns(nullptr));
}

TEST(FixedBuffer, RandomVerbsAgreeWithAModel) {
    std::vector<std::byte> memory(4096);
    FixedBuffer buffer{memory};
    RandomVerbs verbs;
    verbs.check = [&](const RandomVerbs::Live& live) {
        ASSERT_EQ(buffer.live_blocks(), live.blocks);
        ASSERT_GE(buffer.bytes_used(), live.bytes);
        ASSERT_LE(buffer.bytes_used(), memory.size());
    };
    verbs.run(buffer);
    EXPECT_EQ(buffer.bytes_used(), 0u);
}

#if defined(ZIGMUND_ASAN)
TEST(FixedBuffer, OnlyLiveBlocksMayBeTouchedAndTheBufferIsWholeAfterwards) {
    alignas(64) std::array<std::byte, 256> bytes;
    const auto poisoned = [&](std::size_t at) { return __asan_address_is_poisoned(&bytes[at]) != 0; };
    {
        FixedBuffer buffer{bytes};
        EXPECT_TRUE(poisoned(0));
        void* a = buffer.allocate(20, 8);
        void* b = buffer.allocate(40, 8);
        EXPECT_FALSE(poisoned(19));
        EXPECT_TRUE(poisoned(20));
        EXPECT_FALSE(poisoned(24));
        EXPECT_TRUE(buffer.resize(b, 40, 8, 80));
        EXPECT_FALSE(poisoned(103));
        EXPECT_TRUE(buffer.resize(b, 80, 8, 10));
        EXPECT_TRUE(poisoned(34));
        buffer.deallocate(a, 20, 8);
        EXPECT_TRUE(poisoned(0));
        EXPECT_FALSE(poisoned(24));
        buffer.deallocate(b, 10, 8);
        EXPECT_TRUE(poisoned(24));
        (void)buffer.allocate(256, 1);
        buffer.reset();
        EXPECT_TRUE(poisoned(255));
        (void)buffer.allocate(3, 1);
    }
    EXPECT_EQ(__asan_region_is_poisoned(bytes.data(), bytes.size()), nullptr);
}
#endif

}  // namespace
