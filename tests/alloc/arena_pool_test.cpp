#include <zigmund/alloc/arena_pool.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "arena_upstream.hpp"

namespace {

using namespace zigmund::alloc;
using arena_test::Upstream;

TEST(ArenaPool, TakesNothingBeforeTheFirstLease) {
    Upstream upstream;
    ArenaPool pool{upstream};
    pool.trim();
    EXPECT_EQ(upstream.calls, 0u);
    EXPECT_EQ(pool.idle_count(), 0u);
}

TEST(ArenaPool, AnArenaComesBackEmptyAndWarm) {
    Upstream upstream;
    ArenaPool pool{upstream};
    const Arena* first = nullptr;
    for (int round = 0; round < 3; ++round) {
        const ArenaPool::Lease arena = pool.acquire();
        if (round == 0) first = &*arena;
        EXPECT_EQ(&*arena, first);
        EXPECT_EQ(arena->bytes_used(), 0u);
        std::memset(arena->allocate(1000), 1, 1000);
        EXPECT_EQ(pool.leased_count(), 1u);
        EXPECT_EQ(upstream.calls, 2u) << "the arena and its chunk, once";
    }
    EXPECT_EQ(pool.leased_count(), 0u);
    EXPECT_EQ(pool.idle_count(), 1u);
    pool.trim();
    EXPECT_EQ(upstream.live_blocks, 0u);
    EXPECT_EQ(pool.idle_count(), 0u);
}

TEST(ArenaPool, LeasesAtTheSameTimeAreDifferentArenasAndTheLastOneBackIsTheFirstOut) {
    Upstream upstream;
    ArenaPool pool{upstream};
    std::optional<ArenaPool::Lease> one{pool.acquire()};
    std::optional<ArenaPool::Lease> two{pool.acquire()};
    const Arena* first = &**one;
    const Arena* second = &**two;
    EXPECT_NE(first, second);
    two.reset();
    one.reset();
    one.emplace(pool.acquire());
    EXPECT_EQ(&**one, first);
    two.emplace(pool.acquire());
    EXPECT_EQ(&**two, second);
}

TEST(ArenaPool, ALeaseMoves) {
    Upstream upstream;
    ArenaPool pool{upstream};
    ArenaPool::Lease one = pool.acquire();
    const Arena* first = &*one;
    ArenaPool::Lease other{std::move(one)};
    EXPECT_EQ(&*other, first);
    EXPECT_EQ(pool.leased_count(), 1u);
    ArenaPool::Lease third = pool.acquire();
    third = std::move(other);
    EXPECT_EQ(&*third, first);
    EXPECT_EQ(pool.leased_count(), 1u);
    EXPECT_EQ(pool.idle_count(), 1u);
}

TEST(ArenaPool, DestructorsRunWhenALeaseEnds) {
    struct Flag {
        explicit Flag(bool& f) noexcept : dead{f} {}
        Flag(const Flag&) = delete;
        Flag& operator=(const Flag&) = delete;
        ~Flag() { dead = true; }
        bool& dead;
    };
    ArenaPool pool;
    bool dead = false;
    {
        const ArenaPool::Lease arena = pool.acquire();
        (void)arena->create<Flag>(dead);
        EXPECT_FALSE(dead);
    }
    EXPECT_TRUE(dead);
}

TEST(ArenaPool, KeepsNoMoreIdleArenasThanItWasTold) {
    Upstream upstream;
    ArenaPool pool{upstream, {.max_idle = 1}};
    {
        const ArenaPool::Lease one = pool.acquire();
        const ArenaPool::Lease two = pool.acquire();
        EXPECT_EQ(upstream.live_blocks, 2u);
    }
    EXPECT_EQ(pool.idle_count(), 1u);
    EXPECT_EQ(upstream.live_blocks, 1u);
}

TEST(ArenaPool, KeepsOfAnArenaWhatItWasTold) {
    Upstream upstream;
    ArenaPool pool{upstream, {.keep = Reset::retain_with_limit(1000)}};
    {
        std::memset(pool.acquire()->allocate(100'000), 1, 100'000);
    }
    EXPECT_EQ(pool.acquire()->bytes_reserved(), 1000u);
}

TEST(ArenaPool, WithoutMemoryAcquireThrowsAndTryAcquireReturnsTheError) {
    Upstream upstream;
    upstream.refuse_above = 0;
    ArenaPool pool{upstream};
    EXPECT_THROW((void)pool.acquire(), std::bad_alloc);
    EXPECT_EQ(pool.try_acquire().error(), Error::out_of_memory);
    EXPECT_EQ(pool.leased_count(), 0u);
    upstream.refuse_above = SIZE_MAX;
    EXPECT_TRUE(pool.try_acquire().has_value());
}

TEST(ArenaPool, ThreadsNeverShareAnArena) {
    ArenaPool pool;
    std::array<bool, 4> sound{};
    {
        std::vector<std::jthread> threads;
        for (unsigned t = 0; t < sound.size(); ++t) {
            threads.emplace_back([&pool, &sound, t] {
                bool good = true;
                for (int round = 0; round < 500; ++round) {
                    const ArenaPool::Lease arena = pool.acquire();
                    std::vector<unsigned char*> blocks;
                    for (int i = 0; i < 20; ++i) {
                        blocks.push_back(static_cast<unsigned char*>(arena->allocate(100)));
                        std::memset(blocks.back(), static_cast<int>(t), 100);
                    }
                    for (const unsigned char* block : blocks)
                        for (int i = 0; i < 100; ++i) good = good && block[i] == t;
                }
                sound[t] = good;
            });
        }
    }
    for (const bool good : sound) EXPECT_TRUE(good);
    EXPECT_LE(pool.idle_count(), 4u);
    EXPECT_EQ(pool.leased_count(), 0u);
}

TEST(ArenaPool, ALeaseEndsOnAnotherThread) {
    ArenaPool pool;
    ArenaPool::Lease arena = pool.acquire();
    std::memset(arena->allocate(100'000), 1, 100'000);
    std::jthread{[lease = std::move(arena)] { std::memset(lease->allocate(100), 2, 100); }}.join();
    EXPECT_EQ(pool.idle_count(), 1u);
}

TEST(ArenaPoolDeathTest, DestroyedWhileALeaseIsOut) {
    EXPECT_DEATH(
        {
            std::optional<ArenaPool> pool{std::in_place};
            const ArenaPool::Lease lease = pool->acquire();
            pool.reset();
        },
        "^zigmund: ArenaPool: destroyed while a lease is out\n$");
}

}  // namespace
