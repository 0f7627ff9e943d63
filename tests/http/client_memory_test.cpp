// What no other test client has: a request that touches no heap, and one that survives every failed
// allocation. Each finding is shown by a handler that deserves it.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;
using http::testing::allocates_nothing;
using http::testing::AllocationFailureOptions;
using http::testing::AllocationFailureResult;
using http::testing::check_allocation_failures;
using http::testing::HeapCheck;
using http::testing::TestClient;

struct Item {
    std::string_view name;
    std::pmr::vector<std::string_view> tags = {};
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, tags))

http::Response create_item(http::Body<Item> item, alloc::Allocator arena) {
    return http::Response::json(arena, *item).with_header(arena, "x-tag", "1");
}

// ---- no heap ----

[[gnu::noinline]] void allocate_somewhere() {
    void* volatile block = std::malloc(8);
    std::free(block);
}

TEST(NoHeap, IsTrueOfAWarmRequestAndNamesTheCallOtherwise) {
    http::App app{alloc::heap(), {}};
    app.post("/items", create_item);
    app.get("/handler", [] {
        allocate_somewhere();
        return http::Response::text("x");
    });
    app.get("/task", [](http::BackgroundTasks& tasks) { tasks.add([] { allocate_somewhere(); }); });
    app.get("/stream", [](alloc::Allocator arena) {
        return http::Response::stream(arena, [](http::StreamWriter& out) {
            allocate_somewhere();
            out.write("x");
            return http::Produced::end;
        });
    });
    TestClient client{app};
    EXPECT_TRUE(allocates_nothing(client, "POST", "/items",
                                  {.json = {{"name", "P\"n"}, {"tags", std::vector{"a"}}}}));
    EXPECT_TRUE(allocates_nothing(client, "POST", "/items", {.json = 1}));
    EXPECT_TRUE(allocates_nothing(client, "GET", "/nothing"));

    const HeapCheck check = client.check_no_heap("GET", "/handler");
    EXPECT_FALSE(check.ok());
    EXPECT_EQ(check.calls, 1u);
    EXPECT_EQ(check.response.text(), "x");
    EXPECT_EQ(check.text.find("zigmund: GET /handler: a warm request made 1 heap call, at\n    #0 "), 0u);
    EXPECT_NE(check.text.find("allocate_somewhere"), std::string::npos) << check.text;
    EXPECT_FALSE(allocates_nothing(client, "GET", "/task"));
    EXPECT_FALSE(allocates_nothing(client, "GET", "/stream"));
}

// ---- allocation failures ----

/// The first line of each finding, sizes and numbers left out.
std::vector<std::string> first_lines(const AllocationFailureResult& result) {
    std::vector<std::string> lines;
    for (const std::string& finding : result.findings) {
        const std::string line = finding.substr(0, finding.find('\n'));
        lines.push_back(std::regex_replace(
            line, std::regex{R"(\[\d+\] of \d+( failed|, and all after it, failed) \([^)]*\))"}, "[i]$1"));
    }
    return lines;
}
using Lines = std::vector<std::string>;

struct Failures : testing::Test {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    http::App app{gpa.allocator(), {}};

    AllocationFailureResult check(AllocationFailureOptions options = {}) {
        options.most_findings = 1;
        return check_allocation_failures(app, options);
    }
};

inject::Scoped<int> counting(alloc::Allocator arena) {
    int* const number = arena.create<int>(1);
    co_yield *number;
}

TEST_F(Failures, AreSurvivedByHandlersThatLeaveThemAlone) {
    app.post("/items", create_item);
    app.get("/users/{id}", [](http::Path<int, "id"> id, inject::Depends<counting> one,
                              http::BackgroundTasks& tasks, alloc::Allocator arena) {
        tasks.add([](std::string_view) {}, arena.dupe("text"));
        return http::Response::json(arena, {{"id", *id + *one}});
    });
    app.get("/lines", [](alloc::Allocator arena) {
        return http::Response::json_lines(arena, [i = 0](http::StreamWriter& out) mutable {
            out.line({{"i", i}, {"text", std::string(200, 'x')}});
            return ++i < 5 ? http::Produced::more : http::Produced::end;
        });
    });
    app.get("/file",
            [](http::Request& request) { return http::Response::file_from_path(request, "/proc/self/exe"); },
            {});
    const auto options = AllocationFailureOptions{
        .requests = {{.route = "POST /items",
                      .url = "/items",
                      .request = {.json = {{"name", "P\"n"}, {"tags", std::vector{"a", "b\n"}}}}},
                     {.route = "POST /items", .url = "/items", .request = {.json = {{"tags", 1}}}},
                     {.route = "POST /items",
                      .url = "/items",
                      .request = {.content = std::string(20'000, '['), .content_type = "application/json"}},
                     {.route = "GET /users/{id}", .url = "/users/7"},
                     {.route = "GET /users/{id}", .url = "/users/x"}},
        .left_out = {"GET /file"}};
    const AllocationFailureResult result = check_allocation_failures(app, options);
    EXPECT_TRUE(result.ok()) << result.text();
    EXPECT_EQ(result.routes, 3u);
    EXPECT_GT(result.allocations, 50u);
    EXPECT_TRUE(http::testing::survives_allocation_failures(app, options));
}

TEST_F(Failures, AreNotToBeSwallowed) {
    app.get("/", [](alloc::Allocator arena) {
        try {
            return http::Response::json(arena, {{"name", "Pen"}});
        } catch (const std::bad_alloc&) {
            return http::Response::json_text("{}");
        }
    });
    const AllocationFailureResult result = check();
    EXPECT_EQ(first_lines(result),
              (Lines{"zigmund: GET /, each block: wrong: allocation [i] failed, and the answer "
                     "was 200 with another body: {}"}))
        << result.text();
    EXPECT_NE(result.text().find("  it failed at\n    #0 "), std::string::npos) << result.text();
    EXPECT_FALSE(http::testing::survives_allocation_failures(app));
}

TEST_F(Failures, MayBeAnsweredOtherwiseOnlyByAServerError) {
    app.get("/", [](alloc::Allocator arena) { return http::Response::text(arena.dupe("text")); });
    app.on_exception<std::bad_alloc>(
        [] { return http::Response::text("full").with_status(http::Status::service_unavailable); });
    EXPECT_TRUE(check().ok()) << check().text();
    app.on_exception<std::bad_alloc>(
        [] { return http::Response::text("full").with_status(http::Status::not_found); });
    EXPECT_EQ(first_lines(check()).front(),
              "zigmund: GET /, each block: wrong: allocation [i] failed, and the answer "
              "was 404 instead of 200");
    app.on_exception<std::bad_alloc>([] { return http::Response::html("text"); });
    EXPECT_EQ(first_lines(check()).front(),
              "zigmund: GET /, each block: wrong: allocation [i] failed, and the answer "
              "was 200 with another type: text/html; charset=utf-8");
}

TEST_F(Failures, AreNotToBeAnsweredWithGarbage) {
    app.get("/", [](alloc::Allocator arena) {
        http::Response half = http::Response::json_text("{\"name\":");
        try {
            return http::Response::json(arena, {{"name", "Pen"}});
        } catch (const std::bad_alloc&) {
            return half.with_status(http::Status::internal_server_error);
        }
    });
    EXPECT_EQ(first_lines(check()).front(),
              "zigmund: GET /, each block: wrong: allocation [i] failed, and the answer "
              "was malformed: the body is no JSON: {\"name\":");
}

TEST_F(Failures, AreNotToLeakWhatIsNotTheArenas) {
    app.get("/application", [this](alloc::Allocator arena) {
        int* const mine = gpa.allocator().create<int>(1);
        const std::string_view text = arena.dupe("text");
        gpa.allocator().destroy(mine);
        return http::Response::text(text);
    });
    app.get("/new", [](alloc::Allocator arena) {
        int* volatile mine = new int{1};  // or the compiler leaves it out
        const std::string_view text = arena.dupe("text");
        delete mine;
        return http::Response::text(text);
    });
    app.get("/open", [](alloc::Allocator arena) {
        const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        const std::string_view text = arena.dupe("text");
        ::close(file);
        return http::Response::text(text);
    });
    // What a request that succeeds leaves behind, one that fails may leave behind too.
    app.get("/kept", [](alloc::Allocator arena) {
        static std::vector<std::unique_ptr<int>> kept;
        kept.push_back(std::make_unique<int>(1));
        return http::Response::text(arena.dupe("text"));
    });
    Lines lines = first_lines(check());
    std::erase_if(lines,
                  [](const std::string& line) { return line.find("all after it") != std::string::npos; });
    EXPECT_EQ(
        lines,
        (Lines{"zigmund: GET /application, each block: wrong: allocation [i] failed, and 1 block of the "
               "application's allocator was never freed",
               "zigmund: GET /new, each block: wrong: allocation [i] failed, and 1 block of new or malloc "
               "was never freed",
               "zigmund: GET /open, each block: wrong: allocation [i] failed, and 1 file was never closed"}));
}

TEST_F(Failures, AreNotToEndTheProcess) {
    app.get("/", [](alloc::Allocator arena) noexcept { return http::Response::text(arena.dupe("text")); });
    const AllocationFailureResult result = check();
    EXPECT_EQ(first_lines(result).front(),
              "zigmund: GET /, each block: terminated: allocation [i] failed, and the "
              "process got signal 6 (Aborted)");
    EXPECT_NE(result.findings.front().find("std::bad_alloc"), std::string::npos) << result.text();
}

TEST_F(Failures, AreAlsoThoseToGrowABlockInPlaceWhichNobodyMayNotice) {
    app.get("/", [](alloc::Allocator arena) {
        void* const text = arena.allocate(8, 1);
        if (!arena.resize(text, 8, 1, 16)) throw std::bad_alloc{};
        return http::Response::text("x");
    });
    const Lines lines = first_lines(check());
    ASSERT_FALSE(lines.empty());
    EXPECT_NE(lines.back().find("zigmund: GET /, each block: "), std::string::npos);
    EXPECT_TRUE(lines.back().find("gave up: resize") != std::string::npos ||
                lines.back().find("broken: nothing failed, and the answer was 500") != std::string::npos)
        << lines.back();
}

TEST_F(Failures, AreTriedOnEachRouteOrItSaysSo) {
    http::App below{gpa.allocator(), {}};
    below.get("/x", [] { return http::Response::text("x"); });
    app.mount("/below", below);
    app.post("/items", create_item);
    app.get("/users/{id}",
            [](http::Path<int, "id"> id, alloc::Allocator arena) { return http::Response::json(arena, id); });
    app.get("/broken", []() -> http::Response { throw std::logic_error{"no"}; });
    const AllocationFailureResult result =
        check({.requests = {{.route = "GET /user/{id}", .url = "/user/7"}}});
    EXPECT_EQ(first_lines(result),
              (Lines{"zigmund: GET /broken, each block: broken: nothing failed, and the answer was 500",
                     "zigmund: POST /items: untried: no request is given for this route",
                     "zigmund: GET /users/{id}: untried: no request is given for this route",
                     "zigmund: GET /user/{id}: untried: the application has no such route"}));
    EXPECT_EQ(result.routes, 4u);
}

TEST_F(Failures, OfARouteWhoseAnswerVaries) {
    app.get("/", [n = std::make_shared<int>(0)](alloc::Allocator arena) {
        return http::Response::json(arena,
                                    {{"now", std::chrono::steady_clock::now().time_since_epoch().count()}});
    });
    EXPECT_NE(first_lines(check()).front().find(
                  "broken: nothing failed, it was called again, and the answer was 200 "
                  "with another body: {\"now\":"),
              std::string::npos);
    EXPECT_TRUE(check({.requests = {{.route = "GET /", .url = "/", .varies = true}}}).ok());
}

// ---- routes ----

TEST(Routes, AreToldByPathAndMethod) {
    http::App app{alloc::heap(), {}};
    http::App below{alloc::heap(), {}};
    const auto handler = [] { return http::Response{}; };
    below.get("/x/{name:path}", handler);
    app.mount("/below", below);
    app.post("/b", handler);
    app.get("/b", handler, {.name = "get_b", .tags = {"t"}});
    app.include([&](http::Router& router) { router.delete_("/{id}", handler, {.tags = {"inner"}}); },
                {.prefix = "/a", .tags = {"outer"}});
    std::vector<std::string> told;
    for (const http::RouteInfo& route : app.routes()) {
        std::string text = std::string{to_string(route.method)} + " " + route.path + " " + route.name;
        for (const std::string& tag : route.tags) text += "," + tag;
        told.push_back(text);
    }
    EXPECT_EQ(told, (std::vector<std::string>{"DELETE /a/{id} ,outer,inner", "GET /b get_b,t", "POST /b ",
                                              "GET /below/x/{name:path} "}));
}

}  // namespace
