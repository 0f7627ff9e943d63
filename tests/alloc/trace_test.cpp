#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/counting.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/logging.hpp>
#include <zigmund/alloc/null_allocator.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/alloc/trace.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "random_verbs.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;
using zigmund::alloc::testing::RandomVerbs;

TEST(Trace, DoesToAnotherResourceWhatWasDoneToTheFirst) {
    std::string text;
    CheckedUpstream upstream{CheckedUpstream::Growth::moves};
    Logging logged{upstream, [&](std::string_view line) { text += line; }};
    Counting recorded{logged};
    RandomVerbs verbs;
    verbs.run(recorded);

    const auto trace = Trace::parse(text);
    ASSERT_TRUE(trace.has_value()) << trace.error().line << ": " << trace.error().reason;
    CheckedUpstream again{CheckedUpstream::Growth::moves};
    Counting repeated{again};
    const Replay replay = trace->replay(repeated);
    EXPECT_EQ(repeated.counts(), recorded.counts());
    EXPECT_EQ(replay, (Replay{.operations = trace->size(), .peak_bytes = recorded.counts().peak_bytes}));
    EXPECT_TRUE(again.violations().empty());

    Arena arena;
    const Replay in_arena = trace->replay(arena);
    EXPECT_EQ(in_arena.refused, 0u);
    EXPECT_EQ(in_arena.operations, trace->size());
    EXPECT_EQ(in_arena.peak_bytes, recorded.counts().peak_bytes);
}

TEST(Trace, WhatTheTargetDoesNotResizeIsCopiedAsACallerDoes) {
    const auto trace = Trace::parse(
        "alloc 10 8 0x10\n"
        "resize 0x10 10 8 20 yes\n"
        "remap 0x10 20 8 40 0x80\n"
        "free 0x80 40 8\n");
    ASSERT_TRUE(trace.has_value());
    CheckedUpstream target{CheckedUpstream::Growth::refuses};
    EXPECT_EQ(trace->replay(target), (Replay{.operations = 4, .copied = 2, .peak_bytes = 40}));
    EXPECT_EQ(target.live_blocks(), 0u);
    EXPECT_TRUE(target.violations().empty());
}

TEST(Trace, WhatTheTraceWasRefusedIsNotTried) {
    const auto trace = Trace::parse(
        "# a comment, and an empty line\n"
        "\n"
        "alloc 10 8 null\n"
        "alloc 10 8 0x10\n"
        "resize 0x10 10 8 20 no\n"
        "remap 0x10 10 8 20 null\n"
        "free 0x10 10 8");
    ASSERT_TRUE(trace.has_value());
    EXPECT_EQ(trace->size(), 2u);
    CheckedUpstream target;
    EXPECT_EQ(trace->replay(target), (Replay{.operations = 2, .peak_bytes = 10}));
    EXPECT_EQ(target.calls(), 1u);
}

TEST(Trace, WhatFollowsOnABlockThatTheTargetRefusesIsLeftOut) {
    const auto trace = Trace::parse("alloc 10 8 0x10\nresize 0x10 10 8 20 yes\nfree 0x10 20 8\n");
    ASSERT_TRUE(trace.has_value());
    EXPECT_EQ(trace->replay(null_allocator()), (Replay{.operations = 1, .refused = 1}));

    CheckedUpstream target;
    target.fail_at(1, true);
    EXPECT_EQ(trace->replay(target), (Replay{.operations = 3, .refused = 1, .peak_bytes = 10}));
    EXPECT_EQ(target.live_blocks(), 0u);
    EXPECT_TRUE(target.violations().empty());
}

TEST(Trace, WhatItLeavesLiveIsToldAndFreed) {
    const auto trace = Trace::parse("alloc 10 8 0x10\nalloc 30 8 0x20\nfree 0x10 10 8\n");
    ASSERT_TRUE(trace.has_value());
    CheckedUpstream target;
    EXPECT_EQ(trace->replay(target),
              (Replay{.operations = 3, .peak_bytes = 40, .live_bytes = 30, .live_blocks = 1}));
    EXPECT_EQ(target.live_blocks(), 0u);
}

TEST(Trace, BlocksOfSizeZeroMayShareAnAddress) {
    const auto trace = Trace::parse(
        "alloc 0 8 0x10\nalloc 0 16 0x10\nalloc 5 8 0x10\nfree 0x10 0 16\nfree 0x10 5 8\nfree 0x10 0 8\n");
    ASSERT_TRUE(trace.has_value());
    EXPECT_EQ(trace->replay(heap()), (Replay{.operations = 6, .peak_bytes = 5}));
}

TEST(Trace, ATextThatIsNoTraceIsRefusedWithItsLine) {
    struct Case {
        std::string_view text;
        std::size_t line;
        std::string_view reason;
    };
    for (const auto& [text, line, reason] : {
             Case{"\nfreee 0x10 1 1\n", 2, "not an operation: write alloc, free, resize or remap"},
             Case{"alloc 10 8\n", 1, "malformed operation"},
             Case{"alloc 10 3 0x10\n", 1, "malformed operation"},
             Case{"alloc 10 0 0x10\n", 1, "malformed operation"},
             Case{"alloc -1 8 0x10\n", 1, "malformed operation"},
             Case{"alloc 1x 8 0x10\n", 1, "malformed operation"},
             Case{"alloc 99999999999999999999 8 0x10\n", 1, "malformed operation"},
             Case{"alloc 10 8 16\n", 1, "malformed operation"},
             Case{"alloc 10 8 0x10 1\n", 1, "malformed operation"},
             Case{"alloc 10 8 0x10\nresize 0x10 10 8 20 perhaps\n", 2, "malformed operation"},
             Case{"free 0x10 10 8\n", 1, "no live block has that address, size and alignment"},
             Case{"alloc 10 8 0x10\nfree 0x10 11 8\n", 2,
                  "no live block has that address, size and alignment"},
             Case{"alloc 10 8 0x10\nfree 0x10 10 16\n", 2,
                  "no live block has that address, size and alignment"},
             Case{"alloc 10 8 0x10\nfree 0x10 10 8\nfree 0x10 10 8\n", 3,
                  "no live block has that address, size and alignment"},
             Case{"alloc 10 8 0x10\nalloc 4 8 0x10\n", 2, "a live block has that address"},
             Case{"alloc 1 8 0x10\nalloc 1 8 0x20\nremap 0x10 1 8 2 0x20\n", 3,
                  "a live block has that address"},
         }) {
        const auto trace = Trace::parse(text);
        ASSERT_FALSE(trace.has_value()) << text;
        EXPECT_EQ(trace.error().line, line) << text;
        EXPECT_EQ(trace.error().reason, reason) << text;
    }
}

TEST(Trace, AnEmptyTextIsAnEmptyTrace) {
    const auto trace = Trace::parse("");
    ASSERT_TRUE(trace.has_value());
    EXPECT_EQ(trace->replay(null_allocator()), Replay{});
}

}  // namespace
