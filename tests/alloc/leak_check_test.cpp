#include <zigmund/alloc/testing/gtest.hpp>
#include <zigmund/alloc/testing/leak_check.hpp>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace zigmund::alloc;
using namespace zigmund::alloc::testing;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

[[gnu::noinline]] void* forget_a_block(Allocator a) {
    void* const p = a.allocate(24, 8);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call: the frame must be there
    return p;
}

// Like a framework's: made when first used, and never freed before the end of the program.
std::pmr::vector<int>& registry() {
    static std::pmr::vector<int> numbers;
    return numbers;
}

TEST(LeakCheck, IsEmptyForATestThatGivesEverythingBack) {
    begin_leak_check("Clean");
    test_allocator().deallocate(test_allocator().allocate(24, 8), 24, 8);
    {
        const std::pmr::string text(100, 'x');
    }
    EXPECT_EQ(end_leak_check(), "");
}

TEST(LeakCheck, ReportsTheTestsLeakWithItsStack) {
    begin_leak_check("Cache.Evicts");
    (void)forget_a_block(test_allocator());
    const std::string report = end_leak_check();
    EXPECT_EQ(first_line(report), "zigmund: Cache.Evicts: leak: 24 bytes in 1 block from 1 call site");
    EXPECT_NE(report.find("forget_a_block"), std::string::npos) << report;
}

TEST(LeakCheck, TheNextTestIsNotBlamedForIt) {
    begin_leak_check("First");
    (void)forget_a_block(test_allocator());
    EXPECT_NE(end_leak_check(), "");
    begin_leak_check("Second");
    EXPECT_EQ(end_leak_check(), "");
}

TEST(LeakCheck, WatchesThePmrDefaultResourceDuringTheTestOnly) {
    std::pmr::memory_resource* const before = std::pmr::get_default_resource();
    begin_leak_check("Pmr");
    EXPECT_EQ(std::pmr::get_default_resource(), &test_allocator().resource());
    (void)std::pmr::get_default_resource()->allocate(24, 8);
    EXPECT_EQ(first_line(end_leak_check()), "zigmund: Pmr: leak: 24 bytes in 1 block from 1 call site");
    EXPECT_EQ(std::pmr::get_default_resource(), before);
}

TEST(LeakCheck, MemoryFromElsewhereIsNotBlamedOnTheTest) {
    begin_leak_check("Statics");
    const std::string* const of_the_framework = new std::string(100, 'x');
    EXPECT_EQ(end_leak_check(), "");
    delete of_the_framework;
}

TEST(LeakCheck, WhatIsMadeInAPauseBelongsToTheProgram) {
    begin_leak_check("Pause");
    {
        const LeakCheckPause pause;
        registry().push_back(1);
    }
    EXPECT_EQ(end_leak_check(), "");
    registry().push_back(2);

    begin_leak_check("Uses what was made before it");
    {
        const LeakCheckPause pause;
        registry().assign(1000, 3);
    }
    EXPECT_EQ(end_leak_check(), "");
    EXPECT_EQ(registry().back(), 3);
}

TEST(LeakCheck, APauseIsForItsThreadOnly) {
    begin_leak_check("Thread");
    {
        const LeakCheckPause pause;
        std::thread{[] { (void)forget_a_block(test_allocator()); }}.join();
    }
    EXPECT_EQ(first_line(end_leak_check()), "zigmund: Thread: leak: 24 bytes in 1 block from 1 call site");
}

TEST(LeakCheck, BlocksFromBeforeTheTestMayBeFreedInIt) {
    void* const p = test_allocator().allocate(24, 8);
    begin_leak_check("Frees");
    test_allocator().deallocate(p, 24, 8);
    EXPECT_EQ(end_leak_check(), "");
}

TEST(LeakCheck, GivingALeakedBlockBackAfterTheTestIsIgnored) {
    begin_leak_check("Late");
    void* const p = forget_a_block(test_allocator());
    EXPECT_NE(end_leak_check(), "");
    test_allocator().deallocate(p, 24, 8);
    EXPECT_FALSE(test_allocator().resize(p, 24, 8, 25));
}

TEST(LeakCheck, ABeginInsideAnotherChangesNothing) {
    begin_leak_check("Outer");
    (void)forget_a_block(test_allocator());
    begin_leak_check("Inner");
    EXPECT_EQ(end_leak_check(), "");
    EXPECT_EQ(first_line(end_leak_check()), "zigmund: Outer: leak: 24 bytes in 1 block from 1 call site");
    EXPECT_EQ(end_leak_check(), "");
}

TEST(LeakCheck, TheTestAllocatorConforms) {
    EXPECT_TRUE(conforms(test_allocator().resource(), {.threads = 4}));
    begin_leak_check("Conformance");
    EXPECT_TRUE(conforms(test_allocator().resource(), {.threads = 4}));
    EXPECT_EQ(end_leak_check(), "");
}

TEST(LeakCheckDeathTest, MisuseEndsTheProgramWithAReport) {
    EXPECT_DEATH(
        {
            begin_leak_check("Misuse");
            void* const p = forget_a_block(test_allocator());
            test_allocator().deallocate(p, 24, 8);
            test_allocator().deallocate(p, 24, 8);
        },
        "zigmund: Misuse: double free");
}

// ---- GoogleTest ----

class LeakCheckedFixture : public LeakChecked {
  protected:
    std::pmr::vector<int> numbers_{allocator()};
};

TEST_F(LeakCheckedFixture, MembersOfTheFixtureAreGoneWhenItLooks) {
    numbers_.assign(100, 1);
    EXPECT_EQ(numbers_.get_allocator().resource(), &test_allocator().resource());
}

// What GoogleTest does with a fixture, by hand.
class Leaky final : public LeakChecked {
  public:
    void TestBody() override { (void)forget_a_block(allocator()); }
};

TEST(LeakChecked, FailsTheTestThatLeaks) {
    EXPECT_NONFATAL_FAILURE(
        {
            Leaky leaky;
            leaky.TestBody();
        },
        "zigmund: LeakChecked.FailsTheTestThatLeaks: leak: 24 bytes in 1 block from 1 call site");
}

}  // namespace
