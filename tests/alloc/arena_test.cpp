#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <numeric>
#include <string>
#include <vector>

#include "arena_upstream.hpp"

namespace {

using namespace zigmund::alloc;
using arena_test::Upstream;

bool aligned(const void* p, std::size_t align) { return reinterpret_cast<std::uintptr_t>(p) % align == 0; }

TEST(Arena, KeepsTheContractOfAResource) {
    using zigmund::alloc::testing::conforms;
    EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<Arena>(upstream); },
                         {.frees = false, .grows_in_place = true}));
    EXPECT_TRUE(conforms(
        [](Resource& upstream) {
            return std::make_unique<Arena>(upstream, ArenaOptions{.first_chunk = 100, .max_chunk = 200});
        },
        {.frees = false, .grows_in_place = true, .remaps = true}));
}

// ---- an arena that owns nothing ----

TEST(Arena, TakesNothingBeforeTheFirstAllocation) {
    Upstream upstream;
    Arena arena{upstream};
    EXPECT_EQ(upstream.calls, 0u);
    EXPECT_EQ(arena.bytes_used(), 0u);
    EXPECT_EQ(arena.bytes_reserved(), 0u);
    for (const Reset mode :
         {Reset::free_all, Reset::retain_capacity, Reset::decay, Reset::retain_with_limit(100)})
        EXPECT_TRUE(arena.reset(mode));
    EXPECT_EQ(upstream.calls, 0u);
}

TEST(Arena, GivesBlocksOfSizeZeroBeforeTheFirstChunk) {
    Upstream upstream;
    Arena arena{upstream};
    for (std::size_t align = 1; align <= 4096; align *= 2) {
        void* p = arena.try_allocate(0, align);
        ASSERT_NE(p, nullptr);
        EXPECT_TRUE(aligned(p, align));
        EXPECT_TRUE(arena.resize(p, 0, align, 0));
        arena.deallocate(p, 0, align);
    }
    void* p = arena.allocate(0);
    void* q = arena.allocate(1);
    EXPECT_TRUE(arena.reset(Reset::free_all));
    EXPECT_NE(p, nullptr);
    EXPECT_NE(q, nullptr);
    EXPECT_EQ(upstream.live_blocks, 0u);
}

// ---- blocks ----

TEST(Arena, BlocksAreAlignedDisjointAndKeepTheirBytes) {
    Upstream upstream;
    Arena arena{upstream};
    std::vector<std::pair<unsigned char*, std::size_t>> blocks;
    for (std::size_t align = 1; align <= (1u << 16); align *= 2) {
        for (const std::size_t size : {1u, 7u, 16u, 24u, 100u, 1000u, 5000u}) {
            auto* p = static_cast<unsigned char*>(arena.allocate(size, align));
            ASSERT_TRUE(aligned(p, align)) << size << " at " << align;
            std::memset(p, static_cast<int>(blocks.size() & 0xff), size);
            blocks.emplace_back(p, size);
        }
    }
    for (std::size_t i = 0; i < blocks.size(); ++i)
        for (std::size_t k = 0; k < blocks[i].second; ++k)
            ASSERT_EQ(blocks[i].first[k], static_cast<unsigned char>(i & 0xff));
}

TEST(Arena, EverySizeAndAlignmentFitsAtEveryFillLevelOfAChunk) {
    Upstream upstream;
    for (std::size_t fill = 0; fill < 256; fill += 5) {
        for (std::size_t align = 1; align <= (1u << 16); align *= 4) {
            for (std::size_t size = 0; size < 300; size += 37) {
                Arena arena{upstream, {.first_chunk = 256}};
                (void)arena.allocate(fill, 1);
                auto* p = static_cast<std::byte*>(arena.allocate(size, align));
                ASSERT_TRUE(aligned(p, align));
                if (size != 0) std::memset(p, 0xab, size);
            }
        }
    }
    EXPECT_EQ(upstream.live_blocks, 0u);
}

TEST(Arena, ASizeNearTheLargestFailsCleanlyInEveryVerb) {
    Upstream upstream;
    Arena arena{upstream};
    for (int round = 0; round < 2; ++round) {
        for (std::size_t k = 0; k < 80; ++k) {
            const std::size_t size = SIZE_MAX - k;
            for (std::size_t align = 1; align <= (1u << 16); align *= 2) {
                ASSERT_EQ(arena.try_allocate(size, align), nullptr);
                ASSERT_EQ(arena.allocator().try_allocate(size, align), nullptr);
                ASSERT_EQ(arena.try_allocate(size / 2, align), nullptr);
            }
            ASSERT_THROW((void)arena.allocate(size, 1), std::bad_alloc);
            std::pmr::memory_resource& pmr = arena;
            ASSERT_THROW((void)pmr.allocate(size, 1), std::bad_alloc);
        }
        void* p = arena.allocate(64);
        void* big = arena.allocate(100'000);
        for (std::size_t k = 0; k < 80; ++k) {
            ASSERT_FALSE(arena.resize(p, 64, 16, SIZE_MAX - k));
            ASSERT_EQ(arena.remap(p, 64, 16, SIZE_MAX - k), nullptr);
            ASSERT_FALSE(arena.resize(big, 100'000, 16, SIZE_MAX - k));
            ASSERT_EQ(arena.remap(big, 100'000, 16, SIZE_MAX - k), nullptr);
        }
    }
    EXPECT_EQ(arena.bytes_used(), 2u * (64 + 100'000));
}

TEST(Arena, ThrowsBadAllocWhereTheTryVerbReturnsNull) {
    Upstream upstream;
    upstream.refuse_above = 0;
    Arena arena{upstream};
    EXPECT_EQ(arena.try_allocate(1), nullptr);
    EXPECT_THROW((void)arena.allocate(1), std::bad_alloc);
    EXPECT_THROW((void)arena.allocator().create<int>(1), std::bad_alloc);
    EXPECT_EQ(arena.bytes_used(), 0u);
    EXPECT_EQ(arena.bytes_reserved(), 0u);
}

TEST(Arena, WorksAsAPmrResource) {
    Upstream upstream;
    Arena arena{upstream};
    {
        std::pmr::vector<std::pmr::string> v{arena.allocator()};
        for (int i = 0; i < 1000; ++i) v.emplace_back("a text too long for the small buffer of a string");
        EXPECT_EQ(v[999].get_allocator().resource(), &arena);
    }
    EXPECT_TRUE(arena.reset(Reset::free_all));
    EXPECT_EQ(upstream.live_blocks, 0u);
}

// ---- the newest block ----

TEST(Arena, LastBlockGrowsAndShrinksInPlace) {
    Arena arena;
    auto* p = static_cast<unsigned char*>(arena.allocate(10, 1));
    std::memset(p, 7, 10);
    EXPECT_TRUE(arena.resize(p, 10, 1, 1000));
    std::memset(p + 10, 8, 990);
    EXPECT_EQ(arena.remap(p, 1000, 1, 2000), p);
    EXPECT_EQ(arena.bytes_used(), 2000u);
    EXPECT_TRUE(arena.resize(p, 2000, 1, 11));
    EXPECT_EQ(arena.bytes_used(), 16u) << "rounded up to 8";
    EXPECT_EQ(p[9], 7);
    EXPECT_EQ(p[10], 8);
    EXPECT_EQ(static_cast<unsigned char*>(arena.allocate(1, 1)), p + 16);
}

TEST(Arena, FreeingTheLastBlockTakesItBack) {
    Arena arena;
    void* p = arena.allocate(100);
    void* q = arena.allocate(50);
    arena.deallocate(p, 100);
    EXPECT_EQ(arena.bytes_used(), 112u + 56u);
    arena.deallocate(q, 50);
    EXPECT_EQ(arena.allocate(60), q);
}

TEST(Arena, AnOlderBlockShrinksInPlaceAndDoesNotGrow) {
    Arena arena;
    void* p = arena.allocate(100);
    void* q = arena.allocate(50);
    EXPECT_FALSE(arena.resize(p, 100, 16, 101));
    EXPECT_EQ(arena.remap(p, 100, 16, 101), nullptr);
    EXPECT_TRUE(arena.resize(p, 100, 16, 40));
    EXPECT_TRUE(arena.resize(q, 50, 16, 60));
}

TEST(Arena, TheLastBlockDoesNotGrowPastItsChunk) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 1024}};
    void* p = arena.allocate(100);
    EXPECT_FALSE(arena.resize(p, 100, 16, 1024));
    EXPECT_FALSE(arena.resize(p, 100, 16, 1024 - 32 + 1));
    EXPECT_TRUE(arena.resize(p, 100, 16, 1024 - 32));
    EXPECT_EQ(upstream.calls, 1u);
}

// ---- chunks ----

TEST(Arena, ChunksFollowTheScheduleUpToItsCap) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 1000, .growth_percent = 150, .max_chunk = 2000}};
    std::vector<std::size_t> expected{1000, 1500, 2000, 2000, 2000};
    while (upstream.sizes.size() < expected.size()) (void)arena.allocate(100);
    EXPECT_EQ(upstream.sizes, expected);
    EXPECT_EQ(arena.bytes_reserved(), 8500u);
}

TEST(Arena, ABigBlockHasMemoryOfItsOwnAndDoesNotInflateTheNextChunk) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 1024}};
    void* small = arena.allocate(16);
    void* big = arena.allocate(1 << 20);
    EXPECT_EQ(arena.allocate(16), static_cast<std::byte*>(small) + 16);
    while (upstream.sizes.size() < 3) (void)arena.allocate(16);
    EXPECT_EQ(upstream.sizes, (std::vector<std::size_t>{1024, (1 << 20) + 32, 2048}));
    arena.deallocate(big, 1 << 20);
    EXPECT_EQ(upstream.live_bytes, 3072u);
    EXPECT_EQ(arena.bytes_reserved(), 3072u);
}

TEST(Arena, ABigBlockGrowsByItsUpstream) {
    Upstream upstream;
    upstream.resizes = true;
    Arena arena{upstream, {.first_chunk = 1024}};
    auto* big = static_cast<unsigned char*>(arena.allocate(10'000));
    big[9'999] = 42;
    (void)arena.allocate(10);
    EXPECT_TRUE(arena.resize(big, 10'000, 16, 20'000));
    big[19'999] = 43;
    EXPECT_EQ(arena.bytes_reserved(), upstream.live_bytes);
    EXPECT_TRUE(arena.resize(big, 20'000, 16, 5'000));
    EXPECT_TRUE(arena.resize(big, 5'000, 16, 15'000));
    EXPECT_EQ(big[9'999], 42) << "room it had already";
    EXPECT_EQ(arena.bytes_used(), 15'000u + 16u);
    arena.deallocate(big, 15'000);
    EXPECT_EQ(arena.bytes_used(), 16u);
}

TEST(Arena, ABigBlockMovesByItsUpstreamsRemap) {
    Upstream upstream;
    upstream.remaps = true;
    Arena arena{upstream, {.first_chunk = 1024}};
    (void)arena.allocate(3'000);
    auto* big = static_cast<unsigned char*>(arena.allocate(10'000));
    (void)arena.allocate(4'000);
    std::memset(big, 42, 10'000);
    auto* moved = static_cast<unsigned char*>(arena.remap(big, 10'000, 16, 30'000));
    ASSERT_NE(moved, nullptr);
    EXPECT_EQ(std::vector<unsigned char>(moved, moved + 10'000), std::vector<unsigned char>(10'000, 42));
    std::memset(moved + 10'000, 43, 20'000);
    EXPECT_EQ(arena.bytes_reserved(), upstream.live_bytes);
    EXPECT_EQ(arena.bytes_used(), 37'000u);
    auto* over_aligned = arena.allocate(10'000, 256);
    EXPECT_EQ(arena.remap(over_aligned, 10'000, 256, 30'000), nullptr) << "a move would lose its alignment";
    EXPECT_TRUE(arena.reset(Reset::free_all));
    EXPECT_EQ(upstream.live_bytes, 0u);
}

TEST(Arena, HalvesTheRequestUntilTheUpstreamCanGiveIt) {
    Upstream upstream;
    upstream.refuse_above = 3000;
    Arena arena{upstream, {.first_chunk = 1 << 16}};
    (void)arena.allocate(100);
    EXPECT_EQ(upstream.sizes, (std::vector<std::size_t>{2048}));
    upstream.refuse_above = 200;
    while (upstream.sizes.size() < 2) (void)arena.allocate(100);
    EXPECT_EQ(upstream.sizes.back(), 132u) << "just what the block needs";
    upstream.refuse_above = 0;
    EXPECT_EQ(arena.try_allocate(100), nullptr);
    EXPECT_NE(arena.try_allocate(0), nullptr);
}

TEST(Arena, AFailedAllocationChangesNothing) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 1024}};
    void* p = arena.allocate(100);
    upstream.refuse_above = 0;
    const std::size_t used = arena.bytes_used();
    EXPECT_EQ(arena.try_allocate(2000), nullptr);
    EXPECT_EQ(arena.try_allocate(950), nullptr);
    EXPECT_EQ(arena.bytes_used(), used);
    EXPECT_EQ(arena.bytes_reserved(), 1024u);
    EXPECT_TRUE(arena.resize(p, 100, 16, 200)) << "it is still the newest block";
}

// ---- the limit ----

TEST(Arena, TheLimitIsExactToTheByte) {
    Upstream upstream;
    for (const std::size_t limit : {0u, 1u, 15u, 16u, 17u, 100u, 992u, 993u, 1000u, 5000u, 100'001u}) {
        Arena arena{upstream, {.first_chunk = 1024, .limit = limit}};
        EXPECT_EQ(arena.try_allocate(limit + 1, 1), nullptr);
        void* whole = arena.try_allocate(limit, 1);
        EXPECT_NE(whole, nullptr) << limit;
        EXPECT_EQ(arena.try_allocate(1, 1), nullptr) << limit;
        EXPECT_EQ(arena.bytes_used(), limit);
        EXPECT_TRUE(arena.reset(Reset::retain_capacity));
        std::size_t given = 0;
        while (arena.try_allocate(8, 1) != nullptr) given += 8;
        EXPECT_EQ(given, limit / 8 * 8);
        EXPECT_EQ(arena.try_allocate(limit % 8 + 1, 1), nullptr);
        EXPECT_NE(arena.try_allocate(limit % 8, 1), nullptr) << limit;
        EXPECT_EQ(arena.bytes_used(), limit) << "piece by piece";
    }
}

TEST(Arena, AnAlignedBlockAtTheLimitIsGivenOrRefusedButNeverTakesMemoryInVain) {
    for (const std::size_t align : {32U, 64U, 1024U}) {
        Upstream upstream;
        Arena arena{upstream, {.limit = 100'000}};
        while (arena.try_allocate(1'000) != nullptr) continue;
        while (arena.bytes_used() + 120 < 100'000) ASSERT_NE(arena.try_allocate(8), nullptr);

        // Its size fits; the padding before it in a chunk might not.
        ASSERT_NE(arena.try_allocate(100, align), nullptr) << align;
        EXPECT_LE(arena.bytes_used(), 100'000U);
        const std::size_t calls = upstream.calls;
        for (int i = 0; i < 100; ++i) ASSERT_EQ(arena.try_allocate(100, align), nullptr);
        EXPECT_EQ(upstream.calls, calls);
    }
}

TEST(Arena, TheLimitCountsBlocksThatAreFreedAndGrown) {
    Upstream upstream;
    upstream.resizes = true;
    Arena arena{upstream, {.first_chunk = 1024, .limit = 20'000}};
    void* small = arena.allocate(96, 1);
    void* big = arena.allocate(10'000);
    EXPECT_FALSE(arena.resize(big, 10'000, 16, 19'905));
    EXPECT_TRUE(arena.resize(big, 10'000, 16, 19'904));
    EXPECT_EQ(arena.try_allocate(1, 1), nullptr);
    EXPECT_FALSE(arena.resize(small, 96, 1, 97));
    EXPECT_TRUE(arena.resize(big, 19'904, 16, 19'884));
    EXPECT_TRUE(arena.resize(small, 96, 1, 112));
    EXPECT_FALSE(arena.resize(small, 112, 1, 117));
    arena.deallocate(big, 19'884);
    EXPECT_TRUE(arena.resize(small, 112, 1, 904));
    EXPECT_EQ(arena.bytes_used(), 904u);
}

// ---- the initial buffer ----

TEST(Arena, UsesTheInitialBufferFirstAndNeverFreesIt) {
    Upstream upstream;
    alignas(16) std::byte buffer[256];
    {
        Arena arena{buffer, upstream};
        EXPECT_EQ(arena.allocate(200, 1), buffer);
        EXPECT_EQ(upstream.calls, 0u);
        EXPECT_EQ(arena.bytes_reserved(), 0u);
        (void)arena.allocate(200, 1);
        EXPECT_EQ(upstream.calls, 1u);
        EXPECT_TRUE(arena.reset(Reset::free_all));
        EXPECT_EQ(arena.allocate(256, 1), buffer);
        EXPECT_EQ(upstream.live_blocks, 0u);
    }
    std::memset(buffer, 1, sizeof buffer);
}

TEST(Arena, UsesAnUnalignedBufferToItsLastByte) {
    Upstream upstream;
    upstream.refuse_above = 0;
    alignas(16) std::byte buffer[100];
    Arena arena{std::span{buffer}.subspan(3, 90), upstream};
    EXPECT_EQ(arena.allocate(77, 1), buffer + 16);
    EXPECT_EQ(arena.try_allocate(1, 1), nullptr);
    Arena none{std::span{buffer}.subspan(3, 5), upstream};
    EXPECT_EQ(none.try_allocate(1, 1), nullptr);
    Arena empty{std::span<std::byte>{}, upstream};
    EXPECT_EQ(empty.try_allocate(1, 1), nullptr);
}

// ---- reset ----

void round(Arena& arena, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; i += 100) (void)arena.allocate(100);
}

TEST(Arena, ARoundLikeTheLastOneAsksTheUpstreamNothing) {
    Upstream upstream;
    for (const bool buffered : {false, true}) {
        alignas(16) std::byte buffer[512];
        Arena arena{
            buffered ? std::span<std::byte>{buffer} : std::span<std::byte>{}, upstream, {.first_chunk = 512}};
        for (const std::size_t bytes : {100u, 10'000u, 50'000u, 500u, 50'000u}) {
            round(arena, bytes);
            (void)arena.allocate(bytes);
            EXPECT_TRUE(arena.reset(Reset::retain_capacity));
            const std::size_t calls = upstream.calls;
            const std::size_t reserved = arena.bytes_reserved();
            for (int warm = 0; warm < 3; ++warm) {
                round(arena, bytes);
                (void)arena.allocate(bytes);
                EXPECT_TRUE(arena.reset(Reset::retain_capacity));
            }
            EXPECT_EQ(upstream.calls, calls) << bytes;
            EXPECT_EQ(arena.bytes_reserved(), reserved);
        }
    }
    EXPECT_EQ(upstream.live_blocks, 0u);
}

TEST(Arena, RetainKeepsTheSummedSizeUpToTheLimitInOneChunk) {
    for (const std::size_t rounds : {0u, 500u, 1'500u, 20'000u}) {
        for (const std::size_t limit : {0u, 1u, 31u, 32u, 47u, 48u, 49u, 1000u, 1024u, 5000u, 1u << 20}) {
            Upstream upstream;
            Arena arena{upstream, {.first_chunk = 1024}};
            round(arena, rounds);
            const std::size_t before = arena.bytes_reserved();
            EXPECT_TRUE(arena.reset(Reset::retain_with_limit(limit)));
            const std::size_t kept = std::min(before, limit);
            EXPECT_EQ(arena.bytes_reserved(), kept < 48 ? 0 : kept) << rounds << " " << limit;
            EXPECT_EQ(upstream.live_bytes, arena.bytes_reserved());
            EXPECT_LE(upstream.live_blocks, 1u);
            EXPECT_EQ(arena.bytes_used(), 0u);
            const std::size_t calls = upstream.calls;
            if (kept >= 48) std::memset(arena.allocate(kept - 32, 1), 1, kept - 32);
            EXPECT_EQ(upstream.calls, calls);
            round(arena, 3000);
            EXPECT_TRUE(arena.reset(Reset::free_all));
            EXPECT_EQ(upstream.live_bytes, 0u);
        }
    }
}

TEST(Arena, ResetThatIsRefusedKeepsTheLargestChunkAndSaysSo) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 1024}};
    round(arena, 2000);
    ASSERT_EQ(arena.bytes_reserved(), 3072u);
    upstream.refuse_above = 3071;
    EXPECT_FALSE(arena.reset(Reset::retain_capacity));
    EXPECT_EQ(arena.bytes_reserved(), 2048u);
    std::memset(arena.allocate(2016, 1), 1, 2016);
    upstream.refuse_above = 0;
    EXPECT_FALSE(arena.reset(Reset::retain_with_limit(1000)));
    EXPECT_EQ(arena.bytes_reserved(), 0u);
    EXPECT_EQ(arena.try_allocate(1), nullptr);
    upstream.refuse_above = SIZE_MAX;
    EXPECT_NE(arena.try_allocate(1), nullptr);
}

TEST(Arena, ResetGrowsTheKeptChunkWhereTheUpstreamCan) {
    Upstream upstream;
    upstream.remaps = true;
    Arena arena{upstream, {.first_chunk = 1024}};
    round(arena, 2000);
    const std::size_t calls = upstream.calls;
    EXPECT_TRUE(arena.reset(Reset::retain_capacity));
    EXPECT_EQ(upstream.calls, calls + 2) << "the smaller chunk freed, the larger one remapped";
    EXPECT_EQ(arena.bytes_reserved(), 3072u);
    EXPECT_EQ(upstream.live_bytes, 3072u);
    std::memset(arena.allocate(3040), 1, 3040);
}

TEST(Arena, DecayFollowsTheLargestRecentRound) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 1024}};
    round(arena, 1 << 20);
    EXPECT_TRUE(arena.reset(Reset::decay));
    const std::size_t huge = arena.bytes_reserved();
    EXPECT_GE(huge, 1u << 20);
    round(arena, 1 << 20);
    EXPECT_TRUE(arena.reset(Reset::decay));
    EXPECT_EQ(arena.bytes_reserved(), huge) << "a like round keeps it";
    for (int i = 0; i < 100; ++i) {
        round(arena, 10'000);
        EXPECT_TRUE(arena.reset(Reset::decay));
    }
    EXPECT_LE(arena.bytes_reserved(), 32'000u);
    EXPECT_GE(arena.bytes_reserved(), 10'000u);
    const std::size_t calls = upstream.calls;
    for (int i = 0; i < 100; ++i) {
        round(arena, 10'000);
        EXPECT_TRUE(arena.reset(Reset::decay));
    }
    EXPECT_EQ(upstream.calls, calls) << "a steady load keeps its chunk";
}

TEST(Arena, DecayKnowsTheRoundsThatEndedInOtherWays) {
    Upstream upstream;
    Arena arena{upstream};
    round(arena, 1 << 20);
    EXPECT_TRUE(arena.reset(Reset::retain_capacity));
    round(arena, 100);
    EXPECT_TRUE(arena.reset(Reset::decay));
    EXPECT_GE(arena.bytes_reserved(), 1u << 20) << "the huge round was the last but one";
}

TEST(Arena, MemoryAllocatedAfterAResetIsSound) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 256}};
    for (const Reset mode :
         {Reset::free_all, Reset::retain_capacity, Reset::decay, Reset::retain_with_limit(300)}) {
        for (const std::size_t bytes : {0u, 100u, 300u, 3000u}) {
            round(arena, bytes);
            EXPECT_TRUE(arena.reset(mode));
            std::memset(arena.allocate(700), 1, 700);
            std::memset(arena.allocate(7), 1, 7);
            EXPECT_TRUE(arena.reset(mode));
        }
    }
}

// ---- what it holds ----

TEST(Arena, TellsWhatItHolds) {
    Upstream upstream;
    alignas(16) std::byte buffer[128];
    Arena arena{buffer, upstream, {.first_chunk = 1024}};
    EXPECT_EQ(arena.chunk_count(), 1u);
    (void)arena.allocate(104);
    EXPECT_EQ(arena.spill_count(), 0u);
    EXPECT_EQ(arena.bytes_wasted(), 0u);
    (void)arena.allocate(200);
    EXPECT_EQ(arena.bytes_wasted(), 24u) << "the end of the buffer";
    (void)arena.allocate(5000);
    EXPECT_EQ(arena.chunk_count(), 3u);
    EXPECT_EQ(arena.spill_count(), 2u);
    EXPECT_EQ(arena.bytes_used(), 5304u);
    EXPECT_EQ(arena.bytes_reserved(), 1024u + 5032u);
    std::vector<std::pair<std::size_t, std::size_t>> chunks;
    arena.for_each_chunk(
        [&](const ArenaChunk& chunk) { chunks.emplace_back(chunk.used.size(), chunk.capacity); });
    EXPECT_EQ(chunks,
              (std::vector<std::pair<std::size_t, std::size_t>>{{200, 992}, {104, 128}, {5000, 5000}}));
    EXPECT_TRUE(arena.reset(Reset::retain_capacity));
    EXPECT_EQ(arena.chunk_count(), 2u);
    EXPECT_EQ(arena.bytes_reserved(), 1024u + 5032u + 128u);
    EXPECT_EQ(arena.peak_bytes_used(), 5304u);
}

TEST(Arena, OwnsWhatItHandedOut) {
    Upstream upstream;
    alignas(16) std::byte buffer[128];
    Arena arena{buffer, upstream, {.first_chunk = 1024}};
    EXPECT_FALSE(arena.owns(buffer)) << "not handed out yet";
    EXPECT_FALSE(arena.owns(nullptr));
    for (const std::size_t size : {104u, 304u, 5000u}) {
        const auto* p = static_cast<const std::byte*>(arena.allocate(size));
        EXPECT_TRUE(arena.owns(p));
        EXPECT_TRUE(arena.owns(p + size - 1));
        EXPECT_FALSE(arena.owns(p + size));
    }
    EXPECT_FALSE(arena.owns(&arena));
    EXPECT_TRUE(arena.reset(Reset::retain_capacity));
    EXPECT_FALSE(arena.owns(buffer));
}

TEST(Arena, ThePeakKnowsBlocksThatWereTakenBack) {
    Arena arena{heap(), {.first_chunk = 1024, .max_chunk = 1024}};
    void* p = arena.allocate(104);
    arena.deallocate(p, 104);
    EXPECT_EQ(arena.bytes_used(), 0u);
    EXPECT_EQ(arena.peak_bytes_used(), 104u);
    p = arena.allocate(200);
    ASSERT_TRUE(arena.resize(p, 200, 8, 304));
    ASSERT_TRUE(arena.resize(p, 304, 8, 16));
    EXPECT_EQ(arena.peak_bytes_used(), 304u);
    void* big = arena.allocate(2000);
    EXPECT_EQ(arena.peak_bytes_used(), 2016u);
    arena.deallocate(big, 2000);
    EXPECT_EQ(arena.bytes_used(), 16u);
    (void)arena.allocate(48);
    EXPECT_EQ(arena.peak_bytes_used(), 2016u);
}

TEST(Arena, ThePeakOfARoundIsNotThatOfTheNext) {
    // A round that frees what it made counts for Reset::decay as what it had at most.
    Arena arena{heap(), {.first_chunk = 64, .max_chunk = std::size_t{1} << 20}};
    const auto round = [&](std::size_t bytes) {
        void* const p = arena.allocate(bytes);
        arena.deallocate(p, bytes);
        EXPECT_TRUE(arena.reset(Reset::decay));
    };
    round(100'000);
    const std::size_t first = arena.bytes_reserved();
    for (int i = 0; i < 50; ++i) round(100'000);
    EXPECT_EQ(arena.bytes_reserved(), first) << "every round needed it";
    for (int i = 0; i < 50; ++i) round(100);
    EXPECT_LT(arena.bytes_reserved(), 10'000u) << "and then none did";
}

TEST(Arena, ThePeakSurvivesRewindsAndResets) {
    Arena arena;
    {
        const ArenaScope scope{arena};
        (void)arena.allocate(1000);
    }
    (void)arena.allocate(100);
    EXPECT_EQ(arena.peak_bytes_used(), 1000u);
    EXPECT_TRUE(arena.reset(Reset::free_all));
    (void)arena.allocate(3000);
    EXPECT_EQ(arena.peak_bytes_used(), 3000u);
}

}  // namespace
