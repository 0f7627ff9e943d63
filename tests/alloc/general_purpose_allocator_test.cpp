#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "captured_report.hpp"
#include "planted_errors.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;
using zigmund::alloc::testing::conforms;
using namespace planted;

TEST(GeneralPurposeAllocator, CountsLiveBlocksBytesPeakAndTotal) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    const Allocator a = gpa.allocator();
    void* first = a.allocate(100);
    void* second = a.allocate(28);
    EXPECT_EQ(gpa.live_bytes(), 128U);
    EXPECT_EQ(gpa.live_blocks(), 2U);
    a.deallocate(first, 100);
    EXPECT_EQ(gpa.live_bytes(), 28U);
    void* third = a.allocate(50);
    EXPECT_EQ(gpa.peak_bytes(), 128U);
    EXPECT_EQ(gpa.total_allocations(), 3U);
    a.deallocate(second, 28);
    a.deallocate(third, 50);
    EXPECT_EQ(gpa.live_bytes(), 0U);
    EXPECT_EQ(gpa.live_blocks(), 0U);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, PeakOfOneThreadIsExactOverManySizes) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    const Allocator a = gpa.allocator();
    std::mt19937_64 random{7};
    std::vector<std::span<char>> blocks;
    std::size_t live = 0;
    std::size_t peak = 0;
    for (int i = 0; i < 5000; ++i) {
        if (blocks.empty() || random() % 100 < 55) {
            blocks.push_back(a.alloc<char>(random() % 5000));
            live += blocks.back().size();
            peak = std::max(peak, live);
        } else {
            std::swap(blocks[random() % blocks.size()], blocks.back());
            live -= blocks.back().size();
            a.free(blocks.back());
            blocks.pop_back();
        }
        ASSERT_EQ(gpa.live_bytes(), live);
        ASSERT_EQ(gpa.peak_bytes(), peak);
    }
    for (const auto block : blocks) a.free(block);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, ConformsToResource) {
    EXPECT_TRUE(conforms(
        [](Resource& upstream) {
            return std::make_unique<GeneralPurposeAllocator>(
                GeneralPurposeOptions{.tier = Tier::traced, .backing = upstream});
        },
        {.grows_in_place = true, .remaps = true, .threads = 4}));
}

TEST(GeneralPurposeAllocator, ConformsOnTopOfAnotherOfItself) {
    CapturedReport report;
    GeneralPurposeAllocator lower{
        {.tier = Tier::traced, .name = "lower", .report_descriptor = report.descriptor()}};
    {
        GeneralPurposeAllocator upper{{.tier = Tier::traced, .backing = lower.allocator(), .name = "upper"}};
        EXPECT_TRUE(conforms(upper, {.threads = 2}));
    }
    EXPECT_EQ(lower.live_blocks(), 0U);
    EXPECT_EQ(lower.deinit(), LeakCheck::ok) << report.text();
}

TEST(GeneralPurposeAllocator, FailureOfTheBackingLeavesTheCountersAlone) {
    CheckedUpstream upstream;
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .backing = upstream}};
    upstream.fail_at(0, true);
    EXPECT_EQ(gpa.try_allocate(64), nullptr);
    EXPECT_THROW((void)gpa.allocate(64), std::bad_alloc);
    EXPECT_EQ(gpa.live_bytes(), 0U);
    EXPECT_EQ(gpa.peak_bytes(), 0U);
    EXPECT_EQ(gpa.total_allocations(), 0U);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, SizesNearTheEndOfTheAddressSpaceFail) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    for (std::size_t k = 0; k < 200; ++k) {
        EXPECT_EQ(gpa.try_allocate(SIZE_MAX - k), nullptr);
        EXPECT_EQ(gpa.try_allocate(SIZE_MAX / 2 - k), nullptr);
        EXPECT_EQ(gpa.try_allocate(SIZE_MAX - k, 4096), nullptr);
    }
    EXPECT_EQ(gpa.try_allocate(1, std::size_t{1} << 63), nullptr);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, LeakIsReportedWithSizeCountAndStack) {
    CapturedReport report;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::traced, .name = "cache", .report_descriptor = report.descriptor()}};
    for (int i = 0; i < 3; ++i) (void)plant(gpa.allocator(), 64);
    EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
    EXPECT_EQ(report.first_line(), "zigmund: cache: leak: 192 bytes in 3 blocks from 1 call site");
    const std::string text = report.text();
    EXPECT_NE(text.find("  192 bytes (100.0 %) in 3 blocks of 64 bytes, allocated at\n    #0 "),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("plant"), std::string::npos) << text;
    EXPECT_NE(text.find(here(line_of_plant)), std::string::npos) << text;
    EXPECT_NE(text.find("holds 5a"), std::string::npos) << text;
    EXPECT_EQ(text.find("zigmund::alloc::Resource"), std::string::npos) << "frames of ours are shown:\n"
                                                                        << text;
    EXPECT_EQ(text.find("memory_resource"), std::string::npos) << "frames of pmr are shown:\n" << text;
}

TEST(GeneralPurposeAllocator, LeakOfOneBlockIsInTheSingular) {
    CapturedReport report;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::traced, .name = "one", .report_descriptor = report.descriptor()}};
    (void)plant(gpa.allocator(), 1);
    EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
    EXPECT_EQ(report.first_line(), "zigmund: one: leak: 1 bytes in 1 block from 1 call site");
}

TEST(GeneralPurposeAllocator, LeaksAreSortedByBytes) {
    CapturedReport report;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::traced, .stack_frames = 0, .report_descriptor = report.descriptor()}};
    for (std::size_t size = 1; size <= 15; ++size) (void)gpa.allocate(size);  // without stacks: a site a size
    EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
    const std::string text = report.text();
    EXPECT_EQ(report.first_line(), "zigmund: gpa: leak: 120 bytes in 15 blocks from 15 call sites");
    for (std::size_t size = 2; size <= 15; ++size)
        EXPECT_LT(text.find("  " + std::to_string(size) + " bytes ("),
                  text.find("  " + std::to_string(size - 1) + " bytes ("));
    EXPECT_NE(text.find("  6 bytes (5.0 %) in 1 block of 6 bytes\n"), std::string::npos) << text;
}

TEST(GeneralPurposeAllocator, LeakedMemoryGoesBackToTheBacking) {
    CheckedUpstream upstream;
    CapturedReport report;
    {
        GeneralPurposeAllocator gpa{
            {.tier = Tier::traced, .backing = upstream, .report_descriptor = report.descriptor()}};
        for (std::size_t align = 1; align <= 4096; align *= 2) (void)gpa.allocate(100, align);
    }
    EXPECT_EQ(upstream.live_blocks(), 0U);
    EXPECT_TRUE(upstream.violations().empty()) << upstream.violations().front();
}

TEST(GeneralPurposeAllocator, DestructorReportsWhenNobodyCalledDeinit) {
    CapturedReport report;
    {
        GeneralPurposeAllocator gpa{
            {.tier = Tier::traced, .name = "scope", .report_descriptor = report.descriptor()}};
        (void)plant(gpa.allocator(), 8);
    }
    EXPECT_EQ(report.first_line(), "zigmund: scope: leak: 8 bytes in 1 block from 1 call site");
}

TEST(GeneralPurposeAllocator, DeinitReportsOnce) {
    CapturedReport report;
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .report_descriptor = report.descriptor()}};
    (void)plant(gpa.allocator(), 8);
    EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
    const std::string once = report.text();
    EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
    EXPECT_EQ(report.text(), once);
}

TEST(GeneralPurposeAllocator, CleanAllocatorIsSilentUnlessAskedToSpeak) {
    CapturedReport report;
    {
        GeneralPurposeAllocator gpa{{.tier = Tier::traced, .report_descriptor = report.descriptor()}};
        give_back(gpa.allocator(), plant(gpa.allocator(), 8), 8);
    }
    EXPECT_EQ(report.text(), "");
    {
        GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                     .name = "application",
                                     .report_descriptor = report.descriptor(),
                                     .report_when_clean = true}};
        const Allocator a = gpa.allocator();
        a.free(a.alloc<char>(2048));
        a.free(a.alloc<char>(512));
    }
    EXPECT_EQ(report.text(), "zigmund: application: no leaks (peak 2.0 KiB live, 2 allocations)\n");
}

TEST(GeneralPurposeAllocator, WorksWithoutStacksAndWithOneFrame) {
    for (const unsigned frames : {0U, 1U, 1000U}) {
        CapturedReport report;
        GeneralPurposeAllocator gpa{
            {.tier = Tier::traced, .stack_frames = frames, .report_descriptor = report.descriptor()}};
        (void)plant(gpa.allocator(), 8);
        EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
        EXPECT_EQ(report.text().find("#0") == std::string::npos, frames == 0) << report.text();
        if (frames == 1) {
            EXPECT_EQ(report.text().find("#1"), std::string::npos) << report.text();
        }
    }
}

// ---- the example, as a process ----

#if defined(ZIGMUND_LEAK_EXAMPLE)  // not where none is built
TEST(LeakExample, PrintsTheLeakAndFails) {
    FILE* const pipe = ::popen(ZIGMUND_LEAK_EXAMPLE " 2>&1", "r");
    ASSERT_NE(pipe, nullptr);
    std::string text;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text.push_back(static_cast<char>(c));
    const int status = ::pclose(pipe);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 1);
    EXPECT_TRUE(
        text.starts_with("zigmund: leak example: leak: 48 bytes in 3 blocks from 1 call site\n"
                         "  48 bytes (100.0 %) in 3 blocks of 16 bytes, allocated at\n"
                         "    #0 "))
        << text;
    EXPECT_NE(text.find("remember"), std::string::npos) << text;
    EXPECT_NE(text.find("leak.cpp:13"), std::string::npos) << text;
    EXPECT_NE(text.find("#1 main"), std::string::npos) << text;
}
#endif

}  // namespace
