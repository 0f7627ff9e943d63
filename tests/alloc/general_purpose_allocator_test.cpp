#include <zigmund/alloc/fixed_buffer.hpp>
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/sanitizer.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "captured_report.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;
using zigmund::alloc::testing::conforms;

/// Collects errors instead of ending the process.
struct Collected {
    struct Item {
        MemoryErrorKind kind;
        const void* address;
        std::size_t size;
        std::string message;
    };
    std::vector<Item> items;

    static void add(const MemoryError& error, void* context) {
        static_cast<Collected*>(context)->items.push_back(
            {error.kind, error.address, error.size, std::string{error.message}});
    }
    [[nodiscard]] std::string first_line() const {
        return items.empty() ? "" : items.front().message.substr(0, items.front().message.find('\n'));
    }
};

std::string address_of(const void* p) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%p", p);
    return text.data();
}

// Lines that reports must name. The functions stay out of line so that they have a frame of their own.
constexpr int line_of_plant = __LINE__ + 2;
[[gnu::noinline]] void* plant(Allocator a, std::size_t size) {
    void* p = a.allocate(size);
    static_cast<unsigned char*>(p)[0] = 0x5A;
    return p;
}

constexpr int line_of_give_back = __LINE__ + 2;
[[gnu::noinline]] void give_back(Allocator a, void* p, std::size_t size) {
    a.deallocate(p, size);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call: the frame must be there
}

std::string here(int line) { return "general_purpose_allocator_test.cpp:" + std::to_string(line); }

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

// ---- errors ----

class GeneralPurposeErrors : public ::testing::Test {
  protected:
    Collected errors;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::traced, .name = "test", .on_error = Collected::add, .on_error_context = &errors}};
    Allocator a = gpa.allocator();

    void expect_one(MemoryErrorKind kind, const std::string& first_line) {
        ASSERT_EQ(errors.items.size(), 1U);
        EXPECT_EQ(errors.items[0].kind, kind);
        EXPECT_EQ(errors.first_line(), first_line);
        EXPECT_NE(errors.items[0].message.find(here(line_of_give_back)), std::string::npos)
            << errors.items[0].message;
    }
};

TEST_F(GeneralPurposeErrors, SizeMismatchIsNamedAndTheBlockIsFreed) {
    void* p = plant(a, 64);
    give_back(a, p, 65);
    expect_one(MemoryErrorKind::size_mismatch, "zigmund: test: size mismatch: " + address_of(p) +
                                                   " was allocated with size 64, but free says 65");
    EXPECT_NE(errors.items[0].message.find(here(line_of_plant)), std::string::npos)
        << errors.items[0].message;
    EXPECT_EQ(gpa.live_blocks(), 0U);
}

TEST_F(GeneralPurposeErrors, AlignmentMismatchIsNamedAlsoBelowTheDefault) {
    void* p = a.allocate(64, 4);
    give_back(a, p, 64);
    expect_one(MemoryErrorKind::alignment_mismatch, "zigmund: test: alignment mismatch: " + address_of(p) +
                                                        " was allocated with alignment 4, but free says 16");
}

TEST_F(GeneralPurposeErrors, DoubleFreeOfALoneBlock) {
    void* p = plant(a, 64);
    give_back(a, p, 64);
    give_back(a, p, 64);
    expect_one(MemoryErrorKind::double_free,
               "zigmund: test: double free: " + address_of(p) + " was given back before this free");
    EXPECT_EQ(gpa.live_blocks(), 0U);
}

TEST_F(GeneralPurposeErrors, DoubleFreeOfALargeBlock) {
    constexpr std::size_t size = 32 << 20;
    void* p = plant(a, size);
    give_back(a, p, size);
    give_back(a, p, size);
    expect_one(MemoryErrorKind::double_free,
               "zigmund: test: double free: " + address_of(p) + " was given back before this free");
}

TEST_F(GeneralPurposeErrors, ForeignPointerIsNotFollowed) {
    auto* const nowhere = reinterpret_cast<void*>(0x10000);  // nothing is mapped there
    give_back(a, nowhere, 64);
    expect_one(MemoryErrorKind::foreign_pointer,
               "zigmund: test: foreign pointer: 0x10000 was not allocated here");
}

TEST_F(GeneralPurposeErrors, PointersOutsideOfTheAddressSpaceAreForeign) {
    for (const std::uintptr_t wild :
         {std::uintptr_t{1}, UINTPTR_MAX, UINTPTR_MAX - 15, std::uintptr_t{1} << 63, std::uintptr_t{1} << 48,
          (std::uintptr_t{1} << 48) - 16})
        give_back(a, reinterpret_cast<void*>(wild), 64);
    ASSERT_EQ(errors.items.size(), 6U);
    for (const auto& error : errors.items) EXPECT_EQ(error.kind, MemoryErrorKind::foreign_pointer);
}

TEST_F(GeneralPurposeErrors, StackPointerIsForeignAndSaidToBeOne) {
    // Not a local variable: AddressSanitizer keeps those elsewhere.
    void* const frame = __builtin_frame_address(0);
    give_back(a, frame, 64);
    expect_one(MemoryErrorKind::foreign_pointer,
               "zigmund: test: foreign pointer: " + address_of(frame) + " was not allocated here");
    EXPECT_NE(errors.items[0].message.find("this thread's stack"), std::string::npos);
}

TEST_F(GeneralPurposeErrors, InteriorPointerNamesItsBlock) {
    for (const std::size_t offset : {1U, 16U, 999U}) {
        errors.items.clear();
        auto* p = static_cast<std::byte*>(plant(a, 1000));
        give_back(a, p + offset, 1000);
        expect_one(MemoryErrorKind::interior_pointer,
                   "zigmund: test: interior pointer: " + address_of(p + offset) + " is " +
                       std::to_string(offset) + " bytes into the block at " + address_of(p) +
                       ", not its beginning");
        give_back(a, p, 1000);
    }
}

TEST_F(GeneralPurposeErrors, ResizeAndRemapAreChecked) {
    void* p = plant(a, 64);
    EXPECT_FALSE(a.resize(p, 63, default_align, 64));
    EXPECT_EQ(a.remap(p, 65, default_align, 100), nullptr);
    ASSERT_GE(errors.items.size(), 2U);
    EXPECT_EQ(errors.first_line(), "zigmund: test: size mismatch: " + address_of(p) +
                                       " was allocated with size 64, but resize says 63");
    errors.items.clear();
    give_back(a, p, 64);
    EXPECT_TRUE(errors.items.empty()) << "the block kept its size";
    EXPECT_FALSE(a.resize(p, 64, default_align, 65));
    ASSERT_EQ(errors.items.size(), 1U);
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::double_free);
}

TEST_F(GeneralPurposeErrors, UseAfterDeinit) {
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
    EXPECT_EQ(a.try_allocate(64), nullptr);
    ASSERT_EQ(errors.items.size(), 1U);
    EXPECT_EQ(errors.first_line(),
              "zigmund: test: use after deinit: allocate after the allocator's deinit()");
}

#if !defined(ZIGMUND_ASAN)  // which stops at the write itself
TEST_F(GeneralPurposeErrors, OverflowIsFoundAtItsByte) {
    for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 15U, 16U, 17U, 64U, 100'000U}) {
        for (std::size_t offset = 0; offset < 8; ++offset) {
            errors.items.clear();
            auto* volatile p = static_cast<unsigned char*>(a.allocate(size));
            p[size + offset] = 0;
            give_back(a, p, size);
            expect_one(MemoryErrorKind::buffer_overflow,
                       "zigmund: test: buffer overflow: byte " + std::to_string(offset) +
                           " behind the block at " + address_of(p) + " of " + std::to_string(size) +
                           " bytes was written");
        }
    }
    EXPECT_EQ(gpa.live_blocks(), 0U);
}

TEST_F(GeneralPurposeErrors, UnderflowIsFoundAtItsByte) {
    for (std::size_t offset = 1; offset <= 8; ++offset) {
        errors.items.clear();
        auto* volatile p = static_cast<unsigned char*>(plant(a, 64));
        *(p - offset) = 0;
        give_back(a, p, 64);
        expect_one(MemoryErrorKind::buffer_underflow, "zigmund: test: buffer underflow: byte " +
                                                          std::to_string(offset) + " before the block at " +
                                                          address_of(p) + " of 64 bytes was written");
        EXPECT_NE(errors.items[0].message.find(here(line_of_plant)), std::string::npos);
    }
}

TEST_F(GeneralPurposeErrors, DefaultIsToReportAndAbort) {
    GeneralPurposeOptions options{.tier = Tier::traced};
    options.name = "strict";
    EXPECT_DEATH(
        {
            GeneralPurposeAllocator strict{options};
            void* p = plant(strict.allocator(), 64);
            give_back(strict.allocator(), p, 64);
            give_back(strict.allocator(), p, 64);
        },
        "^zigmund: strict: double free: 0x[0-9a-f]+ was given back before this free\n");
}
#endif

#if defined(ZIGMUND_ASAN)
// AddressSanitizer sees better: it stops at the access, of which the allocator would find the traces later.
TEST(GeneralPurposeAllocator, UnderAddressSanitizerAnAccessOutsideOfABlockStopsAtOnce) {
    for (const Tier tier : {Tier::counted, Tier::traced}) {
        GeneralPurposeAllocator gpa{{.tier = tier}};
        for (const std::size_t size : {1U, 64U, 100'000U}) {
            auto* volatile p = static_cast<unsigned char*>(plant(gpa.allocator(), size));
            EXPECT_DEATH(p[size] = 1, "AddressSanitizer: use-after-poison");
            EXPECT_DEATH(*(p - 1) = 1, "AddressSanitizer: use-after-poison");
            EXPECT_DEATH(std::printf("%d", p[size]), "AddressSanitizer: use-after-poison");
            give_back(gpa.allocator(), p, size);
            EXPECT_DEATH(std::printf("%d", p[size - 1]), "AddressSanitizer: heap-use-after-free");
        }
    }
}

// ... and the allocator adds what AddressSanitizer cannot know.
TEST(GeneralPurposeAllocator, UnderAddressSanitizerItStillNamesWhatIsFreedWrongly) {
    GeneralPurposeOptions options{.tier = Tier::traced};
    options.name = "strict";
    GeneralPurposeAllocator strict{options};
    void* const p = plant(strict.allocator(), 64);
    EXPECT_DEATH(give_back(strict.allocator(), p, 63), "^zigmund: strict: size mismatch: ");
    give_back(strict.allocator(), p, 64);
    EXPECT_DEATH(give_back(strict.allocator(), p, 64), "^zigmund: strict: double free: ");
}
#endif

// ---- what the tiers add ----

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(GeneralPurposeErrors, DoubleFreeNamesAllThreeSites) {
    void* p = plant(a, 64);
    give_back(a, p, 64);
    a.deallocate(p, 64);
    const int line_of_second = __LINE__ - 1;
    ASSERT_EQ(errors.items.size(), 1U);
    const std::string& text = errors.items[0].message;
    EXPECT_TRUE(has(text, here(line_of_plant))) << text;
    EXPECT_TRUE(has(text, here(line_of_give_back))) << text;
    EXPECT_TRUE(has(text, here(line_of_second))) << text;
    EXPECT_LT(text.find("  allocated at"), text.find("  first given back at"));
    EXPECT_LT(text.find("  first given back at"), text.find("  free at"));
}

TEST_F(GeneralPurposeErrors, DoubleFreeNamesAllThreeSitesAfterTheMemoryWentBack) {
    void* p = plant(a, 64);
    give_back(a, p, 64);
    // Enough others to push it out of the quarantine; kept, so that its address stays unused.
    std::vector<void*> others;
    for (int i = 0; i < 1000; ++i) others.push_back(a.allocate(4000));
    for (void* other : others) a.deallocate(other, 4000);
    a.deallocate(p, 64);
    ASSERT_EQ(errors.items.size(), 1U);
    const std::string& text = errors.items[0].message;
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::double_free);
    EXPECT_EQ(errors.items[0].size, 64U);
    EXPECT_TRUE(has(text, here(line_of_plant))) << text;
    EXPECT_TRUE(has(text, here(line_of_give_back))) << text;
}

TEST_F(GeneralPurposeErrors, DoubleFreeOfABlockTooLargeToHoldNamesAllThreeSites) {
    constexpr std::size_t size = 32 << 20;
    void* p = plant(a, size);
    give_back(a, p, size);
    a.deallocate(p, size);
    ASSERT_EQ(errors.items.size(), 1U);
    EXPECT_TRUE(has(errors.items[0].message, here(line_of_plant))) << errors.items[0].message;
    EXPECT_TRUE(has(errors.items[0].message, here(line_of_give_back))) << errors.items[0].message;
}

TEST_F(GeneralPurposeErrors, DoubleFreeByTwoThreadsIsFound) {
    void* p = plant(a, 64);
    std::jthread{[&] { give_back(a, p, 64); }}.join();
    std::jthread{[&] { give_back(a, p, 64); }}.join();
    ASSERT_EQ(errors.items.size(), 1U);
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::double_free);
}

TEST_F(GeneralPurposeErrors, BlockOfAnotherAllocatorNamesTheOwner) {
    GeneralPurposeAllocator other{{.tier = Tier::traced, .name = "other"}};
    void* p = plant(other.allocator(), 64);
    give_back(a, p, 64);
    expect_one(MemoryErrorKind::wrong_allocator,
               "zigmund: test: wrong allocator: " + address_of(p) + " belongs to other");
    give_back(other.allocator(), p, 64);
    EXPECT_EQ(other.deinit(), LeakCheck::ok);
}

TEST_F(GeneralPurposeErrors, SizeOverflowFailsAndIsToldToTheHandler) {
    EXPECT_EQ(a.try_allocate(SIZE_MAX - 3), nullptr);
    EXPECT_THROW((void)a.allocate(SIZE_MAX - 3), std::bad_alloc);
    ASSERT_EQ(errors.items.size(), 2U);
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::size_overflow);
    EXPECT_EQ(errors.first_line(), "zigmund: test: size overflow: 18446744073709551612 bytes were asked for");
}

TEST_F(GeneralPurposeErrors, CheckOfSoundMemoryFindsNothing) {
    void* p = plant(a, 64);
    give_back(a, plant(a, 100), 100);
    EXPECT_EQ(gpa.check(), 0U);
    give_back(a, p, 64);
    EXPECT_EQ(gpa.check(), 0U);
    EXPECT_TRUE(errors.items.empty());
}

#if !defined(ZIGMUND_ASAN)
TEST_F(GeneralPurposeErrors, CheckFindsOverflowsOfLiveBlocks) {
    auto* volatile p = static_cast<unsigned char*>(plant(a, 64));
    p[64] = 1;
    EXPECT_EQ(gpa.check(), 1U);
    ASSERT_EQ(errors.items.size(), 1U);
    EXPECT_EQ(errors.first_line(), "zigmund: test: buffer overflow: byte 0 behind the block at " +
                                       address_of(p) + " of 64 bytes was written");
    give_back(a, p, 64);
}

TEST_F(GeneralPurposeErrors, LateWriteIsFoundByCheckAndNamesWhoFreed) {
    for (const std::size_t size : {1U, 64U, 300'000U}) {
        errors.items.clear();
        auto* volatile p = static_cast<unsigned char*>(plant(a, size));
        give_back(a, p, size);
        p[size - 1] = 0x41;
        EXPECT_EQ(gpa.check(), 1U);
        p[size - 1] = 0xDF;  // as it was: once is enough
        expect_one(MemoryErrorKind::use_after_free, "zigmund: test: use after free: byte " +
                                                        std::to_string(size - 1) + " of the block at " +
                                                        address_of(p) + " of " + std::to_string(size) +
                                                        " bytes was written after it was given back");
        EXPECT_TRUE(has(errors.items[0].message, "  found 41, where each byte was df\n"))
            << errors.items[0].message;
        EXPECT_TRUE(has(errors.items[0].message, here(line_of_plant))) << errors.items[0].message;
    }
}

TEST_F(GeneralPurposeErrors, LateWriteIsFoundWhenTheBlockLeavesTheQuarantine) {
    auto* volatile p = static_cast<unsigned char*>(plant(a, 64));
    give_back(a, p, 64);
    p[7] = 0x41;
    std::vector<void*> others;
    for (int i = 0; i < 1000; ++i) others.push_back(a.allocate(64));
    EXPECT_TRUE(errors.items.empty());
    for (void* other : others) a.deallocate(other, 64);
    expect_one(MemoryErrorKind::use_after_free, "zigmund: test: use after free: byte 7 of the block at " +
                                                    address_of(p) +
                                                    " of 64 bytes was written after it was given back");
}

TEST_F(GeneralPurposeErrors, LateWriteIsFoundAtTheEnd) {
    auto* volatile p = static_cast<unsigned char*>(plant(a, 64));
    give_back(a, p, 64);
    p[0] = 0x41;
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
    ASSERT_GE(errors.items.size(), 1U);
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::use_after_free);
}

TEST_F(GeneralPurposeErrors, UnderflowThatDestroysTheHeaderIsFound) {
    auto* volatile p = static_cast<unsigned char*>(plant(a, 64));
    for (int i = 1; i <= 20; ++i) *(p - i) = 0;
    give_back(a, p, 64);
    expect_one(MemoryErrorKind::buffer_underflow,
               "zigmund: test: buffer underflow: more than 8 bytes before the block at " + address_of(p) +
                   " were written");
    EXPECT_EQ(gpa.live_blocks(), 0U);
    (void)gpa.check();
    EXPECT_EQ(errors.items.size(), 1U) << "told again of the freed block";
}

TEST(GeneralPurposeAllocator, QuarantineKeepsItsBudget) {
    CheckedUpstream upstream;
    {
        GeneralPurposeAllocator gpa{
            {.tier = Tier::traced, .backing = upstream, .quarantine_bytes = 10'000, .quarantine_blocks = 4}};
        const Allocator a = gpa.allocator();
        for (int i = 0; i < 100; ++i) {
            a.deallocate(a.allocate(100), 100);
            EXPECT_LE(upstream.live_blocks(), 4U);
        }
        for (int i = 0; i < 100; ++i) {
            a.deallocate(a.allocate(4000), 4000);
            EXPECT_LE(upstream.live_bytes(), 10'000U);
        }
        a.deallocate(a.allocate(20'000), 20'000);
        EXPECT_LE(upstream.live_bytes(), 10'000U);
    }
    EXPECT_EQ(upstream.live_blocks(), 0U);
    EXPECT_TRUE(upstream.violations().empty()) << upstream.violations().front();
}
#endif

TEST(GeneralPurposeAllocator, OffHandsOutTheBackingItself) {
    CheckedUpstream upstream;
    GeneralPurposeAllocator gpa{{.tier = Tier::off, .backing = upstream}};
    EXPECT_EQ(gpa.allocator(), Allocator{upstream});
    void* p = gpa.try_allocate(64);  // who uses the object itself gets the same
    EXPECT_EQ(upstream.live_bytes(), 64U);
    gpa.deallocate(p, 64);
    EXPECT_EQ(gpa.total_allocations(), 0U);
    EXPECT_EQ(gpa.check(), 0U);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, WhoNamesNoTierGetsThatOfTheBuild) {
    GeneralPurposeAllocator plain;
    GeneralPurposeAllocator named{{.name = "named"}};
    GeneralPurposeOptions options;
    options.name = "assigned";
    GeneralPurposeAllocator assigned{options};
    for (GeneralPurposeAllocator* gpa : {&plain, &named, &assigned}) {
#if defined(NDEBUG)
        EXPECT_EQ(gpa->allocator(), heap());
#else
        EXPECT_EQ(gpa->allocator(), Allocator{*gpa});
#endif
    }
}

TEST(GeneralPurposeAllocator, CountedConformsToResource) {
    EXPECT_TRUE(conforms(
        [](Resource& upstream) {
            return std::make_unique<GeneralPurposeAllocator>(
                GeneralPurposeOptions{.tier = Tier::counted, .backing = upstream});
        },
        {.grows_in_place = true, .remaps = true, .threads = 4}));
}

TEST(GeneralPurposeAllocator, GuardedAndSampledConformToResource) {
    for (const GuardSide side : {GuardSide::after, GuardSide::before}) {
        GeneralPurposeAllocator guarded{{.tier = Tier::guarded, .fenced_blocks = 16, .guard_side = side}};
        EXPECT_TRUE(conforms(guarded, {.threads = 4}));
        EXPECT_EQ(guarded.deinit(), LeakCheck::ok);
    }
    GeneralPurposeAllocator sampled{{.tier = Tier::sampled, .sample_interval = 3}};
    EXPECT_TRUE(conforms(sampled, {.threads = 4}));
    EXPECT_EQ(sampled.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, SameSeedSamplesTheSameBlocks) {
    const auto chosen = [](std::uint64_t seed) {
        std::vector<int> blocks;
        GeneralPurposeAllocator gpa{{.tier = Tier::sampled, .sample_interval = 10, .seed = seed}};
        for (int i = 0; i < 1000; ++i) {
            const std::uint64_t before = gpa.total_allocations();
            gpa.allocator().deallocate(gpa.allocator().allocate(64), 64);
            if (gpa.total_allocations() != before) blocks.push_back(i);
        }
        return blocks;
    };
    const auto first = chosen(1);
    EXPECT_EQ(first, chosen(1));
    EXPECT_NE(first, chosen(2));
    EXPECT_GT(first.size(), 50U);
    EXPECT_LT(first.size(), 200U);
}

TEST(GeneralPurposeAllocator, SeveralThatSampleCountEachForItself) {
    // The thread samples for the first of them without asking it; the others, and the first when it comes
    // back from another thread, must choose as if they were alone.
    const auto chosen = [](std::size_t others) {
        std::vector<std::unique_ptr<GeneralPurposeAllocator>> all;
        for (std::size_t i = 0; i <= others; ++i)
            all.push_back(std::make_unique<GeneralPurposeAllocator>(
                GeneralPurposeOptions{.tier = Tier::sampled, .sample_interval = 7, .seed = others - i + 1}));
        std::vector<std::pair<std::size_t, int>> blocks;
        for (int round = 0; round < 500; ++round) {
            for (std::size_t i = 0; i <= others; ++i) {
                const std::uint64_t before = all[i]->total_allocations();
                const Allocator a = all[i]->allocator();
                a.deallocate(a.allocate(64), 64);
                if (all[i]->total_allocations() != before) blocks.emplace_back(i, round);
            }
        }
        std::erase_if(blocks, [&](const auto& block) { return block.first != others; });
        for (auto& block : blocks) block.first = 0;
        return blocks;
    };
    const auto alone = chosen(0);
    EXPECT_GT(alone.size(), 30U);
    GeneralPurposeAllocator first{{.tier = Tier::sampled, .sample_interval = 7}};
    first.deallocate(first.allocate(64), 64);
    EXPECT_EQ(chosen(0), alone);
    EXPECT_EQ(chosen(2), alone);
}

TEST(GeneralPurposeAllocator, OneAtTheAddressOfOneThatSampledTakesEveryBlock) {
    // Each thread still knows the first by its address when the second moves in.
    std::optional<GeneralPurposeAllocator> gpa;
    std::barrier sync{3};
    const auto use = [&] {
        for (int i = 0; i < 100; ++i) gpa->allocator().deallocate(gpa->allocator().allocate(64), 64);
    };
    const auto user = [&] {
        sync.arrive_and_wait();
        use();
        sync.arrive_and_wait();
        sync.arrive_and_wait();
        use();
        sync.arrive_and_wait();
    };
    std::jthread one{user};
    std::jthread two{user};
    gpa.emplace(GeneralPurposeOptions{.tier = Tier::sampled, .sample_interval = 1000});
    sync.arrive_and_wait();
    use();
    sync.arrive_and_wait();
    gpa.emplace(GeneralPurposeOptions{.tier = Tier::traced});
    sync.arrive_and_wait();
    use();
    sync.arrive_and_wait();
    EXPECT_EQ(gpa->total_allocations(), 300U);
    EXPECT_EQ(gpa->deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, SampledBlocksMayBeFreedByAnyThread) {
    GeneralPurposeAllocator gpa{{.tier = Tier::sampled, .sample_interval = 5}};
    std::vector<std::span<int>> blocks;
    for (int i = 0; i < 1000; ++i) blocks.push_back(gpa.allocator().alloc<int>(16));
    EXPECT_GT(gpa.live_blocks(), 100U);
    std::jthread{[&] {
        for (const auto block : blocks) gpa.allocator().free(block);
    }}.join();
    EXPECT_EQ(gpa.live_blocks(), 0U);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, SampledIsDeadAfterDeinitEvenToWhomItPassedBlocksOn) {
    Collected errors;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::sampled, .on_error = Collected::add, .on_error_context = &errors}};
    const Allocator a = gpa.allocator();
    a.deallocate(a.allocate(64), 64);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
    EXPECT_EQ(a.try_allocate(64), nullptr);
    ASSERT_EQ(errors.items.size(), 1U);
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::use_after_deinit);
}

TEST(GeneralPurposeAllocator, GuardedBlocksBeyondTheMappingsAreTraced) {
    GeneralPurposeAllocator gpa{{.tier = Tier::guarded}};
    const Allocator a = gpa.allocator();
    std::vector<void*> blocks;
    for (int i = 0; i < 30'000; ++i) blocks.push_back(a.allocate(16));
    EXPECT_EQ(gpa.live_blocks(), 30'000U);
    for (void* p : blocks) a.deallocate(p, 16);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, ABlockTakesAtMost48BytesBesideItself) {
    for (std::size_t size = 1; size <= 5000; size += size < 600 ? 1 : 97) {
        CheckedUpstream upstream;
        GeneralPurposeAllocator gpa{{.tier = Tier::traced, .backing = upstream}};
        void* const p = gpa.allocator().allocate(size);
        EXPECT_LE(upstream.live_bytes() - (size + 15) / 16 * 16, 48U) << size;
        gpa.allocator().deallocate(p, size);
    }
}

#if !defined(ZIGMUND_SANITIZED)  // whose own books grow with each block
TEST(GeneralPurposeAllocator, TheBooksTakeAtMost16BytesABlockOfWhateverSize) {
    constexpr std::size_t page = 4096;
    constexpr std::size_t room = std::size_t{256} << 20;
    const auto resident = [] {
        std::size_t whole = 0;
        std::size_t pages = 0;
        std::ifstream{"/proc/self/statm"} >> whole >> pages;
        return pages * page;
    };
    for (const std::size_t size : {64U, 500U, 4000U, 20'000U, 100'000U, 1'000'000U}) {
        const std::span<std::byte> memory = pages().alloc<std::byte>(room);
        const auto resident_memory = [&] {
            std::vector<unsigned char> there(room / page);
            EXPECT_EQ(::mincore(memory.data(), room, there.data()), 0);
            return static_cast<std::size_t>(std::ranges::count(there, 1)) * page;
        };
        {
            FixedBuffer buffer{memory};
            GeneralPurposeAllocator gpa{{.tier = Tier::traced, .backing = buffer}};
            const Allocator a = gpa.allocator();
            // Their places are written before: what is counted is the books.
            std::vector<void*> blocks(std::min<std::size_t>(200'000, room / (size + 64) - 1), memory.data());
            blocks[0] = a.allocate(size);
            const auto before = static_cast<std::int64_t>(resident() - resident_memory());
            for (std::size_t i = 1; i < blocks.size(); ++i) blocks[i] = a.allocate(size);
            const std::int64_t books = static_cast<std::int64_t>(resident() - resident_memory()) - before;
            // Beside them, pages that are begun, and what the kernel counts in batches.
            EXPECT_LE(books, static_cast<std::int64_t>(16 * blocks.size()) + (512 << 10)) << size;
            for (void* p : blocks) a.deallocate(p, size);
        }
        pages().free(memory);
    }
}
#endif

TEST(GeneralPurposeAllocator, ABlockThatChangesItsSizeInPlaceIsKnownByTheNewOne) {
    std::vector<std::byte> memory(std::size_t{4} << 20);
    for (const auto& [from, to] : std::vector<std::pair<std::size_t, std::size_t>>{
             {40, 600}, {600, 40}, {400, 5000}, {5000, 100}, {100, 40'000}, {300'000, 3000}}) {
        Collected errors;
        FixedBuffer buffer{memory};
        GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                     .backing = buffer,
                                     .on_error = Collected::add,
                                     .on_error_context = &errors}};
        const Allocator a = gpa.allocator();
        void* const p = a.allocate(from);
        ASSERT_TRUE(a.resize(p, from, default_align, to)) << from << ' ' << to;
        EXPECT_EQ(gpa.check(), 0U);
        a.deallocate(static_cast<std::byte*>(p) + 16, 1);
        a.deallocate(p, to);
        EXPECT_EQ(gpa.live_blocks(), 0U);
        a.deallocate(p, to);
        ASSERT_EQ(errors.items.size(), 2U) << from << ' ' << to;
        EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::interior_pointer);
        EXPECT_EQ(errors.items[1].kind, MemoryErrorKind::double_free);
        EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
    }
}

#if !defined(ZIGMUND_ASAN)  // which stops at the write
TEST(GeneralPurposeAllocator, AWriteBesideABlockThatWasGivenBackIsPlaced) {
    for (const std::size_t size : {64U, 61U, 1000U}) {
        for (const bool behind : {true, false}) {
            Collected errors;
            GeneralPurposeAllocator gpa{
                {.tier = Tier::traced, .on_error = Collected::add, .on_error_context = &errors}};
            auto* volatile p = static_cast<unsigned char*>(gpa.allocator().allocate(size));
            gpa.allocator().deallocate(p, size);
            (behind ? p[size + 3] : *(p - 2)) = 0x77;
            EXPECT_EQ(gpa.check(), 1U);
            ASSERT_EQ(errors.items.size(), 1U);
            EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::use_after_free);
            const std::string place = behind ? "byte 3 behind the block at " : "byte 2 before the block at ";
            EXPECT_TRUE(has(errors.items[0].message, place)) << errors.items[0].message;
            EXPECT_TRUE(has(errors.items[0].message,
                            " of " + std::to_string(size) + " bytes was written after it was given back\n"))
                << errors.items[0].message;
        }
    }
}
#endif

TEST(GeneralPurposeAllocator, CountedGroupsLeaksBySize) {
    CapturedReport report;
    GeneralPurposeAllocator gpa{{.tier = Tier::counted, .report_descriptor = report.descriptor()}};
    (void)plant(gpa.allocator(), 64);
    (void)plant(gpa.allocator(), 64);
    (void)plant(gpa.allocator(), 32);
    EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
    EXPECT_EQ(report.first_line(), "zigmund: gpa: leak: 160 bytes in 3 blocks from 2 call sites");
    EXPECT_TRUE(has(report.text(), "  128 bytes (80.0 %) in 2 blocks of 64 bytes")) << report.text();
}

TEST(GeneralPurposeAllocator, CountedFindsMismatchesAndDoubleFrees) {
    Collected errors;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::counted, .on_error = Collected::add, .on_error_context = &errors}};
    void* p = plant(gpa.allocator(), 64);
    give_back(gpa.allocator(), p, 63);
    give_back(gpa.allocator(), p, 64);
    ASSERT_EQ(errors.items.size(), 2U);
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::size_mismatch);
    EXPECT_EQ(errors.items[1].kind, MemoryErrorKind::double_free);
}

// ---- the limit ----

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

// ---- threads ----

#if !defined(ZIGMUND_TSAN)  // whose runtime does not carry threads over fork()
TEST(GeneralPurposeAllocator, ChildOfForkGoesOn) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    const Allocator a = gpa.allocator();
    std::atomic<bool> stop = false;
    {
        std::jthread busy{[&] {
            while (!stop) a.free(a.alloc<int>(10));
        }};
        for (int i = 0; i < 20; ++i) {
            const pid_t child = ::fork();
            if (child == 0) {
                for (int k = 0; k < 100; ++k) a.free(a.alloc<char>(100));
                ::_exit(gpa.live_bytes() < 1000 ? 7 : 8);
            }
            int status = 0;
            ASSERT_EQ(::waitpid(child, &status, 0), child);
            ASSERT_TRUE(WIFEXITED(status));
            EXPECT_EQ(WEXITSTATUS(status), 7);
        }
        stop = true;
    }
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}
#endif

TEST(GeneralPurposeAllocator, FreesFromAnotherThreadAreExact) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    const Allocator a = gpa.allocator();
    constexpr std::size_t threads = 4;
    constexpr std::size_t rounds = 200;
    constexpr std::size_t batch = 50;
    std::array<std::vector<std::span<std::uint32_t>>, threads> mailbox;
    std::barrier sync{threads};
    {
        std::vector<std::jthread> team;
        for (std::size_t self = 0; self < threads; ++self) {
            team.emplace_back([&, self] {
                for (std::size_t round = 0; round < rounds; ++round) {
                    auto& mine = mailbox[self];
                    for (std::size_t i = 0; i < batch; ++i) {
                        mine.push_back(a.alloc<std::uint32_t>(1 + (self * 7 + i) % 60));
                        mine.back()[0] = static_cast<std::uint32_t>(self * 1000 + i);
                    }
                    sync.arrive_and_wait();
                    auto& others = mailbox[(self + 1) % threads];
                    for (std::size_t i = 0; i < batch; ++i) {
                        ASSERT_EQ(others[i][0], (self + 1) % threads * 1000 + i);
                        a.free(others[i]);
                    }
                    others.clear();
                    sync.arrive_and_wait();
                }
            });
        }
    }
    EXPECT_EQ(gpa.live_bytes(), 0U);
    EXPECT_EQ(gpa.live_blocks(), 0U);
    EXPECT_EQ(gpa.total_allocations(), threads * rounds * batch);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, ManyShortThreadsShareFewNumbers) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    const Allocator a = gpa.allocator();
    for (int i = 0; i < 300; ++i) std::jthread{[&] { a.free(a.alloc<int>(10)); }}.join();
    EXPECT_EQ(gpa.total_allocations(), 300U);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
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
