// Every memory that a trace is replayed on gives the program what it asks for, and keeps what it writes.
#include "memories.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "trace_bytes.hpp"

namespace {

using namespace zigmund::replay;
using zigmund::testing::TraceBytes;

/// Fills each block with what is its own, and looks whether it is still there when it is resized or freed.
class Witness final : public Probe {
  public:
    Witness(const Trace& trace, std::span<Block> blocks)
        : trace_{trace}, blocks_{blocks}, marks_(trace.slots()) {
        look = [](Probe& probe, std::uint64_t i) { static_cast<Witness&>(probe).between(i); };
    }
    void begin() override {}
    void end() override { after(trace_.operations().size() - 1); }

  private:
    void between(std::uint64_t i) {
        if (i > 0) after(i - 1);
        const Operation& next = trace_.operations()[i];
        if (next.verb == Verb::allocate) return;
        const Block& block = blocks_[next.slot];
        ASSERT_TRUE(holds(block, block.size, marks_[next.slot])) << "before operation " << i;
    }
    void after(std::uint64_t i) {
        const Operation& done = trace_.operations()[i];
        if (done.verb == Verb::free) return;
        const Block& block = blocks_[done.slot];
        ASSERT_NE(block.p, nullptr);
        ASSERT_EQ(block.size, done.size);
        if (done.verb == Verb::allocate) {
            ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block.p) % promised(done), 0U) << "operation " << i;
        } else {
            ASSERT_TRUE(holds(block, std::min<std::size_t>(sizes_[done.slot], block.size), marks_[done.slot]))
                << "after operation " << i;
        }
        marks_[done.slot] = static_cast<std::byte>(i % 251);
        sizes_[done.slot] = block.size;
        std::memset(block.p, static_cast<int>(i % 251), block.size);
    }
    /// malloc() aligns a small block as far as an object of its size needs it.
    static std::size_t promised(const Operation& operation) {
        return operation.align() > 16 ? operation.align()
                                      : std::min<std::size_t>(std::bit_floor(operation.size | 1), 16);
    }
    static bool holds(const Block& block, std::size_t size, std::byte mark) {
        return std::all_of(block.p, block.p + size, [mark](std::byte one) { return one == mark; });
    }

    const Trace& trace_;
    std::span<Block> blocks_;
    std::vector<std::byte> marks_;
    std::map<std::uint32_t, std::size_t> sizes_;
};

Trace random_trace(std::uint64_t seed) {
    std::mt19937_64 random{seed};
    TraceBytes bytes;
    std::vector<std::uint64_t> live;
    std::uint64_t last = 0;
    for (int i = 0; i < 20'000; ++i) {
        bytes.by(1 + static_cast<unsigned>(random() % 2));
        const std::uint64_t size = random() % 16 == 0 ? random() % 20'000 : random() % 700;
        if (random() % 60 == 0) {
            for (; live.size() > 3; live.pop_back()) bytes.free(live.back());
        } else if (live.empty() || random() % 3 != 0) {
            bytes.allocate(++last, size, random() % 20 == 0 ? 256 : 16);
            live.push_back(last);
        } else if (random() % 4 == 0) {
            bytes.resize(live[random() % live.size()], size);
        } else {
            std::swap(live[random() % live.size()], live.back());
            bytes.free(live.back());
            live.pop_back();
        }
    }
    return std::move(*Trace::parse(bytes.bytes(), "t"));
}

class Memories : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Memories, KeepWhatIsWritten) {
    const Kind& kind = kinds()[GetParam()];
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const Trace trace = random_trace(seed);
        const Phases phases = find_phases(trace);
        ASSERT_FALSE(phases.resets.empty());
        std::vector<Block> blocks(trace.slots());
        Witness witness{trace, blocks};
        // make test installs jemalloc and tcmalloc.
        EXPECT_EQ(kind.run({trace, phases, blocks, Touch::none, witness}), 0U);
        if (HasFatalFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(All, Memories, ::testing::Range<std::size_t>(0, kinds().size()),
                         [](const auto& one) {
                             std::string name{kinds()[one.param].name};
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(Touch, WritesWhatItSays) {
    const auto written = [](std::size_t from, std::size_t size, Touch how) {
        std::vector<std::byte> block(20'000);
        touch(block.data(), from, size, how);
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < block.size(); ++i)
            if (block[i] != std::byte{0}) places.push_back(i);
        return places;
    };
    using Places = std::vector<std::size_t>;
    EXPECT_EQ(written(0, 200, Touch::none), Places{});
    EXPECT_EQ(written(0, 0, Touch::lines), Places{});
    EXPECT_EQ(written(0, 200, Touch::ends), (Places{0, 199}));
    EXPECT_EQ(written(0, 200, Touch::lines), (Places{0, 64, 128, 192, 199}));
    EXPECT_EQ(written(200, 100, Touch::lines), Places{});  // a block that has become smaller
    const Places large = written(0, 10'000, Touch::lines);
    EXPECT_EQ(large.size(), 64U + 2 + 1);
    EXPECT_EQ(large.back(), 9999U);
}

}  // namespace

int main(int count, char** arguments) {
    reserve_thread_local_room(arguments);  // jemalloc is not opened without
    ::testing::InitGoogleTest(&count, arguments);
    return RUN_ALL_TESTS();
}
