#include <zigmund/alloc/pages.hpp>

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <vector>

namespace {

using namespace zigmund::alloc;

std::size_t in_pages(std::size_t size) {
    return (std::max<std::size_t>(size, 1) + page_size() - 1) / page_size() * page_size();
}

bool is_mapped(const std::byte* page) {
    unsigned char resident = 0;
    return ::mincore(const_cast<std::byte*>(page), page_size(), &resident) == 0;
}

bool is_aligned(const void* p, std::size_t align) { return reinterpret_cast<std::uintptr_t>(p) % align == 0; }

// A block of `size` bytes with room after it: the `room` bytes that follow were just given back.
std::byte* block_with_room(std::size_t size, std::size_t room) {
    void* p = pages().allocate(size + room, 1);
    EXPECT_TRUE(pages().resize(p, size + room, 1, size));
    return static_cast<std::byte*>(p);
}

TEST(Pages, BlocksStartAtAPageAsZeros) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, page_size(), 5 * page_size() + 1}) {
        auto* p = static_cast<std::byte*>(pages().allocate(size, 1));
        EXPECT_TRUE(is_aligned(p, page_size()));
        EXPECT_TRUE(
            std::ranges::all_of(std::span{p, in_pages(size)}, [](std::byte b) { return b == std::byte{}; }));
        std::memset(p, 0x5A, in_pages(size));
        pages().deallocate(p, size, 1);
    }
}

TEST(Pages, EveryAlignmentIsKeptAndTheSurplusGoesBack) {
    for (std::size_t align = 1; align <= std::size_t{1} << 22; align *= 2) {
        for (const std::size_t size : {std::size_t{1}, page_size(), 3 * page_size() + 7}) {
            auto* p = static_cast<std::byte*>(pages().try_allocate(size, align));
            ASSERT_NE(p, nullptr);
            EXPECT_TRUE(is_aligned(p, align));
            std::memset(p, 0x5A, size);
            pages().deallocate(p, size, align);
            EXPECT_FALSE(is_mapped(p));
        }
    }
}

TEST(Pages, AnOverAlignedBlockMapsNothingAroundItself) {
    // Of several neighbours-to-be at least one has free addresses on both sides; a surplus that stayed
    // mapped would be seen around each.
    const std::size_t align = std::size_t{1} << 24;
    bool free_before = false;
    bool free_after = false;
    std::vector<std::byte*> blocks;
    for (int i = 0; i < 8; ++i)
        blocks.push_back(static_cast<std::byte*>(pages().allocate(page_size(), align)));
    for (const std::byte* p : blocks) {
        free_before = free_before || !is_mapped(p - page_size());
        free_after = free_after || !is_mapped(p + page_size());
    }
    for (std::byte* p : blocks) pages().deallocate(p, page_size(), align);
    EXPECT_TRUE(free_before);
    EXPECT_TRUE(free_after);
}

TEST(Pages, ShrinkReturnsThePagesAfterTheNewEnd) {
    const std::size_t size = 8 * page_size();
    auto* p = static_cast<std::byte*>(pages().allocate(size, 1));
    std::memset(p, 0x5A, size);
    ASSERT_TRUE(pages().resize(p, size, 1, 2 * page_size() + 1));
    EXPECT_TRUE(is_mapped(p + 2 * page_size()));
    EXPECT_FALSE(is_mapped(p + 3 * page_size()));
    EXPECT_EQ(p[2 * page_size()], std::byte{0x5A});
    pages().deallocate(p, 2 * page_size() + 1, 1);
    EXPECT_FALSE(is_mapped(p));
}

TEST(Pages, SizesWithinTheSamePageNeedNoSystemCallAndKeepTheirBytes) {
    auto* p = static_cast<std::byte*>(pages().allocate(100, 8));
    std::memset(p, 0x5A, 100);
    EXPECT_TRUE(pages().resize(p, 100, 8, page_size()));
    EXPECT_TRUE(pages().resize(p, page_size(), 8, 0));
    EXPECT_EQ(pages().remap(p, 0, 8, 100), p);
    EXPECT_EQ(p[99], std::byte{0x5A});
    pages().deallocate(p, 100, 8);
}

TEST(Pages, GrowsInPlaceIntoFreeAddresses) {
    const std::size_t size = 2 * page_size();
    std::byte* p = block_with_room(size, 30 * page_size());
    std::memset(p, 0x5A, size);
    ASSERT_TRUE(pages().resize(p, size, 1, 32 * page_size()));
    EXPECT_EQ(p[size - 1], std::byte{0x5A});
    EXPECT_EQ(p[size], std::byte{});
    std::memset(p, 0xA5, 32 * page_size());
    pages().deallocate(p, 32 * page_size(), 1);
}

TEST(Pages, ResizeThatMeetsANeighbourChangesNothingAndRemapMovesTheBytes) {
    const std::size_t size = 4 * page_size();
    std::byte* p = block_with_room(size, size);
    std::memset(p, 0x5A, size);
    // A neighbour, right behind.
    void* const wall =
        ::mmap(p + size, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    ASSERT_EQ(wall, p + size);
    EXPECT_FALSE(pages().resize(p, size, 1, 2 * size));
    EXPECT_EQ(p[size - 1], std::byte{0x5A});

    auto* moved = static_cast<std::byte*>(pages().remap(p, size, 1, 2 * size));
    ASSERT_NE(moved, nullptr);
    EXPECT_NE(moved, p);
    EXPECT_FALSE(is_mapped(p));
    EXPECT_TRUE(
        std::ranges::all_of(std::span{moved, size}, [](std::byte b) { return b == std::byte{0x5A}; }));
    EXPECT_TRUE(
        std::ranges::all_of(std::span{moved + size, size}, [](std::byte b) { return b == std::byte{}; }));
    pages().deallocate(moved, 2 * size, 1);
    ::munmap(wall, page_size());
}

TEST(Pages, ABlockAlignedAboveAPageIsNotMovedByRemap) {
    const std::size_t align = 16 * page_size();
    auto* p = static_cast<std::byte*>(pages().allocate(align, align));
    void* const wall =
        ::mmap(p + align, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT_EQ(pages().remap(p, align, align, 2 * align), nullptr);
    EXPECT_EQ(pages().remap(p, align, align, page_size()), p);
    pages().deallocate(p, page_size(), align);
    if (wall == p + align) ::munmap(wall, page_size());
}

TEST(Pages, SizesNearTheEndOfTheAddressSpaceAreRefusedAndNeverWrap) {
    constexpr std::size_t max = std::numeric_limits<std::size_t>::max();
    auto* p = static_cast<std::byte*>(pages().allocate(1, 1));
    std::vector<std::size_t> below;
    for (std::size_t k = 0; k < 64; ++k) below.push_back(k);
    for (std::size_t k = 64; k < max / 2; k *= 2) below.insert(below.end(), {k - 1, k, k + 1});
    for (const std::size_t k : below) {
        for (const std::size_t align :
             {std::size_t{1}, page_size(), std::size_t{1} << 16, std::size_t{1} << 63}) {
            EXPECT_EQ(pages().try_allocate(max - k, align), nullptr) << k;
        }
        EXPECT_FALSE(pages().resize(p, 1, 1, max - k)) << k;
        EXPECT_EQ(pages().remap(p, 1, 1, max - k), nullptr) << k;
    }
    EXPECT_THROW((void)pages().allocate(max, 1), std::bad_alloc);
    EXPECT_EQ(pages().try_allocate(1, std::size_t{1} << 63), nullptr);
    *p = std::byte{1};
    pages().deallocate(p, 1, 1);
}

TEST(Pages, RandomVerbsAgreeWithAModel) {
    struct Block {
        std::byte* p;
        std::size_t size;
        std::size_t align;
        std::byte tag;
    };
    std::mt19937 random{20240607};
    std::vector<Block> live;
    const auto pick_size = [&] { return random() % (16 * page_size()); };
    const auto intact = [](const Block& b, std::size_t size) {
        return std::ranges::all_of(std::span{b.p, size}, [&](std::byte x) { return x == b.tag; });
    };
    for (int step = 0; step < 3000; ++step) {
        const auto verb = random() % 5;
        if (verb < 2 || live.empty()) {
            Block b{nullptr, pick_size(), std::size_t{1} << (random() % 17),
                    static_cast<std::byte>(random())};
            b.p = static_cast<std::byte*>(pages().allocate(b.size, b.align));
            ASSERT_TRUE(is_aligned(b.p, b.align));
            std::memset(b.p, static_cast<int>(b.tag), b.size);
            live.push_back(b);
            continue;
        }
        const std::size_t at = random() % live.size();
        Block& b = live[at];
        const std::size_t size = pick_size();
        if (verb == 2) {
            ASSERT_TRUE(intact(b, b.size));
            pages().deallocate(b.p, b.size, b.align);
            b = live.back();
            live.pop_back();
            continue;
        }
        if (verb == 3) {
            if (!pages().resize(b.p, b.size, b.align, size)) continue;
        } else {
            void* p = pages().remap(b.p, b.size, b.align, size);
            if (p == nullptr) continue;
            b.p = static_cast<std::byte*>(p);
            ASSERT_TRUE(is_aligned(p, b.align));
        }
        ASSERT_TRUE(intact(b, std::min(b.size, size)));
        b.size = size;
        std::memset(b.p, static_cast<int>(b.tag), b.size);
    }
    for (const Block& b : live) {
        EXPECT_TRUE(intact(b, b.size));
        pages().deallocate(b.p, b.size, b.align);
    }
}

}  // namespace
