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
    std::mt19937_64 random{7};
    std::vector<std::uint64_t> live;
    for (int i = 0; i < 2000; ++i) live.push_back(maker.make(100));
    for (int i = 0; i < 100'000; ++i) {
        std::uint64_t& block = live[random() % live.size()];
        maker.end(block);
        block = maker.make(100);
    }
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
