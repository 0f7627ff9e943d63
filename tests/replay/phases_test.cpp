// Where an arena could be reset: traces of known shape, and what is found in them.
#include "phases.hpp"

#include <gtest/gtest.h>

#include <random>

#include "trace_bytes.hpp"

namespace {

using namespace zigmund::replay;
using zigmund::testing::TraceBytes;

class Maker {
  public:
    explicit Maker(bool has_sites = false) : bytes_{format::End::exited, has_sites} {}
    std::uint64_t make(std::uint64_t size, std::uint32_t site = 0) {
        bytes_.allocate(++last_, size, 16, site);
        return last_;
    }
    void end(std::uint64_t block) { bytes_.free(block); }
    TraceBytes& bytes() { return bytes_; }
    [[nodiscard]] Trace trace() const { return std::move(*Trace::parse(bytes_.bytes(), "t")); }

    /// A request: `blocks` blocks of 100 bytes that are all freed at its end, in their order.
    void request(int blocks) {
        std::vector<std::uint64_t> all;
        for (int i = 0; i < blocks; ++i) all.push_back(make(100));
        for (const std::uint64_t block : all) end(block);
    }

  private:
    TraceBytes bytes_;
    std::uint64_t last_ = 0;
};

/// 2000 blocks are live all the time, and are replaced at random. Returns those that are live at the end.
std::vector<std::uint64_t> churn(Maker& maker) {
    std::mt19937_64 random{7};
    std::vector<std::uint64_t> live;
    for (int i = 0; i < 2000; ++i) live.push_back(maker.make(100));
    for (int i = 0; i < 100'000; ++i) {
        std::uint64_t& block = live[random() % live.size()];
        maker.end(block);
        block = maker.make(100);
    }
    return live;
}

TEST(FindPhases, OfRequestsAreTheRequests) {
    Maker maker;
    for (int i = 0; i < 50; ++i) maker.request(40);
    const Trace trace = maker.trace();
    const Phases phases = find_phases(trace);
    ASSERT_EQ(phases.resets.size(), 50U);
    for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(phases.resets[i].before, (i + 1) * 80);
    EXPECT_EQ(phases.allocations, 2000U);
    EXPECT_EQ(phases.survivors, 0U);
    EXPECT_EQ(phases.outside, 0U);
    EXPECT_EQ(phases.share(), 1.0);
    EXPECT_EQ(phases.most_held, 40 * 112U);  // a block of 100 takes 112
    EXPECT_EQ(phases.median_held, 40 * 112U);
}

TEST(FindPhases, LeavesOutWhatTheProgramMakesAtItsBeginning) {
    Maker maker;
    for (int i = 0; i < 3000; ++i) maker.make(64);
    for (int i = 0; i < 100; ++i) maker.request(100);
    const Phases phases = find_phases(maker.trace());
    EXPECT_EQ(phases.allocations + phases.survivors + phases.outside, 13'000U);
    // At most one request, into which the beginning reaches, is cut otherwise.
    EXPECT_GE(phases.allocations, 9'900U);
    EXPECT_GE(phases.resets.size(), 99U);
    EXPECT_LE(phases.most_held, 400 * 112U);
}

TEST(FindPhases, TellWhatSurvivesAndWhereItWasMade) {
    Maker maker{true};
    for (int i = 0; i < 100; ++i) {
        std::vector<std::uint64_t> all;
        for (int k = 0; k < 30; ++k) all.push_back(maker.make(100, 1));
        maker.make(5000, 2);  // kept for good
        for (int k = 0; k < 30; ++k) all.push_back(maker.make(100, 3));
        for (const std::uint64_t block : all) maker.end(block);
    }
    maker.bytes().name(2, "cache at c.cpp:9");
    const Trace trace = maker.trace();
    const Phases phases = find_phases(trace);
    EXPECT_EQ(phases.resets.size(), 100U);
    EXPECT_EQ(phases.allocations, 6000U);
    EXPECT_EQ(phases.survivors, 100U);
    EXPECT_EQ(phases.survivor_bytes, 500'000U);
    ASSERT_EQ(phases.sites.size(), 1U);
    EXPECT_EQ(phases.sites[0].blocks, 100U);
    EXPECT_EQ(phases.sites[0].bytes, 500'000U);
    EXPECT_EQ(trace.site_name(phases.sites[0].site), "cache at c.cpp:9");
    EXPECT_EQ(phases.most_held, 60 * 112U);
}

TEST(FindPhases, OfLongLivedChurnAreNone) {
    Maker maker;
    const std::vector<std::uint64_t> live = churn(maker);
    // Even though all is dead at the end of the program.
    for (const std::uint64_t block : live) maker.end(block);
    const Phases phases = find_phases(maker.trace());
    EXPECT_LT(phases.share(), 0.1);
}

TEST(FindPhases, OfEachThreadAreItsOwnWhoeverFrees) {
    // Requests of two threads, interleaved; the other thread frees.
    TraceBytes bytes;
    constexpr std::uint64_t blocks = 40;
    for (std::uint64_t request = 0; request < 50; ++request) {
        for (const unsigned thread : {1U, 2U}) {
            for (std::uint64_t i = 0; i < blocks; ++i)
                bytes.by(thread).allocate(request * 1000 + thread * 100 + i, 100);
            const unsigned other = 3 - thread;
            if (request > 0 || thread == 2)
                for (std::uint64_t i = 0; i < blocks; ++i)
                    bytes.by(thread).free((thread == 2 ? request : request - 1) * 1000 + other * 100 + i);
        }
    }
    for (std::uint64_t i = 0; i < blocks; ++i) bytes.by(1).free(49'000 + 200 + i);
    const Trace trace = std::move(*Trace::parse(bytes.bytes(), "t"));
    const Phases phases = find_phases(trace);
    EXPECT_EQ(phases.allocations, 4000U);
    EXPECT_EQ(std::ranges::count(phases.resets, 1, &Phases::Reset::thread), 50);
    EXPECT_EQ(std::ranges::count(phases.resets, 2, &Phases::Reset::thread), 50);
}

/// `depth` blocks at a time: the oldest is freed before the next is made.
void queue(Maker& maker, std::uint64_t depth, int blocks, std::uint32_t site = 0) {
    std::vector<std::uint64_t> live(depth);
    for (std::size_t i = 0; i < static_cast<std::size_t>(blocks); ++i) {
        std::uint64_t& block = live[i % depth];
        if (block != 0) maker.end(block);
        block = maker.make(64, site);
    }
}

TEST(FindPhases, OfAQueueAreNoneWhereItsCallSiteIsKnown) {
    for (const std::uint64_t depth : {2U, 10U, 100U}) {
        Maker maker{true};
        maker.make(10 << 20, 2);  // what was there before is no reason for an arena
        queue(maker, depth, 50'000, 1);
        const Phases phases = find_phases(maker.trace());
        EXPECT_TRUE(phases.resets.empty()) << depth;
        EXPECT_EQ(phases.allocations, 0U) << depth;
        EXPECT_EQ(phases.mixed + phases.survivors + phases.outside, 50'001U) << depth;
        EXPECT_EQ(std::ranges::count(phases.in_arena, true), 0) << depth;
    }
}

TEST(FindPhases, OfAQueueAreUncertainWhereNoCallSiteIsKnown) {
    Maker maker;
    maker.make(10 << 20);
    queue(maker, 10, 50'000);
    EXPECT_FALSE(find_phases(maker.trace()).told_apart);
    Maker requests;
    for (int i = 0; i < 50; ++i) requests.request(40);
    EXPECT_TRUE(find_phases(requests.trace()).told_apart);
}

TEST(FindPhases, LeaveToTheArenaWhatAQueueBesideItIsNot) {
    Maker maker{true};
    std::vector<std::uint64_t> live(4);
    for (std::size_t i = 0; i < 200; ++i) {
        std::vector<std::uint64_t> all;
        for (int k = 0; k < 90; ++k) all.push_back(maker.make(100, 1));
        for (std::size_t k = 0; k < 10; ++k) {
            std::uint64_t& block = live[k % 4];
            if (block != 0) maker.end(block);
            block = maker.make(64, 2);
        }
        for (const std::uint64_t block : all) maker.end(block);
    }
    const Phases phases = find_phases(maker.trace());
    EXPECT_EQ(phases.allocations, 200 * 90U);
    EXPECT_EQ(phases.mixed + phases.survivors, 200 * 10U);
    EXPECT_EQ(phases.outside, 0U);
}

TEST(FindPhases, OfChurnAreNoneHoweverMuchIsLiveBesideIt) {
    Maker maker;
    maker.make(std::uint64_t{10} << 20);
    (void)churn(maker);
    const Phases phases = find_phases(maker.trace());
    EXPECT_TRUE(phases.resets.empty());
    // 2000 blocks are one in twenty of 40,000.
    EXPECT_GT(phases.least_beyond, 30'000 * 112U);
    EXPECT_LT(phases.least_beyond, 102'000 * 112U);
}

TEST(FindPhases, OfBlocksThatAreFreedAtOnceHoldOne) {
    Maker maker;
    for (int i = 0; i < 10'000; ++i) maker.end(maker.make(64));
    const Phases phases = find_phases(maker.trace());
    EXPECT_EQ(phases.share(), 1.0);
    EXPECT_EQ(phases.most_held, 64U);
}

TEST(FindPhases, KnowThatTheNewestBlockGrowsInPlace) {
    Maker maker;
    for (int i = 0; i < 100; ++i) {
        std::vector<std::uint64_t> all;
        for (int k = 0; k < 20; ++k) all.push_back(maker.make(16));
        all.push_back(maker.make(64));
        for (std::uint64_t size = 128; size < 20'000; size += 64) maker.bytes().resize(all.back(), size);
        for (const std::uint64_t block : all) maker.end(block);
    }
    const Phases phases = find_phases(maker.trace());
    EXPECT_EQ(phases.resets.size(), 100U);
    EXPECT_EQ(phases.share(), 1.0);
    EXPECT_EQ(phases.most_held, 20 * 16 + 19'968U);
}

TEST(FindPhases, KnowThatAnotherBlockThatGrowsLeavesItsPlace) {
    Maker maker;
    for (int i = 0; i < 100; ++i) {
        std::vector<std::uint64_t> all;
        for (int k = 0; k < 20; ++k) all.push_back(maker.make(16));
        maker.bytes().resize(all.front(), 160).resize(all.front(), 320).resize(all[1], 10);
        for (const std::uint64_t block : all) maker.end(block);
    }
    EXPECT_EQ(find_phases(maker.trace()).most_held, 20 * 16 + 320U);
}

TEST(FindPhases, OfARestThatIsShorterThanTheOthersIsOne) {
    Maker maker;
    for (int i = 0; i < 20; ++i) maker.end(maker.make(64));
    const Phases phases = find_phases(maker.trace());
    EXPECT_EQ(phases.allocations, 20U);
    EXPECT_EQ(phases.outside, 0U);
    ASSERT_EQ(phases.resets.size(), 2U);
    EXPECT_EQ(phases.resets.back().before, 40U);
}

TEST(FindPhases, TellOfSurvivorsThatReadTheSameOnce) {
    Maker maker{true};
    for (std::uint32_t i = 0; i < 100; ++i) {
        std::vector<std::uint64_t> all;
        for (int k = 0; k < 60; ++k) all.push_back(maker.make(100, 1));
        maker.make(5000, 2 + i % 2);
        for (const std::uint64_t block : all) maker.end(block);
    }
    maker.bytes().name(2, "cache at c.cpp:9").name(3, "cache at c.cpp:9");
    const Phases phases = find_phases(maker.trace());
    ASSERT_EQ(phases.sites.size(), 1U);
    EXPECT_EQ(phases.sites[0].blocks, 100U);
}

/// Whatever the program does: a block is in an arena from its birth to its death, which comes before the next
/// reset of its thread's arena.
TEST(FindPhases, NeverKeepABlockOverAReset) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        std::mt19937_64 random{seed};
        TraceBytes bytes;
        std::vector<std::uint64_t> live;
        std::uint64_t last = 0;
        const std::uint64_t stays = random() % 50 + 2;
        for (int i = 0; i < 5000; ++i) {
            bytes.by(1 + static_cast<unsigned>(random() % 2));
            const bool empties = random() % 100 == 0;
            if (empties) {
                while (live.size() > random() % 4) {
                    bytes.free(live.back());
                    live.pop_back();
                }
            } else if (live.empty() || random() % 3 != 0) {
                bytes.allocate(++last, random() % 1000);
                live.push_back(last);
            } else if (random() % 8 == 0) {
                bytes.resize(live[random() % live.size()], random() % 1000);
            } else {
                const std::size_t at =
                    live.size() - 1 - random() % std::min<std::uint64_t>(live.size(), stays);
                bytes.free(live[at]);
                live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
            }
        }
        const Trace trace = std::move(*Trace::parse(bytes.bytes(), "t"));
        const Phases phases = find_phases(trace);
        ASSERT_EQ(phases.in_arena.size(), trace.operations().size());
        ASSERT_TRUE(std::ranges::is_sorted(phases.resets, {}, &Phases::Reset::before));
        struct Live {
            bool in_arena = false;
            std::uint16_t thread = 0;
        };
        std::map<std::uint32_t, Live> blocks;
        auto next = phases.resets.begin();
        for (std::uint64_t i = 0; i < trace.operations().size(); ++i) {
            for (; next != phases.resets.end() && next->before == i; ++next)
                for (const auto& [slot, block] : blocks)
                    ASSERT_FALSE(block.in_arena && block.thread == next->thread) << "operation " << i;
            const Operation& operation = trace.operations()[i];
            if (operation.verb == Verb::allocate)
                blocks[operation.slot] = {phases.in_arena[i], operation.thread};
            ASSERT_EQ(blocks.at(operation.slot).in_arena, phases.in_arena[i]);
            if (operation.verb == Verb::free) blocks.erase(operation.slot);
        }
        const auto in_arena = [](const auto& one) { return one.second.in_arena; };
        ASSERT_EQ(std::ranges::count_if(blocks, in_arena), 0);
    }
}

}  // namespace
