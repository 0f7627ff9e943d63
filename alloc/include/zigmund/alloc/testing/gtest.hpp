// The testing tools as GoogleTest assertions. Header only; link GoogleTest yourself.
#pragma once

#include <zigmund/alloc/testing/allocation_failures.hpp>
#include <zigmund/alloc/testing/conformance.hpp>

#include <gtest/gtest.h>

namespace zigmund::alloc::testing {

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

}  // namespace zigmund::alloc::testing
