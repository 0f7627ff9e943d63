#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <thread>
#include <vector>

namespace {

using namespace zigmund::alloc;

constexpr std::size_t MiB = std::size_t{1} << 20;
constexpr std::size_t biggest_recycled = 16 * MiB;

bool is_aligned(const void* p, std::size_t align) { return reinterpret_cast<std::uintptr_t>(p) % align == 0; }

TEST(Heap, EveryAlignmentIsKeptOnBothSidesOfTheThreshold) {
    for (std::size_t align = 1; align <= std::size_t{1} << 16; align *= 2) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{24}, std::size_t{4097},
                                       MiB, biggest_recycled, biggest_recycled + 1}) {
            auto* p = static_cast<std::byte*>(heap().allocate(size, align));
            ASSERT_TRUE(is_aligned(p, align)) << size << '@' << align;
            if (size != 0) p[0] = p[size - 1] = std::byte{1};
            heap().deallocate(p, size, align);
        }
    }
}

TEST(Heap, SizesNearTheEndOfTheAddressSpaceAreRefusedAndNeverWrap) {
    constexpr std::size_t max = std::numeric_limits<std::size_t>::max();
    void* small = heap().allocate(100);
    void* big = heap().allocate(biggest_recycled + 1);
    for (std::size_t k = 0; k < 70000; k = k < 64 ? k + 1 : k * 2) {
        for (std::size_t align = 1; align <= std::size_t{1} << 16; align *= 2)
            EXPECT_EQ(heap().try_allocate(max - k, align), nullptr);
        EXPECT_FALSE(heap().resize(small, 100, 16, max - k));
        EXPECT_EQ(heap().remap(small, 100, 16, max - k), nullptr);
        EXPECT_FALSE(heap().resize(big, biggest_recycled + 1, 16, max - k));
        EXPECT_EQ(heap().remap(big, biggest_recycled + 1, 16, max - k), nullptr);
    }
    heap().deallocate(small, 100);
    heap().deallocate(big, biggest_recycled + 1);
}

#if !defined(ZIGMUND_SANITIZED)
TEST(Heap, ABlockKeepsItsSideOfTheThreshold) {
    void* below = heap().allocate(biggest_recycled);
    EXPECT_FALSE(heap().resize(below, biggest_recycled, 16, biggest_recycled + 1));
    EXPECT_EQ(heap().remap(below, biggest_recycled, 16, biggest_recycled + 1), nullptr);
    heap().deallocate(below, biggest_recycled);

    void* above = heap().allocate(biggest_recycled + 1);
    EXPECT_FALSE(heap().resize(above, biggest_recycled + 1, 16, biggest_recycled));
    EXPECT_EQ(heap().remap(above, biggest_recycled + 1, 16, biggest_recycled), nullptr);
    heap().deallocate(above, biggest_recycled + 1);
}

TEST(Heap, BlocksAboveTheThresholdGrowWithoutTheCallersCopy) {
    std::size_t size = 20 * MiB;
    auto* p = static_cast<std::byte*>(heap().allocate(size, 64));
    void* neighbour = heap().allocate(size, 64);
    p[0] = std::byte{1};
    p[size - 1] = std::byte{2};
    for (; size < 320 * MiB; size *= 2) {
        p = static_cast<std::byte*>(heap().remap(p, size, 64, 2 * size));
        ASSERT_NE(p, nullptr);
        ASSERT_TRUE(is_aligned(p, 64));
        EXPECT_EQ(p[0], std::byte{1});
        EXPECT_EQ(p[size - 1], std::byte{2});
        p[2 * size - 1] = std::byte{2};
    }
    EXPECT_TRUE(heap().resize(p, size, 64, biggest_recycled + 1));
    heap().deallocate(p, biggest_recycled + 1, 64);
    heap().deallocate(neighbour, 20 * MiB, 64);
}
#endif

TEST(Heap, BlocksOfEverySizeMayBeFreedByAnotherThread) {
    constexpr std::array sizes{std::size_t{16}, std::size_t{5000}, MiB, 20 * MiB};
    std::array<void*, sizes.size()> blocks{};
    std::thread{[&] {
        for (std::size_t i = 0; i < sizes.size(); ++i)
            blocks[i] = std::memset(heap().allocate(sizes[i]), 7, sizes[i]);
    }}.join();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        EXPECT_EQ(static_cast<char*>(blocks[i])[sizes[i] - 1], 7);
        heap().deallocate(blocks[i], sizes[i]);
    }
}

TEST(Heap, RandomVerbsAgreeWithAModelAcrossTheThreshold) {
    struct Block {
        std::byte* p;
        std::size_t size;
        std::size_t align;
        std::byte tag;
    };
    std::mt19937 random{20240608};
    std::vector<Block> live;
    // Mostly small, and around the threshold; the bytes at the block's ends stand for all of a big one.
    const auto pick_size = [&]() -> std::size_t {
        if (random() % 8 == 0) return biggest_recycled - 5000 + random() % 10000;
        if (random() % 8 == 0) return random() % (64 * MiB);
        return random() % (std::size_t{1} << (random() % 18));
    };
    const auto ends = [](std::byte* p, std::size_t size) {
        const std::size_t each = std::min<std::size_t>(size, 4096);
        return std::array{std::span{p, each}, std::span{p + size - each, each}};
    };
    const auto fill = [&](const Block& b) {
        for (const std::span<std::byte> part : ends(b.p, b.size)) std::ranges::fill(part, b.tag);
    };
    for (int step = 0; step < 4000; ++step) {
        const auto verb = random() % 6;
        if ((verb < 2 && live.size() < 64) || live.empty()) {
            Block b{nullptr, pick_size(), std::size_t{1} << (random() % 17),
                    static_cast<std::byte>(random())};
            b.p = static_cast<std::byte*>(heap().allocate(b.size, b.align));
            ASSERT_TRUE(is_aligned(b.p, b.align));
            fill(b);
            live.push_back(b);
            continue;
        }
        const std::size_t at = random() % live.size();
        Block& b = live[at];
        for (const std::span<std::byte> part : ends(b.p, b.size))
            ASSERT_TRUE(std::ranges::all_of(part, [&](std::byte x) { return x == b.tag; }));
        if (verb < 4) {
            heap().deallocate(b.p, b.size, b.align);
            b = live.back();
            live.pop_back();
            continue;
        }
        const std::size_t size = pick_size();
        if (verb == 4) {
            if (!heap().resize(b.p, b.size, b.align, size)) continue;
        } else {
            void* p = heap().remap(b.p, b.size, b.align, size);
            if (p == nullptr) continue;
            b.p = static_cast<std::byte*>(p);
        }
        ASSERT_TRUE(is_aligned(b.p, b.align));
        const std::size_t kept = std::min({b.size, size, std::size_t{4096}});
        ASSERT_TRUE(std::ranges::all_of(std::span{b.p, kept}, [&](std::byte x) { return x == b.tag; }));
        b.size = size;
        fill(b);
    }
    for (const Block& b : live) heap().deallocate(b.p, b.size, b.align);
}

}  // namespace
