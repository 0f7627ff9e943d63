#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/counting.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/limit.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "random_verbs.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;
using zigmund::alloc::testing::conforms;
using zigmund::alloc::testing::RandomVerbs;

std::string printed(const Counting& counting) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* out = ::open_memstream(&text, &size);
    counting.print(out);
    std::fclose(out);
    std::string result{text, size};
    std::free(text);
    return result;
}

TEST(Counting, Conforms) {
    EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<Counting>(upstream); },
                         {.grows_in_place = true, .remaps = true}));
}

TEST(Counting, CountsLiveAndPeakAndTotal) {
    Counting counting{heap()};
    void* a = counting.allocate(100, 1);
    void* b = counting.allocate(50, 1);
    counting.deallocate(a, 100, 1);
    void* c = counting.allocate(20, 1);
    EXPECT_EQ(
        counting.counts(),
        (Counts{
            .live_bytes = 70, .live_blocks = 2, .peak_bytes = 150, .total_bytes = 170, .total_blocks = 3}));
    counting.deallocate(b, 50, 1);
    counting.deallocate(c, 20, 1);
    EXPECT_EQ(
        counting.counts(),
        (Counts{
            .live_bytes = 0, .live_blocks = 0, .peak_bytes = 150, .total_bytes = 170, .total_blocks = 3}));
}

TEST(Counting, ResizeAndRemapChangeBytesAndNotBlocks) {
    CheckedUpstream upstream{CheckedUpstream::Growth::in_place};
    Counting counting{upstream};
    void* p = counting.allocate(100, 1);
    ASSERT_TRUE(counting.resize(p, 100, 1, 150));
    ASSERT_EQ(counting.remap(p, 150, 1, 180), p);
    ASSERT_TRUE(counting.resize(p, 180, 1, 10));
    EXPECT_EQ(
        counting.counts(),
        (Counts{
            .live_bytes = 10, .live_blocks = 1, .peak_bytes = 180, .total_bytes = 180, .total_blocks = 1}));
    counting.deallocate(p, 10, 1);
}

TEST(Counting, CountsNothingThatTheUpstreamRefused) {
    CheckedUpstream upstream{CheckedUpstream::Growth::in_place};
    Counting root{upstream};
    Counting child{root, "child"};
    void* p = child.allocate(10, 1);
    const Counts before = root.counts();
    upstream.fail_at(upstream.calls(), true);
    EXPECT_EQ(child.try_allocate(20, 1), nullptr);
    EXPECT_FALSE(child.resize(p, 10, 1, 15));
    EXPECT_EQ(child.remap(p, 10, 1, 15), nullptr);
    EXPECT_EQ(root.counts(), before);
    EXPECT_EQ(child.counts(), before);
    child.deallocate(p, 10, 1);
}

TEST(Counting, AChildIsCountedInAllItsAncestors) {
    Counting app{heap(), "app"};
    Counting routes{app, "routes"};
    Counting users{routes, "/users"};
    void* a = users.allocate(100, 1);
    void* b = routes.allocate(10, 1);
    void* c = app.allocate(1, 1);
    EXPECT_EQ(users.counts().live_bytes, 100u);
    EXPECT_EQ(routes.counts().live_bytes, 110u);
    EXPECT_EQ(app.counts().live_bytes, 111u);
    EXPECT_EQ(app.counts().live_blocks, 3u);
    users.deallocate(a, 100, 1);
    routes.deallocate(b, 10, 1);
    app.deallocate(c, 1, 1);
    EXPECT_EQ(app.counts().live_bytes, 0u);
    EXPECT_EQ(users.parent(), &routes);
    EXPECT_EQ(app.parent(), nullptr);
}

TEST(Counting, ABudgetIsExactAndHoldsForAllBelow) {
    CheckedUpstream upstream{CheckedUpstream::Growth::in_place};
    Counting app{upstream, "app", 100};
    Counting a{app, "a", 80};
    Counting b{app, "b"};
    void* p = a.try_allocate(80, 1);
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(a.try_allocate(1, 1), nullptr);
    EXPECT_EQ(b.try_allocate(21, 1), nullptr);
    EXPECT_THROW((void)b.allocate(21, 1), std::bad_alloc);
    EXPECT_EQ(b.counts(), Counts{});
    EXPECT_EQ(upstream.calls(), 1u);
    void* q = b.try_allocate(20, 1);
    EXPECT_NE(q, nullptr);
    b.deallocate(q, 20, 1);
    a.set_budget(10);
    EXPECT_FALSE(a.resize(p, 80, 1, 81));
    EXPECT_TRUE(a.resize(p, 80, 1, 80));
    a.deallocate(p, 80, 1);
    EXPECT_EQ(a.try_allocate(11, 1), nullptr);
}

TEST(Counting, SizesNearTheEndOfTheAddressSpaceAreRefusedAndNeverWrap) {
    // Grants everything, as no upstream should: what is refused was refused above it.
    class Boundless final : public Resource {
        void* do_try_allocate(std::size_t, std::size_t) noexcept override { return &memory_; }
        void do_deallocate(void*, std::size_t, std::size_t) noexcept override {}
        bool do_resize(void*, std::size_t, std::size_t, std::size_t) noexcept override { return true; }
        std::max_align_t memory_{};
    } boundless;
    Counting app{boundless, "app"};
    Counting child{app, "child"};
    void* p = child.allocate(100, 1);
    for (std::size_t k = 0; k < 100; ++k) {
        EXPECT_EQ(child.try_allocate(SIZE_MAX - k, 1), nullptr);
        EXPECT_EQ(app.try_allocate(SIZE_MAX - k, 1), nullptr);
    }
    EXPECT_EQ(app.counts().peak_bytes, 100u);
    EXPECT_TRUE(child.resize(p, 100, 1, SIZE_MAX));
    EXPECT_FALSE(app.resize(p, 0, 1, 1));
    child.deallocate(p, SIZE_MAX, 1);
    EXPECT_EQ(app.counts().live_bytes, 0u);
}

TEST(Counting, PrintsTheTreeInTheOrderItWasMade) {
    Counting app{heap(), "app"};
    Counting routes{app, "routes"};
    Counting users{routes, "/users"};
    Counting cache{app, "cache", 4096};
    void* a = users.allocate(100, 1);
    void* b = cache.allocate(7, 1);
    cache.deallocate(b, 7, 1);
    EXPECT_EQ(printed(app),
              "app: 100 bytes in 1 blocks, peak 107, total 107 in 2 blocks\n"
              "  routes: 100 bytes in 1 blocks, peak 100, total 100 in 1 blocks\n"
              "    /users: 100 bytes in 1 blocks, peak 100, total 100 in 1 blocks\n"
              "  cache: 0 bytes in 0 blocks, peak 7, total 7 in 1 blocks, budget 4096\n");
    users.deallocate(a, 100, 1);
}

TEST(Counting, ChildrenComeAndGoInAnyOrder) {
    Counting app{heap(), "app"};
    std::array<std::optional<Counting>, 4> children;
    const auto names = [&] {
        std::string all;
        app.visit([&](const Counting& at, std::size_t depth) {
            if (depth == 1) all += at.name();
        });
        return all;
    };
    children[0].emplace(app, "a");
    children[1].emplace(app, "b");
    children[2].emplace(app, "c");
    EXPECT_EQ(names(), "abc");
    children[1].reset();
    EXPECT_EQ(names(), "ac");
    children[2].reset();
    children[3].emplace(app, "d");
    EXPECT_EQ(names(), "ad");
    children[0].reset();
    children[3].reset();
    EXPECT_EQ(names(), "");
}

TEST(Counting, WhatADeadChildHeldIsFreedThroughItsParent) {
    Counting app{heap(), "app"};
    void* p = nullptr;
    {
        Counting child{app, "child"};
        p = child.allocate(30, 1);
    }
    EXPECT_EQ(app.counts().live_bytes, 30u);
    app.deallocate(p, 30, 1);
    EXPECT_EQ(app.counts().live_blocks, 0u);
}

TEST(Counting, AgreesWithAModelOverAnArenaAndUnderALimit) {
    Arena arena;
    Counting root{arena, "root"};
    Counting child{root, "child", 2500};
    Limit limit{child, {.limit = 3000}};
    RandomVerbs verbs;
    verbs.check = [&](const RandomVerbs::Live& live) {
        ASSERT_EQ(root.counts().live_bytes, live.bytes);
        ASSERT_EQ(root.counts().live_blocks, live.blocks);
        ASSERT_EQ(limit.bytes_used(), live.bytes);
        ASSERT_LE(live.bytes, child.budget());
        ASSERT_EQ(root.counts(), child.counts());
    };
    verbs.run(limit);
    EXPECT_GT(root.counts().peak_bytes, 2000u);
    EXPECT_EQ(limit.refusals(), 0u);
}

}  // namespace
