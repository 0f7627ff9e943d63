// Mistakes that other allocators shipped, where the tests of a part do not show them already.
#include <zigmund/alloc.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using namespace zigmund::alloc;
using namespace zigmund::alloc::testing;
using Growth = CheckedUpstream::Growth;
using Strings = std::vector<std::string>;

struct Filled {
    unsigned char* p;
    std::size_t size;
    unsigned char value;

    Filled(Arena& arena, std::size_t n, std::size_t align, unsigned char v)
        : p{static_cast<unsigned char*>(arena.allocate(n, align))}, size{n}, value{v} {
        std::memset(p, value, size);
    }
    [[nodiscard]] bool intact() const {
        return std::all_of(p, p + size, [this](unsigned char byte) { return byte == value; });
    }
};

/// A round of `chunks` chunks of some 1000 bytes; no block is lost or overlapped by another.
void play_a_round(Arena& arena, std::size_t chunks) {
    std::vector<Filled> blocks;
    for (std::size_t i = 0; i < chunks * 10; ++i) {
        blocks.emplace_back(arena, 60 + i % 50, std::size_t{1} << (i % 6), static_cast<unsigned char>(i + 1));
    }
    for (const Filled& block : blocks) EXPECT_TRUE(block.intact());
}

constexpr ArenaOptions small_chunks{.first_chunk = 1024, .growth_percent = 100};
constexpr std::array<std::size_t, 4> chunk_counts{0, 1, 2, 7};

// ---- reset ----

TEST(Reset, WithEveryLimitFromEveryStateKeepsNoMoreThanThatAndLeavesASoundArena) {
    for (const Growth growth : {Growth::refuses, Growth::in_place, Growth::moves}) {
        for (const std::size_t chunks : chunk_counts) {
            const std::size_t capacity = chunks * 1024;
            for (const std::size_t limit :
                 {std::size_t{0}, std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{31},
                  std::size_t{32}, std::size_t{33}, std::size_t{47}, std::size_t{48}, std::size_t{49},
                  std::size_t{1023}, std::size_t{1024}, std::size_t{1025}, capacity / 2,
                  capacity - (capacity != 0), capacity, capacity + 1, SIZE_MAX}) {
                CheckedUpstream upstream{growth};
                {
                    Arena arena{upstream, small_chunks};
                    play_a_round(arena, chunks);
                    const std::size_t reserved = arena.bytes_reserved();
                    (void)arena.reset(Reset::retain_with_limit(limit));
                    EXPECT_EQ(arena.bytes_used(), 0u);
                    EXPECT_LE(arena.bytes_reserved(), std::min(limit, reserved));
                    EXPECT_EQ(arena.bytes_reserved(), upstream.live_bytes());
                    play_a_round(arena, chunks);
                    (void)arena.reset(Reset::retain_with_limit(limit));
                    play_a_round(arena, 3);
                }
                EXPECT_EQ(upstream.violations(), Strings{});
                EXPECT_EQ(upstream.live_blocks(), 0u);
            }
        }
    }
}

TEST(Reset, InEveryModeFromEveryStateWithAnUpstreamThatFailsLeavesASoundArena) {
    for (const Growth growth : {Growth::refuses, Growth::in_place, Growth::moves}) {
        for (const std::size_t chunks : chunk_counts) {
            for (const Reset mode :
                 {Reset::free_all, Reset::retain_capacity, Reset::decay, Reset::retain_with_limit(1500)}) {
                for (std::size_t fails_later = 0; fails_later < 4; ++fails_later) {
                    CheckedUpstream upstream{growth};
                    {
                        Arena arena{upstream, small_chunks};
                        play_a_round(arena, chunks);
                        upstream.fail_at(upstream.calls() + fails_later, true);
                        (void)arena.reset(mode);
                        EXPECT_EQ(arena.bytes_used(), 0u);
                        EXPECT_EQ(arena.bytes_reserved(), upstream.live_bytes());
                        upstream.fail_never();
                        play_a_round(arena, chunks + 1);
                    }
                    EXPECT_EQ(upstream.violations(), Strings{});
                    EXPECT_EQ(upstream.live_blocks(), 0u);
                }
            }
        }
    }
}

TEST(Reset, OfAnArenaThatOwnsNothingAsksTheUpstreamNothing) {
    for (const Reset mode :
         {Reset::free_all, Reset::retain_capacity, Reset::decay, Reset::retain_with_limit(100)}) {
        CheckedUpstream upstream;
        Arena arena{upstream};
        EXPECT_TRUE(arena.reset(mode));
        EXPECT_EQ(upstream.calls(), 0u);
        (void)arena.allocate(0);
        EXPECT_TRUE(arena.reset(mode));
        EXPECT_EQ(arena.bytes_used(), 0u);
    }
}

TEST(Reset, BytesReservedAreWhatTheUpstreamGaveBeforeAndAfter) {
    CheckedUpstream upstream;
    Arena arena{upstream, small_chunks};
    for (int round = 0; round < 5; ++round) {
        play_a_round(arena, 4);
        EXPECT_EQ(arena.bytes_reserved(), upstream.live_bytes());
        EXPECT_TRUE(arena.reset(Reset::retain_capacity));
        EXPECT_EQ(arena.bytes_reserved(), upstream.live_bytes());
    }
    const std::size_t reserved = arena.bytes_reserved();
    const std::size_t calls = upstream.calls();
    play_a_round(arena, 4);
    EXPECT_TRUE(arena.reset(Reset::retain_capacity));
    EXPECT_EQ(arena.bytes_reserved(), reserved);
    EXPECT_EQ(upstream.calls(), calls);
}

TEST(Arena, ChunksOfEverySizeInEveryOrderServeTheNextRound) {
    std::array<std::size_t, 5> sizes{9, 16, 600, 3000, 40000};
    do {
        CheckedUpstream upstream;
        Arena arena{upstream, {.first_chunk = 64}};
        for (int round = 0; round < 3; ++round) {
            std::vector<Filled> blocks;
            unsigned char value = 1;
            for (const std::size_t size : sizes) blocks.emplace_back(arena, size, 16, value++);
            for (const Filled& block : blocks) EXPECT_TRUE(block.intact());
            EXPECT_TRUE(arena.reset(Reset::retain_capacity));
        }
        EXPECT_EQ(upstream.violations(), Strings{});
    } while (std::ranges::next_permutation(sizes).found);
}

static_assert(!std::is_copy_constructible_v<Arena> && !std::is_move_constructible_v<Arena>,
              "what was handed out points to the arena, and its upstream may belong to a thread");

// ---- scopes ----

// Its blocks, and whoever holds its Allocator, point to it: there is no moved-from arena, and none that
// changes its thread behind their backs.
template <class T>
constexpr bool stays_where_it_is =
    !std::is_move_constructible_v<T> && !std::is_move_assignable_v<T> && !std::is_swappable_v<T>;
static_assert(stays_where_it_is<Arena> && stays_where_it_is<BasicArena<1>> && stays_where_it_is<ArenaPool> &&
              stays_where_it_is<FixedBuffer> && stays_where_it_is<Pool<int>> &&
              stays_where_it_is<GeneralPurposeAllocator>);

TEST(ArenaScope, AnEarlyReturnLeavesNoScratchMemoryBehind) {
    const auto work = [](Arena& arena, int returns_at) {
        const ArenaScope outer{arena};
        (void)arena.allocate(100);
        if (returns_at == 0) return;
        for (int i = 1; i < 5; ++i) {
            const ArenaScope inner{arena};
            (void)arena.allocate(5000);
            if (returns_at == i) return;
        }
    };
    Arena arena;
    (void)arena.allocate(10);
    const std::size_t used = arena.bytes_used();
    for (int returns_at = 0; returns_at < 6; ++returns_at) {
        work(arena, returns_at);
        EXPECT_EQ(arena.bytes_used(), used);
    }
}

// ---- limits ----

TEST(Limit, UnderAnArenaReturnsToZeroAfterRandomRounds) {
    for (const Growth growth : {Growth::refuses, Growth::in_place, Growth::moves}) {
        CheckedUpstream upstream{growth};
        Limit limit{upstream, {.limit = 60'000}};
        {
            Arena arena{limit, {.first_chunk = 256}};
            std::mt19937 random{42};
            for (int round = 0; round < 50; ++round) {
                std::vector<std::pair<void*, std::size_t>> blocks;
                for (int i = 0; i < 40; ++i) {
                    const std::size_t size = random() % 4000;
                    if (void* const p = arena.try_allocate(size)) blocks.emplace_back(p, size);
                    if (blocks.empty()) continue;
                    auto& [p, old_size] = blocks[random() % blocks.size()];
                    const std::size_t new_size = random() % 4000;
                    if (void* const moved = arena.remap(p, old_size, default_align, new_size)) {
                        p = moved;
                        old_size = new_size;
                    }
                    ASSERT_LE(limit.bytes_used(), 60'000u);
                    ASSERT_EQ(limit.bytes_used(), upstream.live_bytes());
                }
                (void)arena.reset(round % 3 == 0 ? Reset::free_all
                                                 : Reset::retain_with_limit(random() % 60'000));
                ASSERT_EQ(limit.bytes_used(), upstream.live_bytes());
            }
        }
        EXPECT_EQ(limit.bytes_used(), 0u);
        EXPECT_EQ(upstream.violations(), Strings{});
    }
}

// ---- builders ----

TEST(Allocator, WhatItBuildsIsExactlyAsLargeAsItsContent) {
    CheckedUpstream upstream;
    const Allocator a = upstream;
    for (std::size_t size = 0; size < 600; size += size < 20 ? 1 : 37) {
        const std::string text(size, 'x');
        const std::vector<std::uint16_t> numbers(size, 7);
        const std::string_view copy = a.dupe(text);
        const auto numbers_copy = a.dupe(numbers);
        EXPECT_EQ(copy, text);
        EXPECT_TRUE(std::ranges::equal(numbers_copy, numbers));
        EXPECT_EQ(upstream.live_bytes(), size + 2 * size);
        a.free(copy);
        a.free(numbers_copy);
    }
    EXPECT_EQ(upstream.violations(), Strings{});
    EXPECT_EQ(upstream.live_blocks(), 0u);
}

// ---- GeneralPurposeAllocator ----

TEST(GeneralPurposeAllocator, ConformsWithEveryDepthOfStacks) {
    for (const unsigned frames : {0u, 1u, 2u, 32u}) {
        EXPECT_TRUE(conforms(
            [frames](Resource& upstream) {
                return std::make_unique<GeneralPurposeAllocator>(
                    GeneralPurposeOptions{.tier = Tier::traced, .backing = upstream, .stack_frames = frames});
            },
            {.max_size = 5000, .max_align = 4096}))
            << frames;
    }
}

TEST(GeneralPurposeAllocator, ADoubleFreeIsNamedWhereverTheBlockWas) {
    struct Seen {
        std::vector<MemoryErrorKind> kinds;
        static void add(const MemoryError& error, void* context) {
            static_cast<Seen*>(context)->kinds.push_back(error.kind);
        }
    };
    // Held back after its first free, and, with a quarantine of one block or none, gone on to the backing.
    for (const std::size_t held_back : {0u, 1u, 512u}) {
        for (const std::size_t size :
             {std::size_t{1}, std::size_t{24}, std::size_t{4096}, std::size_t{1} << 22}) {
            for (const std::size_t neighbours : {0u, 1u, 20u}) {
                Seen seen;
                GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                             .quarantine_blocks = held_back,
                                             .on_error = Seen::add,
                                             .on_error_context = &seen}};
                std::vector<void*> others;
                for (std::size_t i = 0; i < 2 * neighbours; ++i) others.push_back(gpa.try_allocate(size));
                void* const p = gpa.try_allocate(size);
                gpa.deallocate(p, size);
                for (std::size_t i = 0; i < neighbours; ++i) {
                    gpa.deallocate(others.back(), size);
                    others.pop_back();
                }
                gpa.deallocate(p, size);
                EXPECT_EQ(seen.kinds, std::vector{MemoryErrorKind::double_free})
                    << held_back << ", " << size << ", " << neighbours;
                for (void* const other : others) gpa.deallocate(other, size);
                EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
            }
        }
    }
}

// ---- stacks of no depth ----

TEST(Failing, ShowsAsManyFramesAsItWasAskedFor) {
    Failing failing{heap(), {.at = 0}};
    EXPECT_EQ(failing.try_allocate(1), nullptr);
    const auto frames = [&](unsigned most) {
        const std::string stack = failing.failure_stack(most);
        std::size_t highest = 0;
        for (std::size_t at = stack.find("    #"); at != std::string::npos;
             at = stack.find("    #", at + 1)) {
            highest = std::max(highest, std::strtoul(stack.c_str() + at + 5, nullptr, 10) + 1);
        }
        return highest;
    };
    EXPECT_EQ(frames(0), 0u);
    EXPECT_EQ(frames(1), 1u);
    EXPECT_EQ(frames(3), 3u);
}

// ---- alignment ----

TEST(Alignment, OfSixteenIsKeptForSizesThatAreNoMultipleOfIt) {
    // libstdc++ 12's std::pmr::unsynchronized_pool_resource misplaces 24 bytes at 16.
    CheckedUpstream upstream;
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .backing = upstream}};
    Arena arena{upstream};
    for (Resource* const resource : {&heap().resource(), &malloc_heap().resource(),
                                     static_cast<Resource*>(&gpa), static_cast<Resource*>(&arena)}) {
        std::vector<void*> blocks;
        for (int i = 0; i < 100; ++i) {
            blocks.push_back(resource->allocate(24, 16));
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(blocks.back()) % 16, 0u);
        }
        for (void* const p : blocks) resource->deallocate(p, 24, 16);
    }
}

}  // namespace
