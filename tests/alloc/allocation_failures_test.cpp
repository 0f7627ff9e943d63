// Each verdict is shown by a function that deserves it.
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <memory_resource>
#include <new>
#include <regex>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace {

using namespace zigmund::alloc;
using namespace zigmund::alloc::testing;

std::string first_line(const FailureFinding& finding) {
    return finding.text.substr(0, finding.text.find('\n'));
}

/// Of all findings.
std::vector<std::string> first_lines(const FailureResult& result) {
    std::vector<std::string> lines;
    for (const FailureFinding& finding : result.findings) lines.push_back(first_line(finding));
    return lines;
}

using Lines = std::vector<std::string>;

// Three blocks of 24, 32 and 40 bytes, and all of them freed, whatever fails.
void sound(Allocator a) {
    std::pmr::vector<char> first(24, 'x', a);
    std::pmr::vector<char> second(32, 'x', a);
    std::pmr::vector<char> third(40, 'x', a);
}

Result<int> sound_result(Allocator a) {
    const auto first = a.try_alloc<char>(24);
    if (!first) return std::unexpected(first.error());
    const auto second = a.try_alloc<char>(32);
    a.free(*first);
    if (!second) return std::unexpected(second.error());
    a.free(*second);
    return 1;
}

/// Forgets the first block when the second is refused.
void leaky(Allocator a) {
    void* const first = a.allocate(24, 8);
    void* const second = a.allocate(32, 8);
    a.deallocate(second, 32, 8);
    a.deallocate(first, 24, 8);
}

bool swallowing(Allocator a) {
    void* const p = a.try_allocate(48, 8);
    if (p != nullptr) a.deallocate(p, 48, 8);
    return true;
}

/// Grows a block in place, and gives up when that is refused.
bool needs_resize(Allocator a) {
    void* const p = a.allocate(24, 8);
    const bool grown = a.resize(p, 24, 8, 20);
    a.deallocate(p, grown ? 20 : 24, 8);
    return grown;
}

/// Grows a block by whatever is granted.
void needs_no_resize(Allocator a) {
    std::size_t size = 24;
    void* const p = a.allocate(size, 8);
    if (a.resize(p, size, 8, 20)) size = 20;
    if (a.remap(p, size, 8, 16) != nullptr) size = 16;
    a.deallocate(p, size, 8);
}

TEST(AllocationFailures, ASoundFunctionSurvivesThemInEveryMode) {
    for (const FailureMode mode : {FailureMode::one_shot, FailureMode::persistent, FailureMode::pairs,
                                   FailureMode::byte_budget, FailureMode::random}) {
        EXPECT_TRUE(survives_allocation_failures(sound, {.mode = mode, .rounds = 20, .one_in = 2}));
        EXPECT_TRUE(survives_allocation_failures(sound_result, {.mode = mode, .rounds = 20, .one_in = 2}));
    }
    EXPECT_TRUE(survives_allocation_failures(needs_no_resize, {.verb = FailingVerb::resize}));
    EXPECT_TRUE(survives_allocation_failures(needs_no_resize, {.verb = FailingVerb::remap}));
}

TEST(AllocationFailures, CountsAllocationsAndFailsEachOnce) {
    const FailureResult result = check_all_allocation_failures(sound);
    EXPECT_EQ(result.allocations, 3u);
    EXPECT_EQ(result.calls, 2u + 3u);  // twice undisturbed
    EXPECT_TRUE(result.ok());
    EXPECT_EQ(result.text(), "");
}

TEST(AllocationFailures, ResumesAtAnIndex) {
    EXPECT_EQ(check_all_allocation_failures(sound, {.first = 2}).calls, 2u + 1u);
    EXPECT_EQ(check_all_allocation_failures(leaky, {.first = 1}).findings.size(), 1u);
    EXPECT_EQ(check_all_allocation_failures(leaky, {.first = 2}).findings.size(), 0u);
}

TEST(AllocationFailures, PairsFailEachWithEachThatIsReachedAfterIt) {
    // Goes on without what it cannot have: the second of a pair is reached.
    const auto tolerant = [](Allocator a) {
        for (int i = 0; i < 3; ++i) {
            void* const p = a.try_allocate(8, 8);
            if (p != nullptr) a.deallocate(p, 8, 8);
        }
    };
    const FailureResult result =
        check_all_allocation_failures(tolerant, {.mode = FailureMode::pairs, .may_swallow = true});
    // (0,1) (0,2) (0,-) (1,2) (1,-) (2,-)
    EXPECT_EQ(result.calls, 2u + 6u);
    EXPECT_TRUE(result.ok());

    const FailureResult swallowed =
        check_all_allocation_failures(tolerant, {.mode = FailureMode::pairs, .most_findings = 1});
    EXPECT_EQ(first_lines(swallowed),
              Lines{"zigmund: swallowed: allocation [0] of 3 and [1] failed (8 bytes, alignment 8), and the "
                    "function reported success"});
}

TEST(AllocationFailures, ALeakIsToldWithBothStacks) {
    const FailureResult result = check_all_allocation_failures(leaky);
    ASSERT_EQ(result.findings.size(), 1u);
    const FailureFinding& finding = result.findings.front();
    EXPECT_EQ(finding.verdict, FailureVerdict::leaked);
    EXPECT_EQ(finding.index, 1u);
    EXPECT_EQ(first_line(finding),
              "zigmund: leaked: allocation [1] of 2 failed (32 bytes, alignment 8), and 24 bytes in 1 block "
              "were never freed");
    EXPECT_TRUE(std::regex_search(finding.text, std::regex{R"(  it failed at\n    #0 .*leaky)"}))
        << finding.text;
    EXPECT_TRUE(std::regex_search(finding.text, std::regex{R"(24 bytes .*allocated at\n    #0 .*leaky)"}))
        << finding.text;
    EXPECT_TRUE(finding.text.ends_with("  to begin here: {.first = 1}\n")) << finding.text;
}

TEST(AllocationFailures, SuccessInSpiteOfAFailureIsSwallowed) {
    const FailureResult result = check_all_allocation_failures(swallowing);
    EXPECT_EQ(
        first_lines(result),
        Lines{"zigmund: swallowed: allocation [0] of 1 failed (48 bytes, alignment 8), and the function "
              "reported success"});
    EXPECT_EQ(result.findings.front().verdict, FailureVerdict::swallowed);
    EXPECT_TRUE(check_all_allocation_failures(swallowing, {.may_swallow = true}).ok());
}

TEST(AllocationFailures, WhatErrScopeTakesForAFailureIsAFailureReported) {
    EXPECT_TRUE(survives_allocation_failures([](Allocator a) {
        void* const p = a.try_allocate(8, 8);
        if (p != nullptr) a.deallocate(p, 8, 8);
        return p;
    }));
    EXPECT_TRUE(survives_allocation_failures([](Allocator a) -> std::error_code {
        void* const p = a.try_allocate(8, 8);
        if (p == nullptr) return std::make_error_code(std::errc::not_enough_memory);
        a.deallocate(p, 8, 8);
        return {};
    }));
    EXPECT_TRUE(survives_allocation_failures([](Allocator a) {
        try {
            sound(a);
        } catch (const std::bad_alloc&) {
            throw std::runtime_error{"could not load"};
        }
    }));
}

TEST(AllocationFailures, FailureBecauseOfARefusedResizeIsGivingUp) {
    const FailureResult result = check_all_allocation_failures(needs_resize, {.verb = FailingVerb::resize});
    EXPECT_EQ(first_lines(result),
              Lines{"zigmund: gave up: resize [0] of 1 failed (20 bytes, alignment 8), and the function "
                    "reported failure"});
    EXPECT_EQ(result.findings.front().verdict, FailureVerdict::gave_up);
}

TEST(AllocationFailures, ADifferentNumberOfAllocationsIsNondeterministic) {
    // Each call has a process of its own: what differs must come from outside.
    auto grows = [calls = 0](Allocator a) mutable {
        ++calls;
        for (int i = 0; i < calls; ++i) a.deallocate(a.allocate(8, 8), 8, 8);
    };
    const FailureResult result = check_all_allocation_failures(grows, {.isolate = false});
    EXPECT_EQ(first_lines(result),
              Lines{"zigmund: nondeterministic: it made 1 allocations, and 2 when it was called again"});
    EXPECT_EQ(result.findings.front().verdict, FailureVerdict::nondeterministic);
    EXPECT_TRUE(check_all_allocation_failures(grows).ok());
}

TEST(AllocationFailures, AnAllocationThatIsNotReachedAgainIsNondeterministic) {
    auto shrinks = [calls = 0](Allocator a) mutable {
        const int count = ++calls <= 2 ? 2 : 0;
        for (int i = 0; i < count; ++i) a.deallocate(a.allocate(8, 8), 8, 8);
    };
    EXPECT_EQ(first_lines(check_all_allocation_failures(shrinks, {.isolate = false})),
              Lines{"zigmund: nondeterministic: it made 2 allocations, and 0 when allocation [0] of 2 was to "
                    "fail"});
}

TEST(AllocationFailures, ACrashIsAVerdictAndTheSweepGoesOn) {
    const FailureResult result = check_all_allocation_failures([](Allocator a) {
        void* const first = a.try_allocate(8, 8);
        if (first == nullptr) {
            std::fputs("no memory for the first\n", stderr);
            std::abort();
        }
        a.deallocate(first, 8, 8);
        void* const second = a.try_allocate(16, 8);
        if (second == nullptr) ::_exit(3);
        a.deallocate(second, 16, 8);
    });
    EXPECT_EQ(
        first_lines(result),
        (Lines{"zigmund: terminated: allocation [0] of 2 failed (8 bytes, alignment 8), and the process "
               "got signal 6 (Aborted)",
               "zigmund: terminated: allocation [1] of 2 failed (16 bytes, alignment 8), and the process "
               "exited with status 3"}));
    EXPECT_EQ(result.findings[1].verdict, FailureVerdict::terminated);
    EXPECT_NE(result.findings[0].text.find("no memory for the first\n"), std::string::npos);
    EXPECT_TRUE(std::regex_search(result.findings[0].text,
                                  std::regex{R"(  it failed at\n    #0 .*allocation_failures_test.cpp:\d+)"}))
        << result.findings[0].text;
}

TEST(AllocationFailures, AnExceptionThatMeetsNoexceptIsAVerdict) {
    const FailureResult result = check_all_allocation_failures([](Allocator a) noexcept { sound(a); });
    ASSERT_EQ(result.findings.size(), 3u);
    EXPECT_EQ(first_line(result.findings[2]),
              "zigmund: terminated: allocation [2] of 3 failed (40 bytes, alignment 1), and the process got "
              "signal 6 (Aborted)");
    EXPECT_NE(result.text().find("std::bad_alloc"), std::string::npos) << result.text();
}

TEST(AllocationFailures, MisusedMemoryIsAVerdict) {
    const FailureResult result = check_all_allocation_failures([](Allocator a) {
        void* const first = a.allocate(24, 8);
        void* const second = a.try_allocate(32, 8);
        a.deallocate(first, 24, 8);
        if (second == nullptr) {
            a.deallocate(first, 24, 8);
            throw std::bad_alloc{};
        }
        a.deallocate(second, 32, 8);
    });
    EXPECT_EQ(first_lines(result),
              Lines{"zigmund: terminated: allocation [1] of 2 failed (32 bytes, alignment 8), and memory was "
                    "misused"});
    EXPECT_NE(result.text().find("double free"), std::string::npos) << result.text();
}

TEST(AllocationFailures, AFunctionThatFailsAnywayIsBroken) {
    EXPECT_EQ(first_lines(check_all_allocation_failures([](Allocator) { throw std::runtime_error{"no"}; })),
              Lines{"zigmund: broken: nothing failed, and the function reported failure"});
    EXPECT_EQ(first_lines(check_all_allocation_failures([](Allocator a) { (void)a.allocate(24, 8); })),
              Lines{"zigmund: broken: nothing failed, and 24 bytes in 1 block were never freed"});
    const FailureResult dies = check_all_allocation_failures([](Allocator) { std::abort(); });
    EXPECT_EQ(first_lines(dies),
              Lines{"zigmund: broken: nothing failed, and the process got signal 6 (Aborted)"});
    EXPECT_EQ(dies.findings.front().verdict, FailureVerdict::broken);
    EXPECT_EQ(dies.calls, 1u);
}

TEST(AllocationFailures, AFunctionMayJudgeItself) {
    const auto unsure = [](Allocator a) -> FailureJudgement {
        void* const block = a.try_allocate(24, 8);
        if (block == nullptr) return {.succeeded = false, .complaint = "the cache had 2 entries"};
        a.deallocate(block, 24, 8);
        return {};
    };
    EXPECT_EQ(first_lines(check_all_allocation_failures(unsure)),
              Lines{"zigmund: wrong: allocation [0] of 1 failed (24 bytes, alignment 8), and the cache had 2 "
                    "entries"});
    const auto never_sure = [](Allocator) -> FailureJudgement {
        return {.complaint = std::string(2000, 'x')};
    };
    EXPECT_EQ(first_lines(check_all_allocation_failures(never_sure)),
              Lines{"zigmund: broken: nothing failed, and " + std::string(1024, 'x')});
}

TEST(AllocationFailures, OneFunctionCanHaveSeveralVerdicts) {
    const FailureResult result = check_all_allocation_failures([](Allocator a) {
        void* const first = a.try_allocate(24, 8);
        void* const second = a.try_allocate(32, 8);
        if (second == nullptr) return true;
        a.deallocate(second, 32, 8);
        if (first != nullptr) a.deallocate(first, 24, 8);
        return true;
    });
    EXPECT_EQ(
        first_lines(result),
        (Lines{"zigmund: swallowed: allocation [0] of 2 failed (24 bytes, alignment 8), and the function "
               "reported success",
               "zigmund: swallowed: allocation [1] of 2 failed (32 bytes, alignment 8), and the function "
               "reported success",
               "zigmund: leaked: allocation [1] of 2 failed (32 bytes, alignment 8), and 24 bytes in 1 "
               "block were never freed"}));
}

TEST(AllocationFailures, StopsAfterTheFindingsThatWereAskedFor) {
    const auto swallows_all = [](Allocator a) {
        for (int i = 0; i < 20; ++i) {
            void* const p = a.try_allocate(8, 8);
            if (p != nullptr) a.deallocate(p, 8, 8);
        }
    };
    EXPECT_EQ(check_all_allocation_failures(swallows_all).findings.size(), 5u);
    EXPECT_EQ(check_all_allocation_failures(swallows_all, {.most_findings = 20}).findings.size(), 20u);
}

TEST(AllocationFailures, MessagesNameTheModeThatFoundThem) {
    EXPECT_EQ(first_lines(check_all_allocation_failures(leaky, {.mode = FailureMode::persistent})),
              Lines{"zigmund: leaked: allocation [1] of 2, and all after it, failed (32 bytes, alignment 8), "
                    "and 24 bytes in 1 block were never freed"});
    EXPECT_EQ(first_lines(check_all_allocation_failures(leaky, {.mode = FailureMode::byte_budget})),
              Lines{"zigmund: leaked: with a budget of 24 bytes allocation [1] of 2 failed (32 bytes, "
                    "alignment 8), and 24 bytes in 1 block were never freed"});
    const FailureResult random = check_all_allocation_failures(
        leaky, {.mode = FailureMode::random, .most_findings = 1, .one_in = 2, .seed = 100});
    ASSERT_EQ(random.findings.size(), 1u);
    EXPECT_TRUE(std::regex_match(
        first_line(random.findings.front()),
        std::regex{R"(zigmund: leaked: with seed 1\d\d allocation \[1\] of 2 failed first \(32 bytes, )"
                   R"(alignment 8\), and 24 bytes in 1 block were never freed)"}))
        << random.text();
    EXPECT_EQ(random.findings.front().index + 100,
              std::strtoul(random.text().c_str() + random.text().find("seed ") + 5, nullptr, 10));
}

TEST(AllocationFailures, VerdictsHaveNames) {
    EXPECT_EQ(to_string(FailureVerdict::leaked), "leaked");
    EXPECT_EQ(to_string(FailureVerdict::gave_up), "gave up");
}

}  // namespace
