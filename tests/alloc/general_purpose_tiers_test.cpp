// What each tier of the general-purpose allocator does, and what it costs.
#include <zigmund/alloc/fixed_buffer.hpp>
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/sanitizer.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <algorithm>
#include <barrier>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "captured_report.hpp"
#include "planted_errors.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;
using zigmund::alloc::testing::conforms;
using namespace planted;

#if !defined(ZIGMUND_ASAN)
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

}  // namespace
