// What routers put before and around their routes: dependencies that run for their effect, and middleware.
#include <zigmund/alloc/counting.hpp>
#include <zigmund/alloc/failing.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "in_process.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using test::ask;
using test::get;

std::vector<std::string> journal;
using Journal = std::vector<std::string>;

/// A dependency for each letter, which notes its begin and its end.
template <char C>
inject::Scoped<int> scoped(alloc::Allocator) {
    const std::string name{C};
    journal.push_back(name + " up");
    try {
        co_yield C;
        journal.push_back(name + " down");
    } catch (const std::exception& error) {
        journal.push_back(name + " failed: " + error.what());
        throw;
    }
}

void check_token(http::Header<std::string_view, "x_token"> token) {
    journal.emplace_back("token");
    if (*token != "good") throw HttpError{Status::unauthorized, "Invalid token"};
}

int page(Query<int, "page", Ge<1>> page) {
    journal.emplace_back("page");
    return *page;
}

std::string handler() {
    journal.emplace_back("handler");
    return "ok";
}

struct RouteDependencies : testing::Test {
    RouteDependencies() { journal.clear(); }
};

TEST_F(RouteDependencies, RunFromTheOutsideInBeforeTheHandlersOwnAndEndInReverse) {
    App app{alloc::heap(), {.dependencies = {depends<scoped<'a'>>, depends<scoped<'b'>>}}};
    const auto inner = [](Router& r) {
        r.get("/x",
              [](inject::Depends<scoped<'g'>>) {
                  journal.emplace_back("handler");
                  return 1;
              },
              {.dependencies = {depends<scoped<'e'>>, depends<scoped<'f'>>}});
    };
    const auto outer = [&](Router& r) { r.include(inner, {.dependencies = {depends<scoped<'d'>>}}); };
    app.include(outer, {.prefix = "/r", .dependencies = {depends<scoped<'c'>>}});
    app.get("/plain", handler);
    EXPECT_EQ(
        ask(app, "GET /r/x HTTP/1.1\r\nHost: a\r\n\r\n", alloc::heap(), [] { journal.emplace_back("sent"); })
            .body,
        "1");
    EXPECT_EQ(journal, (Journal{"a up", "b up", "c up", "d up", "e up", "f up", "g up", "handler", "sent",
                                "g down", "f down", "e down", "d down", "c down", "b down", "a down"}));
    journal.clear();
    (void)get(app, "/plain");
    EXPECT_EQ(journal, (Journal{"a up", "b up", "handler", "b down", "a down"}));
}

TEST_F(RouteDependencies, WhatTheyReturnIsTheHandlersToo) {
    App app{alloc::heap(), {.dependencies = {depends<page>}}};
    app.get("/",
            [](inject::Depends<page> a, inject::Depends<page, inject::NoCache> b) { return *a * 10 + *b; },
            {.dependencies = {depends<page>}});
    EXPECT_EQ(get(app, "/?page=4").body, "44");
    EXPECT_EQ(journal, (Journal{"page", "page"}));  // once for all that share it, and once for NoCache
}

TEST_F(RouteDependencies, OneThatThrowsKeepsTheRequestFromTheHandler) {
    App app{alloc::heap(), {}};
    const auto routes = [](Router& r) { r.get("/x", handler, {.dependencies = {depends<scoped<'z'>>}}); };
    app.include(routes, {.dependencies = {depends<scoped<'a'>>, depends<check_token>}});
    const auto refused = ask(app, "GET /x HTTP/1.1\r\nHost: a\r\nX-Token: bad\r\n\r\n");
    EXPECT_EQ(refused.line, "HTTP/1.1 401 Unauthorized");
    EXPECT_EQ(refused.body, R"({"detail":"Invalid token"})");
    EXPECT_EQ(journal, (Journal{"a up", "token", "a failed: zigmund::http::HttpError"}));
    EXPECT_EQ(ask(app, "GET /x HTTP/1.1\r\nHost: a\r\nX-Token: good\r\n\r\n").body, "\"ok\"");
}

TEST_F(RouteDependencies, TheirErrorsStandFirstInThe422OfTheRequest) {
    App app{alloc::heap(), {.dependencies = {depends<check_token>}}};
    app.get("/{id}", [](Path<int, "id">, inject::Depends<page>) { journal.emplace_back("handler"); },
            {.dependencies = {depends<page>}});
    const auto answer = get(app, "/x?page=0");
    EXPECT_EQ(answer.line, "HTTP/1.1 422 Unprocessable Entity");
    EXPECT_EQ(
        answer.body,
        R"({"detail":[{"type":"missing","loc":["header","x-token"],"msg":"Field required","input":null},)"
        R"({"type":"greater_than_equal","loc":["query","page"],"msg":"Input should be greater than or )"
        R"(equal to 1","input":"0","ctx":{"ge":1}},)"
        R"({"type":"int_parsing","loc":["path","id"],"msg":"Input should be a valid integer, unable to )"
        R"(parse string as an integer","input":"x"}]})");
    EXPECT_EQ(journal, Journal{});
}

TEST_F(RouteDependencies, AreReplacedByOverrides) {
    App app{alloc::heap(), {.dependencies = {depends<check_token>}}};
    app.get("/", handler);
    app.override<check_token>([] { journal.emplace_back("instead"); });
    EXPECT_EQ(get(app, "/").body, "\"ok\"");
    EXPECT_EQ(journal, (Journal{"instead", "handler"}));
}

struct Settings {
    int limit;
};
void use_state(inject::State<Settings> settings) { journal.push_back(std::to_string(settings->limit)); }

TEST_F(RouteDependencies, SeeTheApplicationsObjects) {
    App app{alloc::heap(), {.dependencies = {depends<use_state>}}};
    app.get("/", handler);
    app.provide<Settings>(Settings{.limit = 5});
    app.startup();
    EXPECT_EQ(get(app, "/").body, "\"ok\"");
    EXPECT_EQ(journal, (Journal{"5", "handler"}));
    app.shutdown();
}

int user(Path<int, "user_id"> id) { return *id; }

TEST_F(RouteDependencies, FindTheirPathParametersInTheTemplate) {
    App app{alloc::heap(), {}};
    const auto routes = [](Router& r) { r.get("/posts", [](inject::Depends<user> who) { return *who; }); };
    app.include(routes, {.prefix = "/users/{user_id}", .dependencies = {depends<user>}});
    EXPECT_EQ(get(app, "/users/7/posts").body, "7");
    try {
        app.include(routes, {.prefix = "/all", .dependencies = {depends<user>}});
        ADD_FAILURE();
    } catch (const RouteError& error) {
        EXPECT_STREQ(error.what(),
                     "zigmund: GET /all/posts: a handler asks for Path<T, \"user_id\">, which the template "
                     "does not have");
    }
    try {
        app.get("/none", handler, {.dependencies = {depends<user>}});
        ADD_FAILURE();
    } catch (const RouteError& error) {
        EXPECT_STREQ(error.what(),
                     "zigmund: GET /none: a dependency asks for Path<T, \"user_id\">, which the template "
                     "does not have");
    }
}

// ---- middleware -------------------------------------------------------------------------------------------

auto noting(std::string name) {
    return [name](Request& request, Next next) {
        journal.push_back(name + " in");
        const Response response = next(request);
        journal.push_back(name + " out " + std::string{request.route()});
        return response;
    };
}

TEST_F(RouteDependencies, MiddlewareOfARouterStandsAroundEachOfItsRoutes) {
    App app{alloc::heap(), {}};
    app.use(noting("app"));
    const auto inner = [](Router& r) { r.get("/x", with_middleware(handler, noting("route"))); };
    const auto outer = [&](Router& r) {
        r.get("/y", handler);
        r.include(with_middleware(inner, noting("c")), {.prefix = "/in"});
        r.get("/z", handler);
    };
    app.include(with_middleware(outer, noting("a"), noting("b")),
                {.prefix = "/r", .dependencies = {depends<scoped<'d'>>}});
    app.get("/plain", handler);
    EXPECT_EQ(get(app, "/r/in/x").body, "\"ok\"");
    EXPECT_EQ(journal,
              (Journal{"app in", "a in", "b in", "c in", "route in", "d up", "handler", "route out /r/in/x",
                       "c out /r/in/x", "b out /r/in/x", "a out /r/in/x", "app out /r/in/x", "d down"}));
    for (const std::string_view path : {"/r/y", "/r/z"}) {
        journal.clear();
        EXPECT_EQ(get(app, path).body, "\"ok\"");
        EXPECT_EQ(journal.size(), 9U) << path;
        EXPECT_EQ(journal[1], "a in");
    }
    journal.clear();
    EXPECT_EQ(get(app, "/plain").body, "\"ok\"");
    EXPECT_EQ(get(app, "/r/nothing").line, "HTTP/1.1 404 Not Found");
    EXPECT_EQ(journal, (Journal{"app in", "handler", "app out /plain", "app in", "app out "}));
}

TEST_F(RouteDependencies, MiddlewareOfARouterMayRefuse) {
    App app{alloc::heap(), {}};
    const auto routes = [](Router& r) { r.get("/x", handler); };
    app.include(with_middleware(routes,
                                [](Request& request, Next next) -> Response {
                                    if (!request.query("key")) throw HttpError{Status::forbidden, "no key"};
                                    return next(request);
                                }),
                {.dependencies = {depends<scoped<'d'>>}});
    EXPECT_EQ(get(app, "/x").body, R"({"detail":"no key"})");
    EXPECT_EQ(journal, Journal{});
    EXPECT_EQ(get(app, "/x?key=1").body, "\"ok\"");
}

TEST_F(RouteDependencies, RegistrationLosesNothingWhereverMemoryEnds) {
    for (std::uint64_t n = 0;; ++n) {
        alloc::Counting counting{alloc::heap()};
        alloc::Failing failing{counting.allocator(), {.at = n}};
        bool done = false;
        try {
            App app{failing.allocator(), {.dependencies = {depends<check_token>}}};
            app.use(noting("a"));
            app.include(with_middleware([](Router& r) { r.get("/{user_id}/x", handler, {.name = "x"}); },
                                        noting("b"), noting("c")),
                        {.prefix = "/users", .tags = {"t", "u"}, .dependencies = {depends<user>}});
            done = true;
        } catch (const std::bad_alloc&) {
        }
        EXPECT_EQ(counting.counts().live_blocks, 0U) << n;
        if (done) break;
    }
}

}  // namespace
