// What routing answers: converters, redirects, OPTIONS, routers, mounted applications, URLs.
#include <zigmund/alloc/counting.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include "in_process.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using test::Answer;
using test::ask;
using test::get;
using test::send;

/// A handler whose answer says which it is, and the parameter p.
auto named(std::string_view name) {
    return [name](Request& request, alloc::Allocator arena) {
        return Response::json(
            arena, {{"route", name}, {"p", request.path_parameter("p")}, {"path", request.path()}});
    };
}

std::string answered(std::string_view route, std::string_view p) {
    return std::string{R"({"route":")"}.append(route).append(R"(","p":")").append(p).append("\"");
}

class Routing : public testing::Test {
  protected:
    [[nodiscard]] std::string body(std::string_view path) const { return get(app, path).body; }
    [[nodiscard]] std::string location(std::string_view target, std::string_view method = "GET") const {
        const Answer answer = send(app, method, target, "", "");
        return answer.line == "HTTP/1.1 307 Temporary Redirect" ? answer.field("location") : answer.line;
    }
    template <class F>
    std::string refusal(F&& f) {
        try {
            f();
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "accepted";
    }

    App app{alloc::heap(), {}};
};

// ---- converters -------------------------------------------------------------------------------------------

TEST_F(Routing, AConverterTakesWhatLooksLikeItAndTheNarrowerOneFirst) {
    app.get("/x/{p}", named("str"));
    app.get("/x/{p:float}", named("float"));
    app.get("/x/{p:int}", named("int"));
    app.get("/x/{p:uuid}", named("uuid"));
    app.get("/x/{p:path}", named("path"));
    app.get("/x/me", named("text"));
    EXPECT_TRUE(body("/x/me").starts_with(R"({"route":"text")"));
    EXPECT_TRUE(body("/x/12").starts_with(answered("int", "12")));
    EXPECT_TRUE(body("/x/1.5").starts_with(answered("float", "1.5")));
    for (const std::string_view text : {"-1", "1.", ".5", "1e5", "1.5.2", "%2B1", "%D9%A1"})
        EXPECT_TRUE(body(std::string{"/x/"}.append(text)).starts_with(R"({"route":"str")")) << text;
    for (const std::string_view text :
         {"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6BA7B8109DAD11D180B400C04FD430C8",
          "00000000000000000000000000000000"})
        EXPECT_TRUE(body(std::string{"/x/"}.append(text)).starts_with(answered("uuid", text))) << text;
    for (const std::string_view text :
         {"6ba7b810-9dad-11d1-80b4-00c04fd430c", "%7B6ba7b810-9dad-11d1-80b4-00c04fd430c8%7D"})
        EXPECT_TRUE(body(std::string{"/x/"}.append(text)).starts_with(R"({"route":"str")")) << text;
    EXPECT_TRUE(body("/x/").starts_with(answered("path", "")));
    EXPECT_TRUE(body("/x/12/").starts_with(answered("path", "12/")));
    EXPECT_TRUE(body("/x//a/b").starts_with(answered("path", "/a/b")));
}

TEST_F(Routing, AConverterDoesNotSayTheTypeOfAParameter) {
    app.get("/x/{p:int}", [](Path<std::uint8_t, "p"> p, alloc::Allocator arena) {
        return Response::json(arena, {{"p", p}});
    });
    EXPECT_EQ(body("/x/255"), R"({"p":255})");
    EXPECT_EQ(get(app, "/x/256").line, "HTTP/1.1 422 Unprocessable Entity");
    EXPECT_EQ(get(app, "/x/a").line, "HTTP/1.1 404 Not Found");
}

TEST_F(Routing, AConverterIsOneOfFive) {
    const auto handler = [] { return Response::text(""); };
    EXPECT_EQ(refusal([&] { app.get("/{a:integer}", handler); }),
              "zigmund: GET /{a:integer}: {a:integer}: the converters are str, int, float, uuid, path");
    EXPECT_EQ(refusal([&] { app.get("/{a:}", handler); }),
              "zigmund: GET /{a:}: {a:}: the converters are str, int, float, uuid, path");
    EXPECT_EQ(refusal([&] { app.get("/{a:path}/b", handler); }),
              "zigmund: GET /{a:path}/b: {a:path} takes the rest of the path, so nothing stands behind it");
    EXPECT_EQ(refusal([&] { app.get("/{a:int}", handler); }), "accepted");
    EXPECT_EQ(refusal([&] { app.get("/{b:str}", handler); }), "accepted");
    EXPECT_EQ(refusal([&] { app.get("/{c}", handler); }),
              "zigmund: GET /{c} conflicts with GET /{b:str}, registered earlier");
    EXPECT_EQ(refusal([&] { app.get("/{b:int}", handler); }),
              "zigmund: GET /{b:int} conflicts with GET /{a:int}, registered earlier");
}

// ---- redirects --------------------------------------------------------------------------------------------

TEST_F(Routing, APathThatDiffersByItsLastSlashIsRedirected) {
    app.get("/with/", named("with"));
    app.get("/without", named("without"));
    app.get("/users/{p}", named("user"));
    app.post("/only/post/", named("post"));
    app.get("/", named("root"));
    EXPECT_EQ(location("/with"), "http://a/with/");
    EXPECT_EQ(location("/without/"), "http://a/without");
    EXPECT_EQ(location("/without///"), "http://a/without");
    EXPECT_EQ(location("/with?x=%2F&y"), "http://a/with/?x=%2F&y");
    EXPECT_EQ(location("/users/a%20b/"), "http://a/users/a%20b");
    EXPECT_EQ(location("/only/post"), "http://a/only/post/");
    EXPECT_EQ(location("/only/post", "POST"), "http://a/only/post/");
    EXPECT_EQ(location("http://a/with?q"), "http://a/with/?q");
    const Answer answer = get(app, "/with");
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.head.find("content-type"), std::string::npos);
    for (const std::string_view path :
         {"//", "/nope", "/nope/", "/with//", "/without%2F", "/users/", "///users/1/"})
        EXPECT_EQ(location(path), "HTTP/1.1 404 Not Found") << path;
}

TEST_F(Routing, WithoutAHostTheRedirectIsAPathThatNamesNone) {
    app.get("/a/", named("a"));
    app.get("/{p:path}", named("all"));
    EXPECT_EQ(ask(app, "GET /a HTTP/1.0\r\n\r\n").line, "HTTP/1.1 200 OK");
    App other{alloc::heap(), {}};
    other.get("/a/", named("a"));
    other.get("//evil/", named("evil"));
    EXPECT_EQ(ask(other, "GET /a HTTP/1.0\r\n\r\n").field("location"), "/a/");
    EXPECT_EQ(ask(other, "GET //evil HTTP/1.0\r\n\r\n").field("location"), "");
}

TEST_F(Routing, RedirectsCanBeTurnedOff) {
    App strict{alloc::heap(), {.redirect_slashes = false}};
    strict.get("/with/", named("with"));
    EXPECT_EQ(get(strict, "/with").line, "HTTP/1.1 404 Not Found");
}

// ---- OPTIONS, HEAD ----------------------------------------------------------------------------------------

TEST_F(Routing, OptionsIsAnsweredForEveryPathUnlessARouteDoes) {
    app.get("/a", named("a"));
    app.delete_("/a", named("a"));
    app.options("/b", named("b"));
    app.head("/b", named("b"));
    const Answer answer = send(app, "OPTIONS", "/a", "", "");
    EXPECT_EQ(answer.line, "HTTP/1.1 204 No Content");
    EXPECT_EQ(answer.field("allow"), "GET, HEAD, DELETE, OPTIONS");
    EXPECT_EQ(send(app, "OPTIONS", "/b", "", "").line, "HTTP/1.1 200 OK");
    EXPECT_EQ(send(app, "GET", "/b", "", "").field("allow"), "HEAD, OPTIONS");
    EXPECT_EQ(send(app, "OPTIONS", "/c", "", "").line, "HTTP/1.1 404 Not Found");
}

// RFC 9110, 9.3.7: the asterisk is the server as a whole.
TEST_F(Routing, OptionsOfTheServerNamesTheMethodsOfAllRoutes) {
    const auto ask_server = [](const App& of) { return ask(of, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"); };
    App inner{alloc::heap(), {}};
    inner.put("/b", named("b"));
    app.post("/a", named("a"));
    app.options("/", named("root"));
    app.mount("/sub", inner);
    const Answer answer = ask_server(app);
    EXPECT_EQ(answer.line, "HTTP/1.1 204 No Content");
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.field("allow"), "GET, HEAD, POST, PUT, OPTIONS");  // GET is the documentation's
    App bare{alloc::heap(),
             {.openapi_url = "", .docs_url = "", .redoc_url = "", .fastapi_strict_head = true}};
    EXPECT_EQ(ask_server(bare).field("allow"), "OPTIONS");
    EXPECT_EQ(ask(app, "GET * HTTP/1.1\r\nHost: a\r\n\r\n").line, "HTTP/1.1 400 Bad Request");
}

TEST(StrictHead, IsRefusedWhereOnlyGetHasARoute) {
    App app{alloc::heap(), {.fastapi_strict_head = true}};
    app.get("/x", [] { return 1; });
    app.get("/y", [] { return 1; });
    app.head("/y", [] { return Response::text(""); });
    const Answer refused = send(app, "HEAD", "/x", "", "");
    EXPECT_EQ(refused.line, "HTTP/1.1 405 Method Not Allowed");
    EXPECT_EQ(refused.field("allow"), "GET, OPTIONS");
    EXPECT_EQ(send(app, "HEAD", "/y", "", "").line, "HTTP/1.1 200 OK");
}

// ---- routers ----------------------------------------------------------------------------------------------

void add_admin(http::Router& admin) {
    admin.get("", named("admin"));
    admin.get("/{p}", named("one"), {.name = "one"});
}

void add_users(http::Router& users) {
    users.get("/", named("users"));
    users.post("/", named("new"));
    users.include(add_admin, {.prefix = "/admin", .tags = {"admin"}});
}

TEST_F(Routing, ARoutersRoutesStandBelowItsPrefix) {
    app.include(add_users, {.prefix = "/users", .tags = {"users"}});
    EXPECT_TRUE(body("/users/").starts_with(R"({"route":"users")"));
    EXPECT_TRUE(send(app, "POST", "/users/", "", "").body.starts_with(R"({"route":"new")"));
    EXPECT_TRUE(body("/users/admin").starts_with(R"({"route":"admin")"));
    EXPECT_TRUE(body("/users/admin/7").starts_with(answered("one", "7")));
    EXPECT_EQ(get(app, "/admin").line, "HTTP/1.1 404 Not Found");
}

TEST_F(Routing, ARouterMayBeIncludedTwice) {
    app.include([](http::Router& r) { r.get("/x", named("x")); }, {.prefix = "/v1"});
    app.include([](http::Router& r) { r.get("/x", named("x")); }, {.prefix = "/v2"});
    app.include([](http::Router& r) { r.get("/x", named("x")); });
    for (const std::string_view path : {"/v1/x", "/v2/x", "/x"})
        EXPECT_EQ(get(app, path).line, "HTTP/1.1 200 OK");
    EXPECT_EQ(
        refusal([&] { app.include([](http::Router& r) { r.get("/x", named("x")); }, {.prefix = "/v1"}); }),
        "zigmund: GET /v1/x conflicts with GET /v1/x, registered earlier");
}

TEST_F(Routing, APrefixIsCheckedBeforeTheRoutesAre) {
    const auto none = [](http::Router&) { ADD_FAILURE(); };
    EXPECT_EQ(refusal([&] { app.include(none, {.prefix = "users"}); }),
              "zigmund: router users: a prefix starts with '/' and does not end with it");
    EXPECT_EQ(refusal([&] { app.include(none, {.prefix = "/users/"}); }),
              "zigmund: router /users/: a prefix starts with '/' and does not end with it");
    EXPECT_EQ(refusal([&] { app.include(none, {.prefix = "/"}); }),
              "zigmund: router /: a prefix starts with '/' and does not end with it");
}

// ---- mounted applications ---------------------------------------------------------------------------------

TEST_F(Routing, AMountedApplicationSeesPathsWithoutThePrefix) {
    App inner{alloc::heap(), {}};
    inner.get("/", named("inner root"));
    inner.get("/x/{p}", named("inner"));
    App deeper{alloc::heap(), {}};
    deeper.get("/", named("deeper"));
    app.get("/sub/own", named("own"));
    app.mount("/sub", inner);
    app.mount("/sub/deep", deeper);
    EXPECT_EQ(body("/sub/"), R"({"route":"inner root","p":null,"path":"/"})");
    EXPECT_EQ(body("/sub/x/1"), R"({"route":"inner","p":"1","path":"/x/1"})");
    EXPECT_EQ(body("/sub/deep/"), R"({"route":"deeper","p":null,"path":"/"})");
    EXPECT_EQ(body("/sub/own"), R"({"route":"own","p":null,"path":"/sub/own"})");
    EXPECT_EQ(get(app, "/sub/y").line, "HTTP/1.1 404 Not Found");
    EXPECT_EQ(get(app, "/subx").line, "HTTP/1.1 404 Not Found");
    EXPECT_EQ(send(app, "PUT", "/sub/x/1", "", "").field("allow"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(refusal([&] { app.mount("/sub", inner); }),
              "zigmund: mount /sub: an application is mounted there already");
    for (const std::string_view prefix : {"", "/", "sub", "/sub/", "/{a}"})
        EXPECT_EQ(refusal([&] { app.mount(prefix, inner); }),
                  std::string{"zigmund: mount "}.append(prefix).append(
                      ": a prefix is text, starts with '/' and does not end with it"));
}

TEST_F(Routing, AMountsPrefixIsRedirectedToTheRootOfItsApplication) {
    App inner{alloc::heap(), {}};
    inner.get("/", named("root"));
    App deep{alloc::heap(), {}};
    deep.post("/", named("deep"));
    App rootless{alloc::heap(), {}};
    rootless.get("/x", named("x"));
    inner.mount("/deep", deep);
    app.mount("/sub", inner);
    app.mount("/none", rootless);
    app.get("/sub/deep/own", named("own"));
    EXPECT_EQ(location("/sub"), "http://a/sub/");
    EXPECT_EQ(location("/sub?x=%2F&y"), "http://a/sub/?x=%2F&y");
    EXPECT_EQ(location("/%73ub"), "http://a/%73ub/");
    EXPECT_EQ(location("/sub", "POST"), "http://a/sub/");
    EXPECT_EQ(location("/sub/deep?q"), "http://a/sub/deep/?q");
    EXPECT_EQ(location("/none"), "HTTP/1.1 404 Not Found");
    EXPECT_EQ(ask(app, "GET /sub?q HTTP/1.0\r\n\r\n").field("location"), "/sub/?q");
    EXPECT_EQ(body("/sub/"), R"({"route":"root","p":null,"path":"/"})");

    App strict{alloc::heap(), {.redirect_slashes = false}};
    strict.mount("/sub", inner);
    EXPECT_EQ(get(strict, "/sub").body, R"({"route":"root","p":null,"path":"/"})");

    App behind{alloc::heap(), {.root_path = "/api"}};
    behind.mount("/sub", inner);
    EXPECT_EQ(get(behind, "/sub").field("location"), "http://a/api/sub/");
    EXPECT_EQ(get(behind, "/api/sub").field("location"), "http://a/api/sub/");
}

TEST_F(Routing, ARouteOfItsOwnComesBeforeTheRedirectOfAMount) {
    App inner{alloc::heap(), {}};
    inner.get("/", named("root"));
    app.mount("/sub", inner);
    app.get("/sub", named("own"));
    EXPECT_EQ(body("/sub"), R"({"route":"own","p":null,"path":"/sub"})");
}

TEST_F(Routing, AMountedApplicationStartsAndStopsWithTheOneAbove) {
    std::string log;
    App inner{alloc::heap(), {}};
    inner.on_startup([&log] { log += "inner up, "; });
    inner.on_shutdown([&log] { log += "inner down, "; });
    App broken{alloc::heap(), {}};
    broken.on_startup([] { throw std::runtime_error("no"); });
    {
        App outer{alloc::heap(), {}};
        outer.on_startup([&log] { log += "outer up, "; });
        outer.on_shutdown([&log] { log += "outer down, "; });
        outer.mount("/inner", inner);
        outer.startup();
        outer.shutdown();
        EXPECT_EQ(log, "outer up, inner up, inner down, outer down, ");
        outer.mount("/b", broken);
        log.clear();
        EXPECT_THROW(outer.startup(), std::runtime_error);
        EXPECT_EQ(log, "outer up, inner up, inner down, outer down, ");
    }
}

// ---- URLs -------------------------------------------------------------------------------------------------

class Urls : public Routing {
  protected:
    Urls() {
        app.get("/users/{id}/posts/{post:int}", named("x"), {.name = "post"});
        app.get("/", named("x"), {.name = "root"});
        app.get("/a b/{x:path}", named("x"), {.name = "file"});
        app.get("/{x:path}", named("x"), {.name = "any"});
        app.get("/n/{n:float}/{u:uuid}", named("x"), {.name = "number"});
        app.include(add_users, {.prefix = "/in"});
    }
    std::string url(std::string_view name, std::initializer_list<UrlParameter> parameters = {}) {
        alloc::Arena arena;
        return std::string{app.url_for(arena.allocator(), name, parameters)};
    }

    const Uuid uuid = *Uuid::parse("6ba7b8109dad11d180b400c04fd430c8");
};

TEST_F(Urls, ARouteIsNamedAndTheValuesOfItsParametersAreEncoded) {
    EXPECT_EQ(url("root"), "/");
    EXPECT_EQ(url("post", {{"post", 7}, {"id", "a b?ü%"}}), "/users/a%20b%3F%C3%BC%25/posts/7");
    EXPECT_EQ(url("file", {{"x", "c/d e"}}), "/a%20b/c/d%20e");
    EXPECT_EQ(url("file", {{"x", ""}}), "/a%20b/");
    EXPECT_EQ(url("number", {{"n", 1.5}, {"u", uuid}}), "/n/1.5/6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    EXPECT_EQ(url("one", {{"p", true}}), "/in/admin/true");
}

TEST_F(Urls, WhatWouldNotLeadBackIsRefused) {
    const auto refused = [&](std::string_view name, std::initializer_list<UrlParameter> parameters) {
        return refusal([&] { (void)url(name, parameters); });
    };
    EXPECT_EQ(refused("nope", {}), "zigmund: url_for: no route is called \"nope\"");
    EXPECT_EQ(refused("post", {{"id", "a"}}), "zigmund: url_for: post needs a value for {post}");
    EXPECT_EQ(refused("root", {{"id", "a"}}), "zigmund: url_for: root has no parameter {id}");
    const std::string id = "zigmund: url_for: post: the value of {id} would not lead to its route";
    for (const std::string_view value : {"", "a/b", ".", ".."})
        EXPECT_EQ(refused("post", {{"id", value}, {"post", 1}}), id) << value;
    const std::string post = "zigmund: url_for: post: the value of {post} would not lead to its route";
    EXPECT_EQ(refused("post", {{"id", "a"}, {"post", -1}}), post);
    EXPECT_EQ(refused("post", {{"id", "a"}, {"post", "x"}}), post);
    EXPECT_EQ(refused("file", {{"x", "a/../../b"}}),
              "zigmund: url_for: file: the value of {x} would not lead to its route");
    EXPECT_EQ(refused("any", {{"x", "/evil.example"}}),
              "zigmund: url_for: any: the value of {x} would not lead to its route");
}

TEST_F(Urls, ANameIsThatOfOneRoute) {
    EXPECT_EQ(refusal([&] { app.get("/other", named("x"), {.name = "root"}); }),
              "zigmund: GET /other: the name \"root\" is that of GET /");
    EXPECT_EQ(get(app, "/other").body.substr(0, 12), R"({"route":"x")");
}

// ---- root path --------------------------------------------------------------------------------------------

TEST(RootPath, IsTakenOffAndStandsBeforeUrls) {
    App app{alloc::heap(), {.root_path = "/api/v1"}};
    App inner{alloc::heap(), {.root_path = "/ignored"}};
    const auto facts = [](Request& request, alloc::Allocator arena) {
        return Response::json(arena, {{"path", request.path()},
                                      {"root", request.root_path()},
                                      {"url", request.url_for("x", {{"p", "a b"}})}});
    };
    app.get("/x/{p}", facts, {.name = "x"});
    app.get("/dir/", facts);
    inner.get("/y/{p}", facts, {.name = "x"});
    app.mount("/sub", inner);
    App deep{alloc::heap(), {}};
    deep.get("/z/{p}", facts, {.name = "x"});
    inner.mount("/deep", deep);
    for (const std::string_view before : {"", "/api/v1"}) {
        const auto at = [&](std::string_view path) { return std::string{before}.append(path); };
        EXPECT_EQ(get(app, at("/x/1")).body,
                  R"({"path":"/x/1","root":"/api/v1","url":"http://a/api/v1/x/a%20b"})");
        EXPECT_EQ(get(app, at("/sub/y/1")).body,
                  R"({"path":"/y/1","root":"/api/v1/sub","url":"http://a/api/v1/sub/y/a%20b"})");
        EXPECT_EQ(get(app, at("/sub/deep/z/1")).body,
                  R"({"path":"/z/1","root":"/api/v1/sub/deep","url":"http://a/api/v1/sub/deep/z/a%20b"})");
        EXPECT_EQ(get(app, at("/dir")).field("location"), "http://a/api/v1/dir/");
        EXPECT_EQ(get(app, at("/sub/y/1/")).field("location"), "http://a/api/v1/sub/y/1");
    }
    EXPECT_EQ(get(app, "/api/v1x/1").line, "HTTP/1.1 404 Not Found");
    EXPECT_EQ(ask(app, "GET /x/1 HTTP/1.0\r\n\r\n").body,
              R"({"path":"/x/1","root":"/api/v1","url":"/api/v1/x/a%20b"})");
    alloc::Arena arena;
    EXPECT_EQ(app.url_for(arena.allocator(), "x", {{"p", 1}}), "/api/v1/x/1");
    for (const std::string_view bad : {"api", "/api/", "/"}) {
        try {
            App{alloc::heap(), {.root_path = bad}};
            ADD_FAILURE() << bad;
        } catch (const RouteError& error) {
            EXPECT_EQ(error.what(), std::string{"zigmund: root_path "}.append(bad).append(
                                        ": a prefix starts with '/' and does not end with it"));
        }
    }
}

TEST_F(Routing, AfterAMountTheMiddlewareOutsideSeesTheRequestAsItWas) {
    std::string seen;
    App inner{alloc::heap(), {}};
    inner.get("/y", named("inner"));
    app.mount("/sub", inner);
    app.use([&seen](Request& request, Next next) {
        const Response response = next(request);
        seen = std::string{request.path()}.append(" ").append(request.route());
        return response;
    });
    EXPECT_EQ(get(app, "/sub/y").line, "HTTP/1.1 200 OK");
    EXPECT_EQ(seen, "/sub/y /y");
}

// What a registration took is given back, also by one that was refused.
TEST(RoutingMemory, IsGivenBack) {
    alloc::Counting counting{alloc::heap()};
    {
        App app{counting.allocator(), {}};
        app.get("/a/{b}", named("x"),
                {.name = "a name that is longer than any small string", .tags = {"t", "u"}});
        EXPECT_THROW(app.get("/a/{c}", named("x"), {.name = "n", .tags = {"t"}}), RouteError);
        App inner{counting.allocator(), {}};
        app.mount("/inner", inner);
        EXPECT_THROW(app.mount("/inner", inner), RouteError);
        app.include(add_users, {.prefix = "/users", .tags = {"users"}});
    }
    EXPECT_EQ(counting.counts().live_blocks, 0U);
}

}  // namespace
