// The limit of what is requested of a general-purpose allocator.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;

TEST(GeneralPurposeAllocator, MemoryLimitIsExact) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .requested_memory_limit = 1000}};
    const Allocator a = gpa.allocator();
    void* p = a.try_allocate(999);
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(a.try_allocate(2), nullptr);
    void* last = a.try_allocate(1);
    EXPECT_NE(last, nullptr);
    EXPECT_EQ(a.try_allocate(1), nullptr);
    EXPECT_FALSE(a.resize(last, 1, default_align, 2));
    a.deallocate(last, 1);
    EXPECT_TRUE(a.resize(p, 999, default_align, 1000));
    EXPECT_EQ(a.try_allocate(1), nullptr);
    EXPECT_TRUE(a.resize(p, 1000, default_align, 990));
    void* rest = a.try_allocate(10);
    EXPECT_NE(rest, nullptr);
    a.deallocate(rest, 10);
    a.deallocate(p, 990);
    EXPECT_EQ(a.try_allocate(1001), nullptr);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, MemoryLimitIsRolledBackWhenTheBackingFails) {
    CheckedUpstream upstream;
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .backing = upstream, .requested_memory_limit = 1000}};
    const Allocator a = gpa.allocator();
    upstream.fail_at(0, true);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(a.try_allocate(900), nullptr);
    upstream.fail_never();
    void* p = a.try_allocate(1000);
    EXPECT_NE(p, nullptr);
    a.deallocate(p, 1000);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, MemoryLimitHoldsBetweenThreads) {
    constexpr std::size_t limit = 64'000;
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .requested_memory_limit = limit}};
    const Allocator a = gpa.allocator();
    std::array<std::vector<void*>, 4> granted;
    {
        std::vector<std::jthread> team;
        for (auto& mine : granted)
            team.emplace_back([&] {
                for (void* p = a.try_allocate(64); p != nullptr; p = a.try_allocate(64)) mine.push_back(p);
            });
    }
    std::size_t count = 0;
    for (const auto& blocks : granted) count += blocks.size();
    EXPECT_EQ(count, limit / 64);
    EXPECT_EQ(gpa.live_bytes(), limit);
    for (const auto& blocks : granted)
        for (void* p : blocks) a.deallocate(p, 64);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

}  // namespace
