#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/snapshot.hpp>
#include <zigmund/alloc/symbolizer.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "captured_report.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;

// Different functions, which a compiler would fold into one if they did the same.
std::atomic<int> loads = 0;
std::atomic<int> sessions = 0;

[[gnu::noinline]] void* load_cache(Allocator a, std::size_t size) {
    void* p = a.allocate(size);
    ++loads;
    return p;
}

[[gnu::noinline]] void* open_session(Allocator a, std::size_t size) {
    void* p = a.allocate(size);
    ++sessions;
    return p;
}

/// The functions of a stack.
std::string names_of(std::span<const std::uintptr_t> stack) {
    std::string names;
    for (const std::uintptr_t address : stack)
        symbolize(
            address - 1,
            [](const SourceFrame& frame, void* context) {
                static_cast<std::string*>(context)->append(frame.function).append(" ");
            },
            &names);
    return names;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Snapshot, CountsWhatIsLive) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    const Allocator a = gpa.allocator();
    EXPECT_EQ(gpa.snapshot().call_sites(), 0U);
    void* const first = load_cache(a, 100);
    void* const second = open_session(a, 28);
    const Snapshot snapshot = gpa.snapshot();
    a.deallocate(first, 100);
    a.deallocate(second, 28);
    EXPECT_EQ(snapshot.bytes(), 128U);
    EXPECT_EQ(snapshot.blocks(), 2U);
    EXPECT_EQ(snapshot.call_sites(), 2U);
    EXPECT_EQ(gpa.snapshot().bytes(), 0U);
}

TEST(Snapshot, DiffTellsWhatGrewByCallSiteAndTheMostFirst) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    const Allocator a = gpa.allocator();
    std::vector<std::pair<void*, std::size_t>> live;
    const auto load = [&](std::size_t size) { live.emplace_back(load_cache(a, size), size); };
    const auto open = [&](std::size_t size) { live.emplace_back(open_session(a, size), size); };
    void* const gone = a.allocate(5000);
    for (int i = 0; i < 10; ++i) load(64);
    const Snapshot before = gpa.snapshot();
    for (int i = 0; i < 3; ++i) load(64);
    for (int i = 0; i < 2; ++i) open(1000);
    a.deallocate(gone, 5000);
    const SnapshotDiff growth = diff(before, gpa.snapshot());
    EXPECT_EQ(growth.bytes(), 3 * 64 + 2 * 1000 - 5000);
    EXPECT_EQ(growth.blocks(), 3 + 2 - 1);
    // The loop may have been unrolled, and load() inlined at both places: what was before is one call site
    // with what came after only if it is named alike.
    ASSERT_GE(growth.sites().size(), 3U);
    EXPECT_EQ(growth.sites()[0].bytes, 2000);
    EXPECT_EQ(growth.sites()[0].blocks, 2);
    EXPECT_TRUE(has(names_of(growth.sites()[0].stack), "open_session"));
    EXPECT_EQ(growth.sites()[1].bytes, 192);
    EXPECT_EQ(growth.sites()[1].blocks, 3);
    EXPECT_TRUE(has(names_of(growth.sites()[1].stack), "load_cache"));
    EXPECT_EQ(growth.sites().back().bytes, -5000);
    EXPECT_EQ(growth.sites().back().blocks, -1);
    for (const auto& [p, size] : live) a.deallocate(p, size);
}

TEST(Snapshot, DiffOfEqualSnapshotsIsEmpty) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    void* const p = load_cache(gpa.allocator(), 64);
    const Snapshot before = gpa.snapshot();
    gpa.allocator().deallocate(gpa.allocator().allocate(1000), 1000);
    EXPECT_TRUE(diff(before, gpa.snapshot()).sites().empty());
    EXPECT_TRUE(diff(before, before).sites().empty());
    EXPECT_TRUE(diff({}, {}).sites().empty());
    EXPECT_EQ(diff({}, before).bytes(), 64);
    EXPECT_EQ(diff(before, {}).bytes(), -64);
    gpa.allocator().deallocate(p, 64);
}

TEST(Snapshot, AgreesWithAModelInEachTier) {
    for (const Tier tier : {Tier::counted, Tier::traced, Tier::guarded}) {
        GeneralPurposeAllocator gpa{{.tier = tier}};
        const Allocator a = gpa.allocator();
        std::mt19937_64 random{11};
        std::vector<std::span<char>> blocks;
        std::size_t live = 0;
        Snapshot last = gpa.snapshot();
        for (int i = 0; i < 1000; ++i) {
            if (blocks.empty() || random() % 100 < 55) {
                blocks.push_back(a.alloc<char>(random() % 5000));
                live += blocks.back().size();
            } else {
                std::swap(blocks[random() % blocks.size()], blocks.back());
                live -= blocks.back().size();
                a.free(blocks.back());
                blocks.pop_back();
            }
            if (i % 100 != 0) continue;
            Snapshot now = gpa.snapshot();
            EXPECT_EQ(now.bytes(), live);
            EXPECT_EQ(now.blocks(), blocks.size());
            const SnapshotDiff growth = diff(last, now);
            EXPECT_EQ(growth.bytes(),
                      static_cast<std::int64_t>(now.bytes()) - static_cast<std::int64_t>(last.bytes()));
            std::int64_t sum = 0;
            std::int64_t previous = INT64_MAX;
            for (const SiteGrowth& site : growth.sites()) {
                EXPECT_LE(site.bytes, previous);
                previous = site.bytes;
                sum += site.bytes;
            }
            EXPECT_EQ(sum, growth.bytes());
            last = std::move(now);
        }
        for (const auto block : blocks) a.free(block);
    }
}

TEST(Snapshot, TakesNoMemoryFromItsAllocatorAndOutlivesIt) {
    CheckedUpstream upstream;
    Snapshot before;
    Snapshot after;
    {
        GeneralPurposeAllocator gpa{{.tier = Tier::traced, .backing = upstream}};
        const auto calls = upstream.calls();
        const auto made = gpa.total_allocations();
        before = gpa.snapshot();
        EXPECT_EQ(upstream.calls(), calls);
        EXPECT_EQ(gpa.total_allocations(), made);
        void* const p = load_cache(gpa.allocator(), 64);
        after = gpa.snapshot();
        gpa.allocator().deallocate(p, 64);
    }
    EXPECT_EQ(diff(before, after).bytes(), 64);
}

TEST(Snapshot, OfAnAllocatorThatTracksNothingOrIsDeadIsEmpty) {
    GeneralPurposeAllocator off{{.tier = Tier::off}};
    EXPECT_EQ(off.snapshot().blocks(), 0U);
    GeneralPurposeAllocator dead{{.tier = Tier::traced}};
    (void)dead.deinit();
    EXPECT_EQ(dead.snapshot().blocks(), 0U);
}

TEST(Snapshot, IsTakenWhileOthersAllocate) {
    for (const Tier tier : {Tier::traced, Tier::guarded}) {
        GeneralPurposeAllocator gpa{{.tier = tier, .fenced_blocks = 16}};
        const Allocator a = gpa.allocator();
        void* const kept = load_cache(a, 123);
        std::atomic<bool> stop = false;
        std::atomic<std::size_t> made = 0;
        std::vector<std::jthread> team;
        for (int i = 0; i < 3; ++i)
            team.emplace_back([&] {
                for (std::size_t size = 1; !stop; size = size * 5 % 300'007) {
                    ++made;
                    void* p = a.allocate(size);
                    a.deallocate(p, size);
                }
            });
        for (int i = 0; i < 100; ++i) {
            const std::size_t made_before = made;
            const Snapshot snapshot = gpa.snapshot();
            EXPECT_GE(snapshot.bytes(), 123U);
            // The four that lived when it began, and what was made until it ended.
            EXPECT_LE(snapshot.blocks(), 4 + (made - made_before));
        }
        stop = true;
        team.clear();
        EXPECT_EQ(gpa.snapshot().bytes(), 123U);
        a.deallocate(kept, 123);
    }
}

TEST(Snapshot, DiffIsWrittenAsALeakReportIs) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .name = "server"}};
    const Allocator a = gpa.allocator();
    void* const gone = open_session(a, 500);
    const Snapshot before = gpa.snapshot();
    void* const p = load_cache(a, 64);
    a.deallocate(gone, 500);
    const SnapshotDiff growth = diff(before, gpa.snapshot());
    a.deallocate(p, 64);
    CapturedReport text;
    growth.write(text.descriptor());
    EXPECT_EQ(text.first_line(), "zigmund: server: growth: -436 bytes in +0 blocks from 2 call sites");
    EXPECT_TRUE(has(text.text(), "\n  +64 bytes in +1 block, allocated at\n    #0 ")) << text.text();
    EXPECT_TRUE(has(text.text(), "\n  -500 bytes in -1 block, allocated at\n    #0 ")) << text.text();
    EXPECT_TRUE(has(text.text(), "load_cache")) << text.text();
    CapturedReport folded;
    growth.write(folded.descriptor(), ReportFormat::folded);
    EXPECT_TRUE(has(folded.text(), "load_cache") && folded.text().ends_with(" 64\n")) << folded.text();
    EXPECT_FALSE(has(folded.text(), "open_session")) << folded.text();
    CapturedReport json;
    growth.write(json.descriptor(), ReportFormat::json);
    EXPECT_TRUE(json.text().starts_with(
        R"({"report":"growth","allocator":"server","bytes":-436,"blocks":0,"call_sites":[{"bytes":64,"blocks":1,"stack":[)"))
        << json.text();
}

TEST(Snapshot, WithoutStacksSizesAreToldApart) {
    GeneralPurposeAllocator gpa{{.tier = Tier::counted}};
    const Allocator a = gpa.allocator();
    const Snapshot before = gpa.snapshot();
    void* const p = a.allocate(64);
    void* const q = a.allocate(32);
    const SnapshotDiff growth = diff(before, gpa.snapshot());
    a.deallocate(p, 64);
    a.deallocate(q, 32);
    CapturedReport text;
    growth.write(text.descriptor());
    EXPECT_EQ(text.text(),
              "zigmund: gpa: growth: +96 bytes in +2 blocks from 2 call sites\n"
              "  +64 bytes in +1 block of 64 bytes\n"
              "  +32 bytes in +1 block of 32 bytes\n");
}

}  // namespace
