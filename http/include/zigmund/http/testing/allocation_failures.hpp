// check_allocation_failures: does an application survive running out of memory, wherever that happens?
//
//     const auto result = check_allocation_failures(app, {.requests = {
//         {.route = "GET /users/{user_id}", .url = "/users/7"},
//         {.route = "POST /items", .url = "/items", .request = {.json = {{"name", "Pen"}, {"price", 2.5}}}},
//     }});
//     EXPECT_TRUE(result.ok()) << result.text();
//
// Sends a request to each route of the application, once to learn the answer, then again and again with
// another allocation failing each time, that one alone, and it and all after it; and demands, each time,
// either that answer or a well-formed 5xx, and that nothing is leaked. It does so twice: with the arena's
// chunks failing, as they do in a server, and with every block of the arena having its own memory, so that
// each allocation of the handler, of its dependencies, of the binding, of the JSON, and of the response fails
// in its turn. Refused, also, is each growth of a block in place, which must not show at all.
//
// What fails is what is taken from the request's arena. What the application takes from its own allocator,
// from new or malloc does not fail, but it is looked at: a request that failed must not leave more of it
// behind than one that succeeded. Blocks of the application's allocator are seen if that is a
// GeneralPurposeAllocator that tracks; those of new and malloc if the program links
// zigmund::alloc_heap_counter; open files always.
//
// A stream may be cut where it fails. Background tasks and teardown may fail: the answer is out by then.
//
// Findings, with the first line of each (what follows is the stack of the allocation that failed, and what
// the process wrote on stderr):
//
//     zigmund: POST /items, each block: wrong: allocation [3] of 7 failed (64 bytes, alignment 8), and the
//     answer was 200 with another body: {"name":""}
//
//     zigmund: POST /items, each block: wrong: allocation [3] of 7 failed (64 bytes, alignment 8), and the
//     answer was malformed: the body is no JSON: {"name":
//
//     zigmund: POST /items, each block: wrong: allocation [3] of 7 failed (64 bytes, alignment 8), and 1
//     block of new or malloc was never freed
//
//     zigmund: POST /items, each chunk: terminated: allocation [0] of 1 failed (4096 bytes, alignment 16), and
//     the process got signal 6 (Aborted)
//
//     zigmund: POST /items, each chunk: broken: nothing failed, and the answer was 500
//     zigmund: GET /users/{user_id}: untried: no request is given for this route
//     zigmund: GET /user/{user_id}: untried: the application has no such route
//
// Each request runs in a process of its own (fork), as alloc's check_all_allocation_failures does it.
// Threads: call it from a process with one. Time: about a millisecond an allocation.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/testing/allocation_failures.hpp>
#include <zigmund/http/app.hpp>
#include <zigmund/http/testing/test_request.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace zigmund::http::inline v0::testing {

/// A request for one of the application's routes.
struct RouteRequest {
    /// Method and template, as they were registered: "GET /users/{user_id}".
    std::string route;
    /// What to ask for: a path, with or without a query, or a whole URL.
    std::string url;
    /// The body, and what else belongs to it.
    TestRequest request = {};
    /// Whether the body is another one each time, so that only its status and its form are compared.
    bool varies = false;
};

/// What check_allocation_failures() asks for, and how.
struct AllocationFailureOptions {
    /// What to ask of the routes. A GET, HEAD or DELETE without parameters in its path needs none here: it is
    /// asked for as it is. Any other route without a request is a finding.
    std::vector<RouteRequest> requests = {};
    /// Routes that are left out.
    std::vector<std::string> left_out = {};
    /// Findings of a route after which to go on with the next.
    std::size_t most_findings = 2;
    /// False: in this process. To debug a finding.
    bool isolate = true;
};

/// What check_allocation_failures() has found.
struct ZIGMUND_EXPORT AllocationFailureResult {
    std::size_t routes = 0;             ///< that were tried
    std::size_t allocations = 0;        ///< that failed
    std::vector<std::string> findings;  ///< whole messages, lines that end with '\n'

    /// Nothing was found.
    [[nodiscard]] bool ok() const noexcept { return findings.empty(); }
    /// All findings, one after the other. Empty: ok.
    [[nodiscard]] std::string text() const;
};

/// See above. The application is started before, and shut down after it. Throws what App::startup() throws,
/// std::system_error when no process can be made.
ZIGMUND_EXPORT [[nodiscard]] AllocationFailureResult check_allocation_failures(
    App& app, const AllocationFailureOptions& options = {});

}  // namespace zigmund::http::inline v0::testing
