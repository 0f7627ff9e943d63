// The testing tools of http in GoogleTest.
//
//     EXPECT_TRUE(allocates_nothing(client, "GET", "/users/7"));
//     EXPECT_TRUE(survives_allocation_failures(
//         app, {.requests = {{"POST /items", "/items", {.json = {{"name", "Pen"}, {"price", 2.5}}}}}}));
//
// Header only; link GoogleTest yourself.
#pragma once

#include <zigmund/http/testing/allocation_failures.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <gtest/gtest.h>

#include <string_view>

namespace zigmund::http::inline v0::testing {

/// For EXPECT_TRUE: TestClient::check_no_heap(); on failure, how many calls, and where the first was made.
[[nodiscard]] inline ::testing::AssertionResult allocates_nothing(TestClient& client, std::string_view method,
                                                                  std::string_view url,
                                                                  const TestRequest& request = {}) {
    const HeapCheck check = client.check_no_heap(method, url, request);
    if (check.ok()) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << check.text;
}

/// For EXPECT_TRUE: check_allocation_failures(); on failure, its findings.
[[nodiscard]] inline ::testing::AssertionResult survives_allocation_failures(
    App& app, const AllocationFailureOptions& options = {}) {
    const AllocationFailureResult result = check_allocation_failures(app, options);
    if (result.ok()) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << result.text();
}

}  // namespace zigmund::http::inline v0::testing
