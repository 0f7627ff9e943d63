#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/counting.hpp>
#include <zigmund/alloc/limit.hpp>
#include <zigmund/alloc/locked.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "random_verbs.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::conforms;
using zigmund::alloc::testing::RandomVerbs;

TEST(Locked, Conforms) {
    EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<Locked>(upstream); },
                         {.grows_in_place = true, .remaps = true, .threads = 4}));
}

TEST(Locked, MakesAStackOfSingleThreadedResourcesFitForThreads) {
    Arena arena;
    Counting counting{arena};
    Limit limit{counting, {.limit = 1 << 16}};
    Locked shared{limit};
    std::vector<std::thread> team;
    for (std::uint32_t t = 1; t <= 4; ++t)
        team.emplace_back([&, t] {
            RandomVerbs verbs;
            verbs.seed = t;
            verbs.run(shared);
        });
    for (std::thread& one : team) one.join();
    EXPECT_EQ(limit.bytes_used(), 0u);
    EXPECT_EQ(counting.counts().live_bytes, 0u);
    EXPECT_EQ(counting.counts().live_blocks, 0u);
}

}  // namespace
