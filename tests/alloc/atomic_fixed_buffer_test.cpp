#include <zigmund/alloc/atomic_fixed_buffer.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <cstring>
#include <thread>
#include <vector>

#include "random_verbs.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::conforms;
using zigmund::alloc::testing::RandomVerbs;

TEST(AtomicFixedBuffer, Conforms) {
    std::vector<std::byte> memory(64 << 20);  // never given back: enough for all that the suite asks for
    AtomicFixedBuffer buffer{memory};
    EXPECT_TRUE(conforms(buffer, {.frees = false, .may_refuse = true, .grows_in_place = true, .threads = 4}));
}

TEST(AtomicFixedBuffer, HandsOutTheLastByteAndNoMore) {
    alignas(64) std::array<std::byte, 1024> bytes;
    AtomicFixedBuffer buffer{bytes};
    EXPECT_EQ(buffer.try_allocate(1000, 1), bytes.data());
    EXPECT_EQ(buffer.try_allocate(25, 1), nullptr);
    EXPECT_NE(buffer.try_allocate(24, 1), nullptr);
    EXPECT_EQ(buffer.try_allocate(1, 1), nullptr);
    EXPECT_THROW((void)buffer.allocate(1), std::bad_alloc);
    for (std::size_t k = 0; k < 2000; ++k) {
        ASSERT_EQ(buffer.try_allocate(SIZE_MAX - k, 64), nullptr);
        ASSERT_FALSE(buffer.resize(bytes.data(), 1000, 1, SIZE_MAX - k));
    }
    buffer.reset();
    EXPECT_EQ(buffer.try_allocate(1024, 1), bytes.data());
}

TEST(AtomicFixedBuffer, AnEmptyBufferHasOnlyEmptyBlocks) {
    AtomicFixedBuffer buffer{{}};
    EXPECT_EQ(buffer.try_allocate(1, 1), nullptr);
    void* p = buffer.try_allocate(0, 1);
    ASSERT_NE(p, nullptr) << "null would be a refusal";
    buffer.deallocate(p, 0, 1);
    EXPECT_EQ(buffer.bytes_used(), 0u);
}

TEST(AtomicFixedBuffer, TheNewestBlockGrowsShrinksAndIsFreedInPlace) {
    alignas(64) std::array<std::byte, 1024> bytes;
    AtomicFixedBuffer buffer{bytes};
    void* old = buffer.allocate(10, 1);
    void* p = buffer.allocate(100, 16);
    EXPECT_TRUE(buffer.resize(p, 100, 16, 1008));
    EXPECT_FALSE(buffer.resize(p, 1008, 16, 1009));
    EXPECT_FALSE(buffer.resize(old, 10, 1, 11));
    EXPECT_TRUE(buffer.resize(old, 10, 1, 5));
    EXPECT_TRUE(buffer.resize(p, 1008, 16, 1));
    buffer.deallocate(p, 1, 16);
    EXPECT_EQ(buffer.bytes_used(), 16u);
}

TEST(AtomicFixedBuffer, RandomVerbsAgreeWithAModel) {
    std::vector<std::byte> memory(1 << 16);
    AtomicFixedBuffer buffer{memory};
    RandomVerbs verbs;
    verbs.check = [&](const RandomVerbs::Live& live) {
        ASSERT_GE(buffer.bytes_used(), live.bytes);
        if (live.blocks == 0) buffer.reset();
    };
    verbs.run(buffer);
}

TEST(AtomicFixedBuffer, ThreadsShareItWithoutOverlap) {
    constexpr int threads = 4;
    std::vector<std::byte> memory(1 << 16);
    AtomicFixedBuffer buffer{memory};
    for (int round = 0; round < 50; ++round) {
        std::array<std::size_t, threads> kept{};
        std::barrier start{threads};
        std::vector<std::thread> team;
        team.reserve(threads);
        for (int t = 0; t < threads; ++t) {
            team.emplace_back([&, t] {
                struct Block {
                    unsigned char* p;
                    std::size_t size;
                };
                std::vector<Block> mine;
                start.arrive_and_wait();
                for (std::size_t i = 0;; ++i) {
                    std::size_t size = 1 + i % 60;
                    auto* p =
                        static_cast<unsigned char*>(buffer.try_allocate(size, std::size_t{1} << (i % 5)));
                    if (p == nullptr) break;
                    std::memset(p, t, size);
                    if (i % 3 == 0) {
                        buffer.deallocate(p, size, 1);
                        continue;
                    }
                    if (i % 3 == 1 && buffer.resize(p, size, 1, size + 20)) {
                        size += 20;
                        std::memset(p, t, size);
                    }
                    mine.push_back({p, size});
                }
                for (const Block& b : mine) {
                    if (std::all_of(b.p, b.p + b.size, [&](unsigned char c) { return c == t; }))
                        kept[static_cast<std::size_t>(t)] += b.size;
                    else
                        ADD_FAILURE() << "another thread wrote into a block";
                }
            });
        }
        for (std::thread& one : team) one.join();
        std::size_t all = 0;
        for (const std::size_t one : kept) all += one;
        EXPECT_LE(all, memory.size());
        EXPECT_GT(all, memory.size() / 4);
        buffer.reset();
    }
}

}  // namespace
