#include <zigmund/alloc/testing/gtest.hpp>
#include <zigmund/alloc/testing/monitored.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

namespace {

using namespace zigmund::alloc;
using namespace zigmund::alloc::testing;
using Growth = CheckedUpstream::Growth;

std::string messages;
void collect(std::string_view message) { messages += message; }

// Not operator+, for which gcc 12 warns of a copy that does not happen.
std::string here(int line) { return std::string{__FILE__}.append(":").append(std::to_string(line)); }

[[gnu::noinline]] void* allocate_in_find(Allocator a) {
    void* const p = a.allocate(64, 8);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call: the frame must be there
    return p;
}

TEST(Monitored, ConformsToResource) {
    EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<Monitored>(upstream); },
                         {.grows_in_place = true, .remaps = true}));
}

TEST(Monitored, MonitorCountsFromItsPoint) {
    Monitored memory;
    const Allocator a = memory.allocator();
    void* const before = a.allocate(100);
    const Monitor since = memory.monitor();
    EXPECT_EQ(since.allocations(), 0u);
    EXPECT_EQ(since.peak_bytes(), 0u);

    void* const first = a.allocate(30);
    void* const second = a.allocate(12);
    a.deallocate(first, 30);
    EXPECT_EQ(since.allocations(), 2u);
    EXPECT_EQ(since.deallocations(), 1u);
    EXPECT_EQ(since.allocated_bytes(), 42u);
    EXPECT_EQ(since.live_blocks(), 1);
    EXPECT_EQ(since.live_bytes(), 12);
    EXPECT_EQ(since.peak_bytes(), 42u);

    a.deallocate(second, 12);
    a.deallocate(before, 100);
    EXPECT_EQ(since.live_blocks(), -1);
    EXPECT_EQ(since.live_bytes(), -100);
    EXPECT_EQ(since.peak_bytes(), 42u);
}

TEST(Monitored, EachMonitorHasAPeakOfItsOwn) {
    Monitored memory;
    const Allocator a = memory.allocator();
    const Monitor outer = memory.monitor();
    a.deallocate(a.allocate(1000), 1000);
    {
        const Monitor inner = memory.monitor();
        a.deallocate(a.allocate(10), 10);
        EXPECT_EQ(inner.peak_bytes(), 10u);
    }
    a.deallocate(a.allocate(20), 20);
    EXPECT_EQ(outer.peak_bytes(), 1000u);
}

TEST(Monitored, CountsWhatABlockGrowsBy) {
    CheckedUpstream upstream{Growth::in_place};
    Monitored memory{upstream};
    void* const p = memory.try_allocate(10);
    const Monitor since = memory.monitor();
    EXPECT_TRUE(memory.resize(p, 10, default_align, 15));
    EXPECT_EQ(memory.remap(p, 15, default_align, 12), p);
    EXPECT_FALSE(memory.resize(p, 12, default_align, 100000));
    EXPECT_EQ(since.allocations(), 0u);
    EXPECT_EQ(since.allocated_bytes(), 5u);
    EXPECT_EQ(since.live_bytes(), 2);
    EXPECT_EQ(since.peak_bytes(), 5u);
    memory.deallocate(p, 12);
}

TEST(Monitored, WhatTheUpstreamRefusesIsNoAllocation) {
    CheckedUpstream upstream;
    upstream.fail_at(0);
    Monitored memory{upstream};
    const Monitor since = memory.monitor();
    EXPECT_THROW((void)memory.allocate(8), std::bad_alloc);
    EXPECT_EQ(since.allocations(), 0u);
    EXPECT_EQ(since.live_bytes(), 0);
}

TEST(Monitored, AnAllocationInANoAllocScopeIsReportedWithItsStack) {
    messages.clear();
    Monitored memory{heap(), collect};
    void* p = nullptr;
    {
        const auto scope = memory.no_alloc_scope();
        const int line = __LINE__ - 1;
        EXPECT_EQ(messages, "");
        p = allocate_in_find(memory);
        const std::string first_line =
            "zigmund: allocation of 64 bytes (alignment 8) inside the no_alloc_scope of " + here(line) +
            ", at\n";
        EXPECT_EQ(messages.substr(0, first_line.size()), first_line);
        const std::string stack = messages.substr(std::min(messages.size(), first_line.size()));
        EXPECT_NE(stack.substr(0, stack.find('\n')).find("allocate_in_find"), std::string::npos) << stack;
        memory.deallocate(p, 64, 8);
    }
    messages.clear();
    memory.deallocate(memory.try_allocate(8), 8);
    EXPECT_EQ(messages, "");
}

TEST(Monitored, GrowthInANoAllocScopeIsReportedAndShrinkingIsNot) {
    messages.clear();
    CheckedUpstream upstream{Growth::in_place};
    Monitored memory{upstream, collect};
    void* const p = memory.try_allocate(10);
    {
        const auto scope = memory.no_alloc_scope();
        EXPECT_TRUE(memory.resize(p, 10, default_align, 5));
        EXPECT_EQ(messages, "");
        EXPECT_TRUE(memory.resize(p, 5, default_align, 9));
        EXPECT_TRUE(
            messages.starts_with("zigmund: growth from 5 to 9 bytes (alignment 16) inside the "
                                 "no_alloc_scope of "))
            << messages;
        messages.clear();
        EXPECT_EQ(memory.remap(p, 9, default_align, 10), p);
        EXPECT_TRUE(
            messages.starts_with("zigmund: growth from 9 to 10 bytes (alignment 16) inside the "
                                 "no_alloc_scope of "))
            << messages;
    }
    memory.deallocate(p, 10);
}

TEST(Monitored, TheInnermostNoAllocScopeIsNamed) {
    messages.clear();
    Monitored memory{heap(), collect};
    const auto outer = memory.no_alloc_scope();
    const int outer_line = __LINE__ - 1;
    {
        const auto inner = memory.no_alloc_scope();
        const int line = __LINE__ - 1;
        memory.deallocate(memory.try_allocate(8), 8);
        EXPECT_NE(messages.find(here(line)), std::string::npos) << messages;
    }
    messages.clear();
    memory.deallocate(memory.try_allocate(8), 8);
    EXPECT_NE(messages.find("no_alloc_scope of " + here(outer_line)), std::string::npos) << messages;
}

TEST(Monitored, AnotherNumberOfAllocationsThanExpectedIsReportedAtTheEnd) {
    messages.clear();
    Monitored memory{heap(), collect};
    const auto allocate_once = [&] { memory.deallocate(memory.try_allocate(8), 8); };
    {
        const auto scope = memory.expect_allocations(2);
        allocate_once();
        allocate_once();
    }
    EXPECT_EQ(messages, "");
    int line = 0;
    {
        const auto scope = memory.expect_allocations(2);
        line = __LINE__ - 1;
        allocate_once();
        EXPECT_EQ(messages, "");
    }
    EXPECT_EQ(messages, "zigmund: 1 allocation in the scope of " + here(line) + ", where 2 were expected\n");
    messages.clear();
    {
        const auto scope = memory.expect_allocations(1);
        line = __LINE__ - 1;
        for (int i = 0; i < 3; ++i) allocate_once();
    }
    EXPECT_EQ(messages, "zigmund: 3 allocations in the scope of " + here(line) + ", where 1 was expected\n");
}

TEST(MonitoredDeathTest, WithoutAHandlerAViolationEndsTheProgram) {
    Monitored memory;
    EXPECT_DEATH(
        {
            const auto scope = memory.no_alloc_scope();
            (void)memory.allocate(64, 8);
        },
        "zigmund: allocation of 64 bytes \\(alignment 8\\) inside the no_alloc_scope of "
        ".*monitored_test.cpp:[0-9]+, at");
    EXPECT_DEATH(
        { const auto scope = memory.expect_allocations(1); },
        "zigmund: 0 allocations in the scope of .*monitored_test.cpp:[0-9]+, where 1 was expected");
}

}  // namespace
