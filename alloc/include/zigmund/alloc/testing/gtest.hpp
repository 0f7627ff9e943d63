// The testing tools as GoogleTest assertions. Header only; link GoogleTest yourself.
#pragma once

#include <zigmund/alloc/testing/conformance.hpp>

#include <gtest/gtest.h>

namespace zigmund::alloc::testing {

/// For EXPECT_TRUE: the conformance suite on an allocator that `make` builds over an upstream; on failure,
/// the violations, one a line.
[[nodiscard]] inline ::testing::AssertionResult conforms(const MakeResource& make,
                                                         const ConformanceOptions& options = {});
/// The same on an allocator without an upstream.
[[nodiscard]] inline ::testing::AssertionResult conforms(Resource& resource,
                                                         const ConformanceOptions& options = {});

namespace detail {
[[nodiscard]] inline ::testing::AssertionResult none(const std::vector<std::string>& violations) {
    if (violations.empty()) return ::testing::AssertionSuccess();
    auto failure = ::testing::AssertionFailure() << "it breaks the contract of Resource:";
    for (const std::string& violation : violations) failure << "\n  " << violation;
    return failure;
}
}  // namespace detail

inline ::testing::AssertionResult conforms(const MakeResource& make, const ConformanceOptions& options) {
    return detail::none(check_conformance(make, options));
}

inline ::testing::AssertionResult conforms(Resource& resource, const ConformanceOptions& options) {
    return detail::none(check_conformance(resource, options));
}

}  // namespace zigmund::alloc::testing
