// Reading traces: what is in them, and what is said of those that are none, or damaged.
#include "trace.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "trace_bytes.hpp"

namespace {

using namespace zigmund::replay;
using zigmund::testing::TraceBytes;

Trace parse(const TraceBytes& bytes) {
    auto trace = Trace::parse(bytes.bytes(), "t");
    if (!trace) throw std::runtime_error{trace.error()};
    return std::move(*trace);
}

std::string error_of(std::span<const std::byte> bytes) {
    const auto trace = Trace::parse(bytes, "t");
    return trace ? "none" : trace.error();
}
std::string error_of(const TraceBytes& bytes) { return error_of(bytes.bytes()); }

std::string story(const Trace& trace) {
    std::string text;
    for (const Operation& operation : trace.operations()) {
        constexpr std::array verbs{'+', '-', '~'};
        if (!text.empty()) text += ' ';
        text += verbs[static_cast<std::size_t>(operation.verb)];
        text += std::to_string(operation.slot) + ":" + std::to_string(operation.size);
    }
    return text;
}

TEST(ReadTrace, NamesBlocksByAsFewSlotsAsAreLive) {
    const Trace trace = parse(TraceBytes{}
                                  .allocate(7, 100)
                                  .allocate(8, 50)
                                  .free(7)
                                  .allocate(9, 60)
                                  .resize(9, 70)
                                  .move(8, 7, 10)
                                  .free(7));
    EXPECT_EQ(story(trace), "+0:100 +1:50 -0:100 +0:60 ~0:70 ~1:10 -1:10");
    EXPECT_EQ(trace.slots(), 2U);
    EXPECT_EQ(trace.program(), "handmade");
}

TEST(ReadTrace, SumsWhatTheProgramDid) {
    const Trace trace = parse(TraceBytes{}
                                  .allocate(1, 100)
                                  .by(2)
                                  .allocate(2, 1000, 4096)
                                  .resize(2, 1500)
                                  .free(1)
                                  .resize(2, 10)
                                  .allocate(1, 20)
                                  .by(1)
                                  .free(1));
    const Summary& sums = trace.summary();
    EXPECT_EQ(sums.allocations, 3U);
    EXPECT_EQ(sums.frees, 2U);
    EXPECT_EQ(sums.resizes, 2U);
    EXPECT_EQ(sums.bytes, 100 + 1000 + 500 + 20U);
    EXPECT_EQ(sums.peak_bytes, 1600U);
    EXPECT_EQ(sums.peak_at, 2U);
    EXPECT_EQ(sums.peak_blocks, 2U);
    EXPECT_EQ(sums.live_bytes, 10U);
    EXPECT_EQ(sums.live_blocks, 1U);
    EXPECT_EQ(sums.threads, 2U);
    EXPECT_EQ(sums.freed_elsewhere, 2U);
    EXPECT_EQ(trace.operations()[1].align(), 4096U);
}

TEST(ReadTrace, TakesOperationsByTheirOrderAndNotByTheirPlace) {
    TraceBytes bytes;
    bytes.allocate(1, 10).by(2).at(4).free(1).by(1).at(2).free(1).by(3).allocate(1, 30);
    EXPECT_EQ(story(parse(bytes)), "+0:10 -0:10 +0:30 -0:30");
}

TEST(ReadTrace, OfMoreThanOneChunkIsWhole) {
    TraceBytes bytes;
    for (std::uint64_t i = 0; i < 50'000; ++i) bytes.by(static_cast<unsigned>(i % 3)).allocate(i * 1000, i);
    const Trace trace = parse(bytes);
    ASSERT_EQ(trace.operations().size(), 50'000U);
    for (std::uint64_t i = 0; i < 50'000; ++i) ASSERT_EQ(trace.operations()[i].size, i);
    EXPECT_GT(bytes.bytes().size(), format::head_bytes + 3 * format::chunk_bytes);
}

TEST(ReadTrace, KnowsCallSitesByTheirNames) {
    TraceBytes bytes{format::End::exited, true};
    bytes.allocate(1, 10, 16, 77).allocate(2, 10, 16, 78).allocate(3, 10).name(77, "load at a.cpp:1");
    const Trace trace = parse(bytes);
    ASSERT_TRUE(trace.has_sites());
    EXPECT_EQ(trace.site_name(trace.site(0)), "load at a.cpp:1");
    EXPECT_EQ(trace.site_name(trace.site(1)), "call site 78, which was not named");
    EXPECT_EQ(trace.site_name(trace.site(2)), "call site not recorded");
}

TEST(ReadTrace, OfAKilledProcessIsCutWhereTheFirstOperationIsMissing) {
    TraceBytes bytes{format::End::killed};
    bytes.allocate(1, 10).allocate(2, 20).by(2).at(4).free(2).free(1);
    const Trace trace = parse(bytes);
    EXPECT_EQ(story(trace), "+0:10 +1:20");
    EXPECT_EQ(trace.left_out(), 2U);
}

// ---- what is wrong ----

TEST(ReadTrace, SaysExactlyWhatIsWrong) {
    const auto good = TraceBytes{}.allocate(1, 10).free(1);
    ASSERT_EQ(error_of(good), "none");
    EXPECT_EQ(error_of(std::span<const std::byte>{}), "t: not a trace of zigmund-leaks");
    EXPECT_EQ(error_of(std::vector<std::byte>(300'000)), "t: not a trace of zigmund-leaks");
    auto other = good;
    other.head().version = 7;
    EXPECT_EQ(error_of(other),
              "t: a trace of version 7, of which this zigmund-bench knows nothing: it reads version 1");
    other = good;
    other.head().end = static_cast<format::End>(9);
    EXPECT_EQ(error_of(other), "t: damaged: it ended for an unknown reason");
    auto bytes = good.bytes();
    bytes.resize(10'000);
    EXPECT_EQ(error_of(bytes), "t: truncated: chunk 1 ends at byte 69632, the file at byte 10000");
    bytes.resize(1000);
    EXPECT_EQ(error_of(bytes), "t: truncated: chunk 0 ends at byte 4096, the file at byte 1000");
    EXPECT_EQ(error_of(TraceBytes{}), "t: no operations");

    EXPECT_EQ(error_of(TraceBytes{}.free(1)), "t: operation 1 frees a block that is not live");
    EXPECT_EQ(error_of(TraceBytes{}.allocate(1, 1).free(1).free(1)),
              "t: operation 3 frees a block that is not live");
    EXPECT_EQ(error_of(TraceBytes{}.allocate(1, 1).resize(2, 1)),
              "t: operation 2 resizes a block that is not live");
    EXPECT_EQ(error_of(TraceBytes{}.move(1, 2, 3)), "t: operation 1 resizes a block that is not live");
    EXPECT_EQ(error_of(TraceBytes{}.allocate(1, 1).allocate(1, 1)),
              "t: operation 2 allocates where a live block is");
    EXPECT_EQ(error_of(TraceBytes{}.allocate(1, 1).allocate(2, 1).move(1, 2, 3)),
              "t: operation 3 allocates where a live block is");
    EXPECT_EQ(error_of(TraceBytes{}.allocate(1, std::uint64_t{1} << 50)),
              "t: operation 1 brings the live bytes to 1125899906842624, which no machine has");
    EXPECT_EQ(error_of(TraceBytes{}.allocate(1, std::uint64_t{1} << 46).allocate(2, 1).resize(2, UINT64_MAX)),
              "t: operation 3 brings the live bytes to 18446744073709551615, which no machine has");
    EXPECT_EQ(error_of(TraceBytes{}.allocate(1, 1).at(3).free(1)),
              "t: damaged: there are 2 operations, the last of which is number 3");
    EXPECT_EQ(error_of(TraceBytes{}.allocate(1, 1).by(2).at(1).free(1).at(3).free(1)),
              "t: operation 1 is there twice");
    EXPECT_EQ(error_of(TraceBytes{format::End::killed}.at(1000).allocate(1, 1)),
              "t: damaged: there are 1 operations, the last of which is number 1000");
    EXPECT_EQ(error_of(TraceBytes{format::End::killed}.at(2).allocate(1, 1)), "t: no operations");
}

TEST(ReadTrace, SaysWhereARecordIsDamaged) {
    const auto damaged = [](std::initializer_list<unsigned> record) {
        return error_of(TraceBytes{}.allocate(1, 10).raw(record));
    };
    // The head of a chunk has 16 bytes, the thread's record 2, the allocation 4.
    EXPECT_EQ(damaged({7}), "t: chunk 1, byte 22: damaged: not an operation");
    EXPECT_EQ(damaged({2 | 16, 1, 1}), "t: chunk 1, byte 22: damaged: not an operation");
    EXPECT_EQ(damaged({1 | 32, 1, 1, 1}), "t: chunk 1, byte 22: damaged: not an operation");
    EXPECT_EQ(damaged({5, 0xff, 0xff, 0xff, 1}),
              "t: chunk 1, byte 22: damaged: the number of a thread is out of range");
    EXPECT_EQ(damaged({2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}),
              "t: chunk 1, byte 22: damaged: a number of more than 64 bits");
    EXPECT_EQ(damaged({1 | 8, 1, 1, 1, 60}),
              "t: chunk 1, byte 22: damaged: an alignment that no machine has");
    EXPECT_EQ(damaged({1 | 16, 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 1}),
              "t: chunk 1, byte 22: damaged: the number of a call site is out of range");
    EXPECT_EQ(damaged({6, 1, 0xff, 2}), "t: chunk 1, byte 22: damaged: a name goes beyond the chunk");

    auto bytes = TraceBytes{}.allocate(1, 10).bytes();
    bytes[format::head_bytes] = std::byte{1};
    EXPECT_EQ(error_of(bytes), "t: chunk 1, byte 0: damaged: not a chunk");
    bytes = TraceBytes{}.allocate(1, 10).bytes();
    bytes[format::head_bytes + 16] = std::byte{2};  // a free where the thread was
    EXPECT_EQ(error_of(bytes), "t: chunk 1, byte 16: damaged: an operation of no thread");
    bytes = TraceBytes{}.allocate(1, 10).bytes();
    std::fill(bytes.begin() + format::head_bytes + 22, bytes.end(), std::byte{0xff});
    bytes[format::head_bytes + 22] = std::byte{2};
    EXPECT_EQ(error_of(bytes), "t: chunk 1, byte 22: damaged: a number of more than 64 bits");
}

TEST(ReadTrace, OfAFileThatCannotBeReadSaysWhy) {
    EXPECT_EQ(Trace::read("/nowhere/x").error(), "cannot open /nowhere/x: No such file or directory");
    EXPECT_EQ(Trace::read("/").error(), "cannot open /: Is a directory");
    EXPECT_EQ(Trace::read("/dev/null").error(), "cannot open /dev/null: Invalid argument");
    EXPECT_EQ(Trace::read("/proc/self/cmdline").error(), "/proc/self/cmdline: not a trace of zigmund-leaks");
}

/// Whatever is done to its bytes, a trace is read, or an error is told; a trace that is read holds what reading
/// promises.
TEST(ReadTrace, OfDamagedBytesNeverBreaksItsPromises) {
    TraceBytes source{format::End::killed, true};
    std::mt19937_64 random{20261130};
    std::vector<std::uint64_t> live;
    for (std::uint64_t i = 1; i < 600; ++i) {
        source.by(1 + static_cast<unsigned>(random() % 3));
        if (live.empty() || random() % 3 != 0) {
            live.push_back(i);
            source.allocate(i, random() % 5000, random() % 8 == 0 ? 64 : 16,
                            static_cast<std::uint32_t>(random() % 9));
        } else {
            std::swap(live[random() % live.size()], live.back());
            source.free(live.back());
            live.pop_back();
        }
    }
    source.name(3, "three");
    const std::vector<std::byte> good = source.bytes();
    ASSERT_EQ(error_of(good), "none");
    // Where something is: the head and the first bytes of each chunk.
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < good.size(); ++i)
        if (good[i] != std::byte{0}) places.push_back(i);
    std::size_t read = 0;
    std::size_t refused = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::vector<std::byte> bytes = good;
        for (std::uint64_t n = random() % 4 + 1; n > 0; --n)
            bytes[places[random() % places.size()]] = static_cast<std::byte>(random());
        if (random() % 20 == 0) bytes.resize(random() % bytes.size());
        const auto trace = Trace::parse(bytes, "t");
        if (!trace) {
            ++refused;
            ASSERT_TRUE(trace.error().starts_with("t: ")) << trace.error();
            ASSERT_EQ(trace.error().find('\n'), std::string::npos);
            continue;
        }
        ++read;
        std::vector<bool> is_live(trace->slots(), false);
        for (const Operation& operation : trace->operations()) {
            ASSERT_LT(operation.slot, trace->slots());
            ASSERT_EQ(is_live[operation.slot], operation.verb != Verb::allocate);
            is_live[operation.slot] = operation.verb != Verb::free;
            ASSERT_LE(operation.size, std::uint64_t{1} << 47);
        }
    }
    EXPECT_GT(read, 100U);
    EXPECT_GT(refused, 10'000U);
}

}  // namespace
