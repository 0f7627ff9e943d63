#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/savepoint.hpp>
#include <zigmund/alloc/transaction.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "arena_upstream.hpp"

namespace {

using namespace zigmund::alloc;
using arena_test::Upstream;

void fill(void* p, std::size_t size, int value) { std::memset(p, value, size); }

bool holds(const void* p, std::size_t size, unsigned char value) {
    const auto* bytes = static_cast<const unsigned char*>(p);
    for (std::size_t i = 0; i < size; ++i)
        if (bytes[i] != value) return false;
    return true;
}

TEST(Savepoint, ARewindFreesWhatWasMadeSince) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 1024}};
    void* before = arena.allocate(100);
    fill(before, 100, 1);
    const Savepoint here = arena.savepoint();
    void* first = arena.allocate(50);
    for (int i = 0; i < 100; ++i) fill(arena.allocate(100), 100, 2);
    fill(arena.allocate(100'000), 100'000, 2);
    arena.rewind(here);
    EXPECT_EQ(arena.bytes_used(), 104u);
    EXPECT_TRUE(holds(before, 100, 1));
    EXPECT_EQ(arena.allocate(50), first);
}

TEST(Savepoint, ABigBlockMadeSinceIsFreed) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 1024}};
    void* outer = arena.allocate(5'000);
    fill(outer, 5'000, 1);
    const std::size_t bytes = upstream.live_bytes;
    {
        const ArenaScope scope{arena};
        fill(arena.allocate(10'000), 10'000, 2);
        fill(arena.allocate(20'000), 20'000, 2);
    }
    EXPECT_EQ(upstream.live_bytes, bytes);
    EXPECT_TRUE(holds(outer, 5'000, 1));
    arena.deallocate(outer, 5'000);
    EXPECT_EQ(arena.bytes_used(), 0u);
}

TEST(Savepoint, OfAnArenaThatOwnsNothing) {
    Upstream upstream;
    Arena arena{upstream};
    {
        const ArenaScope unused{arena};
    }
    for (int i = 0; i < 3; ++i) {
        const ArenaScope scope{arena};
        fill(arena.allocate(100), 100, 1);
        fill(arena.allocate(100'000), 100'000, 1);
    }
    EXPECT_EQ(arena.bytes_used(), 0u);
    EXPECT_EQ(upstream.live_bytes, 4096u) << "the one chunk that is kept for what comes next";
    EXPECT_TRUE(arena.reset(Reset::free_all));
    EXPECT_EQ(upstream.live_bytes, 0u);
}

TEST(Savepoint, ALoopOfScopesAtTheEndOfAChunkAsksTheUpstreamOnce) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 1024}};
    for (int i = 0; i < 8; ++i) (void)arena.allocate(112);
    for (int i = 0; i < 100; ++i) {
        const ArenaScope scope{arena};
        for (int k = 0; k < 10; ++k) (void)arena.allocate(100);
    }
    EXPECT_EQ(upstream.calls, 2u);
}

// ---- the floor ----

TEST(Savepoint, TheNewestBlockBeforeItIsNeitherGrownNorTakenBack) {
    Arena arena;
    void* outer = arena.allocate(64);
    fill(outer, 64, 1);
    {
        const ArenaScope scope{arena};
        EXPECT_FALSE(arena.resize(outer, 64, 16, 128));
        EXPECT_EQ(arena.remap(outer, 64, 16, 128), nullptr);
        EXPECT_FALSE(arena.allocator().resize(outer, 64, 16, 128));
        EXPECT_TRUE(arena.resize(outer, 64, 16, 64));
        void* inner = arena.allocate(64);
        EXPECT_NE(inner, outer);
        fill(inner, 64, 2);
        EXPECT_TRUE(arena.resize(inner, 64, 16, 128));
    }
    EXPECT_TRUE(holds(outer, 64, 1));
    EXPECT_TRUE(arena.resize(outer, 64, 16, 128)) << "the floor is gone with the scope";
    {
        const ArenaScope scope{arena};
        arena.deallocate(outer, 128);
        EXPECT_NE(arena.allocate(16), outer) << "taken back, it would be freed twice: by the rewind too";
    }
}

TEST(Savepoint, ABlockOfSizeZeroBeforeItIsNotGrownEither) {
    Arena arena;
    (void)arena.allocate(16);
    void* outer = arena.allocate(0);
    const ArenaScope scope{arena};
    EXPECT_FALSE(arena.resize(outer, 0, 16, 16)) << "its bytes would lie in what the rewind frees";
    EXPECT_TRUE(arena.resize(outer, 0, 16, 0));
}

TEST(Savepoint, ABigBlockBeforeItIsNeitherGrownNorFreed) {
    Upstream upstream;
    upstream.resizes = true;
    Arena arena{upstream, {.first_chunk = 1024}};
    void* outer = arena.allocate(10'000);
    const std::size_t bytes = upstream.live_bytes;
    {
        const ArenaScope scope{arena};
        EXPECT_FALSE(arena.resize(outer, 10'000, 16, 11'000));
        EXPECT_EQ(arena.remap(outer, 10'000, 16, 11'000), nullptr);
        void* inner = arena.allocate(20'000);
        EXPECT_TRUE(arena.resize(inner, 20'000, 16, 21'000));
        arena.deallocate(inner, 21'000);
        EXPECT_TRUE(arena.resize(outer, 10'000, 16, 50)) << "smaller is always granted";
        EXPECT_EQ(upstream.live_bytes, bytes);
    }
    arena.deallocate(outer, 50);
    EXPECT_EQ(upstream.live_bytes, 0u) << "found by the size that it has now";
    EXPECT_EQ(arena.bytes_used(), 0u);
}

TEST(Savepoint, ABigBlockThatShrinksBelowTheFloorIsCountedRightWhenItMovesLater) {
    Upstream upstream;
    upstream.remaps = true;
    Arena arena{upstream};
    void* big = arena.allocate(10'000);
    {
        ArenaScope scope{arena};
        ASSERT_TRUE(arena.resize(big, 10'000, default_align, 100));
    }
    big = arena.remap(big, 100, default_align, 20'000);
    ASSERT_NE(big, nullptr);
    EXPECT_EQ(arena.bytes_used(), 20'000U);
    arena.deallocate(big, 20'000);
    EXPECT_EQ(arena.bytes_used(), 0U);
}

TEST(Savepoint, TheFloorHoldsAcrossChunks) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 256}};
    (void)arena.allocate(90);
    void* outer = arena.allocate(90);
    fill(outer, 90, 1);
    const Savepoint here = arena.savepoint();
    void* inner = arena.allocate(60);
    EXPECT_EQ(upstream.sizes.size(), 2u) << "it lies in a chunk of its own";
    EXPECT_TRUE(arena.resize(inner, 60, 16, 120)) << "above the floor as a whole";
    EXPECT_FALSE(arena.resize(outer, 90, 16, 100));
    arena.rewind(here);
    EXPECT_TRUE(holds(outer, 90, 1));
    EXPECT_TRUE(arena.resize(outer, 90, 16, 100));
}

// ---- nesting and release ----

TEST(Savepoint, ScopesNest) {
    Arena arena;
    std::vector<std::size_t> used;
    const auto descend = [&](auto& self, int depth) -> void {
        if (depth == 0) return;
        const std::size_t before = arena.bytes_used();
        {
            const ArenaScope scope{arena};
            fill(arena.allocate(1000), 1000, depth);
            self(self, depth - 1);
            fill(arena.allocate(100), 100, depth);
        }
        EXPECT_EQ(arena.bytes_used(), before);
    };
    descend(descend, 20);
    EXPECT_EQ(arena.bytes_used(), 0u);
}

TEST(Savepoint, AReleaseKeepsTheBlocksAndRestoresTheFloor) {
    Arena arena;
    void* outer = arena.allocate(16);
    const Savepoint first = arena.savepoint();
    void* middle = arena.allocate(16);
    const Savepoint second = arena.savepoint();
    void* inner = arena.allocate(16);
    fill(inner, 16, 3);
    arena.release(second);
    EXPECT_TRUE(holds(inner, 16, 3));
    arena.deallocate(inner, 16);
    EXPECT_TRUE(arena.resize(middle, 16, 16, 32)) << "above the floor of the first";
    arena.deallocate(middle, 32);
    EXPECT_FALSE(arena.resize(outer, 16, 16, 32)) << "below it";
    arena.release(first);
    EXPECT_TRUE(arena.resize(outer, 16, 16, 32));
}

// ---- destructors ----

struct Tracer {
    Tracer(std::vector<int>& l, int n) noexcept : log{&l}, number{n} {}
    Tracer(const Tracer&) = delete;
    Tracer& operator=(const Tracer&) = delete;
    ~Tracer() { log->push_back(number); }
    std::vector<int>* log;
    int number;
};

TEST(Savepoint, ARewindRunsTheDestructorsRegisteredSince) {
    std::vector<int> log;
    Arena arena;
    (void)arena.create<Tracer>(log, 1);
    {
        const ArenaScope scope{arena};
        (void)arena.create<Tracer>(log, 2);
        (void)arena.create<Tracer>(log, 3);
    }
    EXPECT_EQ(log, (std::vector<int>{3, 2}));
    EXPECT_TRUE(arena.reset(Reset::free_all));
    EXPECT_EQ(log, (std::vector<int>{3, 2, 1}));
}

// ---- transactions ----

TEST(Transaction, RewindsUnlessItIsCommitted) {
    std::vector<int> log;
    Arena arena;
    const auto build = [&](bool succeed) -> Tracer* {
        Transaction transaction = arena.transaction();
        auto* built = arena.create<Tracer>(log, 1);
        if (!succeed) return nullptr;
        transaction.commit();
        return built;
    };
    EXPECT_EQ(build(false), nullptr);
    EXPECT_EQ(log.size(), 1u);
    EXPECT_EQ(arena.bytes_used(), 0u);
    EXPECT_EQ(build(true)->number, 1);
    EXPECT_EQ(log.size(), 1u);
    EXPECT_NE(arena.bytes_used(), 0u);
}

TEST(Transaction, RewindsWhenAnExceptionPasses) {
    Upstream upstream;
    Arena arena{upstream};
    const auto build = [&] {
        const Transaction transaction = arena.transaction();
        (void)arena.allocate(100'000);
        throw std::runtime_error("no");
    };
    EXPECT_THROW(build(), std::runtime_error);
    EXPECT_EQ(upstream.live_bytes, 0u);
}

TEST(Transaction, InnerCommitBelongsToTheOuterOne) {
    Arena arena;
    {
        const Transaction outer = arena.transaction();
        Transaction inner = arena.transaction();
        (void)arena.allocate(100);
        inner.commit();
        EXPECT_EQ(arena.bytes_used(), 104u);
    }
    EXPECT_EQ(arena.bytes_used(), 0u);
}

// ---- misuse ----

TEST(SavepointDeathTest, UseOutOfOrder) {
    Arena arena;
    const Savepoint outer = arena.savepoint();
    const Savepoint inner = arena.savepoint();
    EXPECT_DEATH(arena.rewind(outer), "^zigmund: Arena: a savepoint taken after this one is still open\n$");
    EXPECT_DEATH(arena.release(outer), "^zigmund: Arena: a savepoint taken after this one is still open\n$");
    arena.rewind(inner);
    arena.rewind(outer);
}

TEST(SavepointDeathTest, UseTwice) {
    Arena arena;
    const Savepoint outer = arena.savepoint();
    const Savepoint inner = arena.savepoint();
    const Savepoint copy = inner;
    arena.rewind(inner);
    EXPECT_DEATH(arena.rewind(copy), "^zigmund: Arena: this savepoint was closed already\n$");
    const Savepoint next = arena.savepoint();
    EXPECT_DEATH(arena.rewind(inner), "^zigmund: Arena: this savepoint was closed already\n$");
    arena.release(next);
    arena.rewind(outer);
    EXPECT_DEATH(arena.release(outer), "^zigmund: Arena: this savepoint was closed already\n$");
    EXPECT_DEATH(
        {
            Transaction transaction = arena.transaction();
            transaction.commit();
            transaction.commit();
        },
        "^zigmund: Arena: this savepoint was closed already\n$");
}

TEST(SavepointDeathTest, UseWithAnotherArena) {
    Arena arena;
    Arena other;
    const Savepoint here = arena.savepoint();
    const Savepoint there = other.savepoint();
    EXPECT_DEATH(other.rewind(here), "^zigmund: Arena: this savepoint belongs to another arena\n$");
    other.rewind(there);
    arena.rewind(here);
}

TEST(SavepointDeathTest, ResetWhileOneIsOpen) {
    Arena arena;
    const Savepoint here = arena.savepoint();
    EXPECT_DEATH(arena.reset(Reset::free_all),
                 "^zigmund: Arena: reset or destroyed while a savepoint is open\n$");
    arena.rewind(here);
    EXPECT_DEATH(
        {
            Arena short_lived;
            (void)short_lived.savepoint();
        },
        "^zigmund: Arena: reset or destroyed while a savepoint is open\n$");
}

}  // namespace
