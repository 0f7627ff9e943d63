// The testing tools in GoogleTest: assertions, a leak-checked fixture, and a main that leak-checks all tests.
//
//     TEST_F(LeakChecked, CacheEvicts) { Cache cache{allocator()}; ... }     // fails if the cache leaks
//     int main(int argc, char** argv) { return run_leak_checked_tests(argc, argv); }
//
// Header only; link GoogleTest yourself. Threads: those of GoogleTest. What is checked, and what is not: see
// <zigmund/alloc/testing/leak_check.hpp>.
#pragma once

#include <zigmund/alloc/testing/allocation_failures.hpp>
#include <zigmund/alloc/testing/conformance.hpp>
#include <zigmund/alloc/testing/leak_check.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zigmund::alloc::inline v0::testing {

namespace detail {
[[nodiscard]] inline ::testing::AssertionResult none(const std::vector<std::string>& violations) {
    if (violations.empty()) return ::testing::AssertionSuccess();
    auto failure = ::testing::AssertionFailure() << "it breaks the contract of Resource:";
    for (const std::string& violation : violations) failure << "\n  " << violation;
    return failure;
}
}  // namespace detail

/// For EXPECT_TRUE: the conformance suite on an allocator that `make` builds over an upstream; on failure,
/// the violations, one a line.
[[nodiscard]] inline ::testing::AssertionResult conforms(const MakeResource& make,
                                                         const ConformanceOptions& options = {}) {
    return detail::none(check_conformance(make, options));
}

/// The same on an allocator without an upstream.
[[nodiscard]] inline ::testing::AssertionResult conforms(Resource& resource,
                                                         const ConformanceOptions& options = {}) {
    return detail::none(check_conformance(resource, options));
}

/// For EXPECT_TRUE: check_all_allocation_failures; on failure, its findings.
template <std::invocable<Allocator> Function>
[[nodiscard]] ::testing::AssertionResult survives_allocation_failures(Function&& function,
                                                                      const FailureOptions& options = {}) {
    const FailureResult result = check_all_allocation_failures(function, options);
    if (result.ok()) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << result.text();
}

namespace detail {
/// GoogleTest's name of the test that runs: Suite.Test.
[[nodiscard]] inline std::string name_of(const ::testing::TestInfo& test) {
    return std::string{test.test_suite_name()} + "." + test.name();
}

/// The test that runs fails if it leaked.
inline void end_leak_check_in_gtest() {
    if (const std::string leaks = end_leak_check(); !leaks.empty()) ADD_FAILURE() << leaks;
}
}  // namespace detail

/// A test of this fixture, or of one that derives from it, fails if it does not give back what it took from
/// allocator() or from std::pmr's default resource. Members of a derived fixture are gone by then.
class LeakChecked : public ::testing::Test {
  protected:
    LeakChecked() {
        begin_leak_check(detail::name_of(*::testing::UnitTest::GetInstance()->current_test_info()));
    }
    ~LeakChecked() override { detail::end_leak_check_in_gtest(); }

    /// What the test is to allocate from: test_allocator().
    [[nodiscard]] Allocator allocator() const noexcept { return test_allocator(); }
};

/// Does for every test of the program what LeakChecked does for those of a fixture. To a program that has a
/// main of its own: `testing::UnitTest::GetInstance()->listeners().Append(new LeakCheckListener);`.
class LeakCheckListener final : public ::testing::EmptyTestEventListener {
    void OnTestStart(const ::testing::TestInfo& test) override { begin_leak_check(detail::name_of(test)); }
    void OnTestEnd(const ::testing::TestInfo& /*test*/) override { detail::end_leak_check_in_gtest(); }
};

/// A whole main: all tests, each one leak-checked. Returns the exit status.
inline int run_leak_checked_tests(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    ::testing::UnitTest::GetInstance()->listeners().Append(new LeakCheckListener);
    return RUN_ALL_TESTS();
}

}  // namespace zigmund::alloc::inline v0::testing
