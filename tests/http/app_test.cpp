// What FastAPI answers to the same requests, with pydantic 2, is the reference for every 422.
#include <zigmund/alloc/counting.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "app_fixture.hpp"
#include "in_process.hpp"

namespace {

using namespace app_fixture;
using app_fixture::detail;
using test::Answer;
using test::ask;
using test::get;
using test::post;
using test::send;

// ---- the page's example -----------------------------------------------------------------------------------

TEST_F(AppTest, TheItemServiceAnswers) {
    app.get(
        "/users/{user_id}", +[](Path<std::uint32_t, "user_id"> user_id, alloc::Allocator arena) {
            return Response::json(arena, {{"id", user_id}, {"name", "Alice"}});
        });
    app.post(
        "/items", +[](Body<Item> item, alloc::Allocator arena) {
            return Response::json(
                arena, {{"name", item->name}, {"price", item->price}, {"in_stock", item->in_stock}});
        });
    const Answer user = get(app, "/users/7");
    EXPECT_EQ(user.line, "HTTP/1.1 200 OK");
    EXPECT_EQ(user.head, "content-type: application/json\ncontent-length: 23\n");
    EXPECT_EQ(user.body, R"({"id":7,"name":"Alice"})");
    EXPECT_EQ(post(app, "/items", R"({"name":"Pen","price":2.5})").body,
              R"({"name":"Pen","price":2.5,"in_stock":true})");
}

TEST_F(AppTest, TitleAndVersionAreKept) {
    std::string title = "A title that is longer than any small string";
    const App other{alloc::heap(), {.title = title, .version = "9"}};
    title.assign(title.size(), 'x');
    EXPECT_EQ(other.info().title, "A title that is longer than any small string");
    EXPECT_EQ(other.info().version, "9");
}

// ---- path and query ---------------------------------------------------------------------------------------

TEST_F(AppTest, APathParameterThatDoesNotFitIs422) {
    app.get(
        "/u8/{n}",
        +[](Path<std::uint8_t, "n"> n, alloc::Allocator arena) { return Response::json(arena, {{"n", n}}); });
    app.get(
        "/d/{x}",
        +[](Path<double, "x"> x, alloc::Allocator arena) { return Response::json(arena, {{"x", x}}); });
    app.get(
        "/b/{b}",
        +[](Path<bool, "b"> b, alloc::Allocator arena) { return Response::json(arena, {{"b", b}}); });
    app.get(
        "/s/{s}", +[](Path<std::string_view, "s"> s, alloc::Allocator arena) {
            return Response::json(arena, {{"s", s}});
        });
    EXPECT_EQ(get(app, "/u8/255").body, R"({"n":255})");
    EXPECT_EQ(get(app, "/u8/abc").line, unprocessable);
    EXPECT_EQ(get(app, "/u8/abc").body,
              detail(R"({"type":"int_parsing","loc":["path","n"],"msg":"Input should be a valid integer, )"
                     R"(unable to parse string as an integer","input":"abc"})"));
    EXPECT_EQ(
        get(app, "/u8/256").body,
        detail(R"({"type":"less_than_equal","loc":["path","n"],"msg":"Input should be less than or equal )"
               R"(to 255","input":"256","ctx":{"le":255}})"));
    EXPECT_EQ(
        get(app, "/u8/-1").body,
        detail(R"({"type":"greater_than_equal","loc":["path","n"],"msg":"Input should be greater than or )"
               R"(equal to 0","input":"-1","ctx":{"ge":0}})"));
    EXPECT_EQ(get(app, "/d/1e2").body, R"({"x":100.0})");
    EXPECT_EQ(get(app, "/d/x").body,
              detail(R"({"type":"float_parsing","loc":["path","x"],"msg":"Input should be a valid number, )"
                     R"(unable to parse string as a number","input":"x"})"));
    EXPECT_EQ(get(app, "/b/yes").body, R"({"b":true})");
    EXPECT_EQ(get(app, "/b/maybe").body,
              detail(R"({"type":"bool_parsing","loc":["path","b"],"msg":"Input should be a valid boolean, )"
                     R"(unable to interpret input","input":"maybe"})"));
    EXPECT_EQ(get(app, "/s/a%20%C3%BC+%22").body, "{\"s\":\"a ü+\\\"\"}");
    EXPECT_EQ(get(app, "/s/%FF").body, "{\"s\":\"\xEF\xBF\xBD\"}");
}

TEST_F(AppTest, AQueryMayBeRequiredOptionalOrHaveADefault) {
    app.get(
        "/q",
        +[](Query<int, "must"> must, Query<std::optional<std::string_view>, "may"> may,
            Query<int, "limit", Default<10>> limit, Query<std::string_view, "sort", Default<"name">> sort,
            Query<bool, "deep", Default<true>> deep, alloc::Allocator arena) {
            return Response::json(
                arena, {{"must", must}, {"may", may}, {"limit", limit}, {"sort", sort}, {"deep", deep}});
        });
    EXPECT_EQ(get(app, "/q?must=1").body, R"({"must":1,"may":null,"limit":10,"sort":"name","deep":true})");
    EXPECT_EQ(get(app, "/q?deep=off&sort=a%26b+c&limit=5&may=&must=-1").body,
              R"({"must":-1,"may":"","limit":5,"sort":"a&b c","deep":false})");
    EXPECT_EQ(get(app, "/q?m%75st=1&may=x").body,
              R"({"must":1,"may":"x","limit":10,"sort":"name","deep":true})");
    EXPECT_EQ(get(app, "/q").line, unprocessable);
    EXPECT_EQ(get(app, "/q").body,
              detail(R"({"type":"missing","loc":["query","must"],"msg":"Field required","input":null})"));
    EXPECT_EQ(
        get(app, "/q?must=1&limit=x").body,
        detail(R"({"type":"int_parsing","loc":["query","limit"],"msg":"Input should be a valid integer, )"
               R"(unable to parse string as an integer","input":"x"})"));
    EXPECT_EQ(
        get(app, "/q?must").body,
        detail(R"({"type":"int_parsing","loc":["query","must"],"msg":"Input should be a valid integer, )"
               R"(unable to parse string as an integer","input":""})"));
}

TEST_F(AppTest, AllErrorsAreAnsweredAtOncePathQueryBodyWhateverTheOrderOfTheParameters) {
    app.put(
        "/x/{id}", +[](Body<Whole>, Query<int, "b">, Path<int, "id">, Query<bool, "a">) {
            return Response::text("never");
        });
    EXPECT_EQ(
        send(app, "PUT", "/x/one?a=2", R"({"n":2.5})").body,
        detail(
            R"({"type":"int_parsing","loc":["path","id"],"msg":"Input should be a valid integer, unable to )"
            R"(parse string as an integer","input":"one"},)"
            R"({"type":"missing","loc":["query","b"],"msg":"Field required","input":null},)"
            R"({"type":"bool_parsing","loc":["query","a"],"msg":"Input should be a valid boolean, unable to )"
            R"(interpret input","input":"2"},)"
            R"({"type":"int_from_float","loc":["body","n"],"msg":"Input should be a valid integer, got a )"
            R"(number with a fractional part","input":2.5})"));
}

TEST_F(AppTest, AHandlerIsNotCalledWhenAnythingIsWrong) {
    static std::atomic<int> calls;
    calls = 0;
    app.get(
        "/x/{id}", +[](Path<int, "id">, Query<int, "q">) {
            ++calls;
            return Response::text("called");
        });
    (void)get(app, "/x/1");
    (void)get(app, "/x/a?q=1");
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(get(app, "/x/1?q=1").body, "called");
    EXPECT_EQ(calls, 1);
}

TEST_F(AppTest, ParametersMayBeTakenByConstReference) {
    app.post(
        "/x/{id}", +[](const Path<int, "id">& id, const Query<int, "q", Default<2>>& q,
                       const Body<Flag>& flag, const Request& request, const alloc::Allocator& arena) {
            return Response::json(arena, {{"id", id}, {"q", q}, {"on", flag->on}, {"path", request.path()}});
        });
    EXPECT_EQ(post(app, "/x/1", R"({"on":true})").body, R"({"id":1,"q":2,"on":true,"path":"/x/1"})");
}

// ---- routing ----------------------------------------------------------------------------------------------

TEST_F(AppTest, AnUnknownPathIs404) {
    app.get("/a", +[] { return Response::text("a"); });
    const Answer answer = get(app, "/b");
    EXPECT_EQ(answer.line, "HTTP/1.1 404 Not Found");
    EXPECT_EQ(answer.head, "content-type: application/json\ncontent-length: 22\n");
    EXPECT_EQ(answer.body, R"({"detail":"Not Found"})");
    EXPECT_EQ(get(app, "/a/b").line, "HTTP/1.1 404 Not Found");
}

TEST_F(AppTest, AKnownPathWithAnotherMethodIs405AndAllowsTheUnionOfThoseThatItHas) {
    app.get("/x/{id}", +[] { return Response::text("get"); });
    app.delete_("/x/{id}", +[] { return Response::text("delete"); });
    app.put("/x/me", +[] { return Response::text("put"); });
    const Answer answer = post(app, "/x/me", "{}");
    EXPECT_EQ(answer.line, "HTTP/1.1 405 Method Not Allowed");
    EXPECT_EQ(answer.field("allow"), "GET, HEAD, PUT, DELETE, OPTIONS");
    EXPECT_EQ(answer.body, R"({"detail":"Method Not Allowed"})");
    EXPECT_EQ(send(app, "PROPFIND", "/x/1", "").field("allow"), "GET, HEAD, DELETE, OPTIONS");
    EXPECT_EQ(send(app, "DELETE", "/x/me", "").body, "delete");
}

TEST_F(AppTest, HeadIsAnsweredByGetWithoutItsBody) {
    app.get("/a", +[] { return Response::text("hello"); });
    const Answer answer = ask(app, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(answer.line, "HTTP/1.1 200 OK");
    EXPECT_EQ(answer.head, "content-type: text/plain; charset=utf-8\ncontent-length: 5\n");
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(ask(app, "HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n").body, "");
    EXPECT_EQ(ask(app, "HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n").field("content-length"), "22");
}

TEST_F(AppTest, AnErrorOfTheReaderIsJsonAndCloses) {
    app.post("/a", +[](Request& request) { return Response::text(request.body()); });
    const Answer answer = ask(app, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n");
    EXPECT_EQ(answer.line, "HTTP/1.1 413 Request Entity Too Large");
    EXPECT_EQ(answer.head, "content-type: application/json\ncontent-length: 37\nconnection: close\n");
    EXPECT_EQ(answer.body, R"({"detail":"Request Entity Too Large"})");
}

// ---- handlers ---------------------------------------------------------------------------------------------

TEST_F(AppTest, AHandlerMayBeALambdaWithCaptures) {
    const auto greeting = std::make_shared<std::string>("hello");
    {
        App other{alloc::heap(), {}};
        other.get("/a", [greeting](alloc::Allocator arena) { return Response::text(arena.dupe(*greeting)); });
        other.get("/b", [&other](alloc::Allocator arena) {
            return Response::text(arena.dupe(other.info().title));
        });
        EXPECT_EQ(greeting.use_count(), 2);
        EXPECT_EQ(get(other, "/a").body, "hello");
        EXPECT_EQ(get(other, "/b").body, "Zigmund");
    }
    EXPECT_EQ(greeting.use_count(), 1);
}

TEST_F(AppTest, AHandlerMayOnlyBeMovable) {
    app.get("/a", [text = std::make_unique<std::string>("moved")](alloc::Allocator arena) {
        return Response::text(arena.dupe(*text));
    });
    EXPECT_EQ(get(app, "/a").body, "moved");
}

TEST_F(AppTest, AHandlerSeesTheRequestAndItsMemory) {
    app.post(
        "/echo/{x}", +[](Request& request, alloc::Allocator arena) {
            EXPECT_TRUE(request.allocator() == arena);
            EXPECT_EQ(request.header("x-token"), "secret");
            EXPECT_EQ(request.header("missing"), std::nullopt);
            EXPECT_EQ(request.query("a"), "2");
            EXPECT_EQ(request.query("b"), std::nullopt);
            EXPECT_EQ(request.path_parameter("x"), "7");
            EXPECT_EQ(request.path_parameter("y"), std::nullopt);
            EXPECT_EQ(request.method(), Method::post);
            return Response::text(request.body()).with_status(Status::created);
        });
    const Answer answer = ask(
        app, "POST /echo/7?a=1&a=2 HTTP/1.1\r\nHost: a\r\nX-Token: secret\r\nContent-Length: 4\r\n\r\nbody");
    EXPECT_EQ(answer.line, "HTTP/1.1 201 Created");
    EXPECT_EQ(answer.body, "body");
}

TEST_F(AppTest, WhatAHandlerThrowsIsLoggedAndNotShown) {
    app.get("/std", +[]() -> Response { throw std::runtime_error("the password\nis secret"); });
    app.get("/int", +[]() -> Response { throw 5; });
    app.get("/nan", +[](alloc::Allocator arena) { return Response::json(arena, 0.0 / std::atof("0")); });
    const auto expect_500 = [this](std::string_view path, std::string_view logged) {
        testing::internal::CaptureStderr();
        const Answer answer = get(app, path);
        EXPECT_EQ(testing::internal::GetCapturedStderr(), logged);
        EXPECT_EQ(answer.line, "HTTP/1.1 500 Internal Server Error");
        EXPECT_EQ(answer.head, "content-type: text/plain; charset=utf-8\ncontent-length: 21\n");
        EXPECT_EQ(answer.body, "Internal Server Error");
    };
    expect_500("/std", "zigmund: GET /std: unhandled exception: the password\\x0ais secret\n");
    expect_500("/int", "zigmund: GET /int: unhandled exception: an exception that is no std::exception\n");
    expect_500("/nan", "zigmund: GET /nan: unhandled exception: JSON has no NaN and no infinity\n");
    expect_500("/%73td", "zigmund: GET /std: unhandled exception: the password\\x0ais secret\n");
}

TEST_F(AppTest, AHandlerOutOfMemoryIs500AndTheNextRequestIsServed) {
    app.get(
        "/big/{size}", +[](Path<std::size_t, "size"> size, alloc::Allocator arena) {
            return Response::text(std::string_view{arena.alloc<char>(size).data(), 0});
        });
    alloc::Counting limit{alloc::heap(), "requests", std::size_t{1} << 16};
    const std::string head = " HTTP/1.1\r\nHost: a\r\n\r\n";
    testing::internal::CaptureStderr();
    const Answer answer = ask(app, "GET /big/1000000" + head, limit);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: GET /big/1000000: unhandled exception: std::bad_alloc\n");
    EXPECT_EQ(answer.line, "HTTP/1.1 500 Internal Server Error");
    EXPECT_EQ(answer.body, "Internal Server Error");
    EXPECT_EQ(ask(app, "GET /big/10" + head, limit).line, "HTTP/1.1 200 OK");
}

TEST_F(AppTest, ResponsesMayHaveFieldsAndOtherTypes) {
    app.get(
        "/a", +[](alloc::Allocator arena) {
            return Response::html("<p>")
                .with_header(arena, "x-a", "1")
                .with_header(arena, "Set-Cookie", "a=b")
                .with_header(arena, "Set-Cookie", "c=d");
        });
    app.get("/b", +[] { return Response{Status::no_content}; });
    const Answer answer = get(app, "/a");
    EXPECT_EQ(answer.head,
              "content-type: text/html; charset=utf-8\ncontent-length: 3\nx-a: 1\nSet-Cookie: "
              "a=b\nSet-Cookie: c=d\n");
    EXPECT_EQ(get(app, "/b").line, "HTTP/1.1 204 No Content");
    EXPECT_EQ(get(app, "/b").head, "");
}

// ---- memory -----------------------------------------------------------------------------------------------

TEST(AppMemory, AllThatAnApplicationTookIsGivenBack) {
    alloc::testing::CheckedUpstream upstream;
    {
        App app{upstream, {}};
        app.post("/items/{id}", echo_item);
        app.get("/items/{id}/parts/{part}",
                [text = std::string(100, 'x')](Path<int, "part">) { return Response::text("part"); });
        EXPECT_THROW(app.get("/items/{other}/parts/{part}", +[] { return Response::text(""); }), RouteError);
        EXPECT_EQ(get(app, "/items/1/parts/2").body, "part");
    }
    EXPECT_EQ(upstream.live_blocks(), 0U);
    EXPECT_EQ(upstream.violations(), std::vector<std::string>{});
}

TEST(AppMemory, WhereverMemoryEndsDuringRegistrationNothingIsLost) {
    bool done = false;
    std::size_t call = 0;
    for (; !done; ++call) {
        alloc::testing::CheckedUpstream upstream;
        upstream.fail_at(call);
        try {
            App app{upstream, {.title = "title", .version = "version"}};
            app.post("/items/{id}", echo_item);
            app.get("/items/b", [text = std::string(100, 'x')] { return Response::text("b"); });
            app.get("/items/a", +[] { return Response::text("a"); });
            app.get("/items/{id}/parts/{part}", +[](Path<int, "part">) { return Response::text("part"); });
            done = upstream.calls() <= call;
        } catch (const std::bad_alloc&) {
        }
        ASSERT_EQ(upstream.live_blocks(), 0U) << "call " << call;
        ASSERT_EQ(upstream.violations(), std::vector<std::string>{}) << "call " << call;
    }
    EXPECT_GT(call, 20U);
}

TEST(AppMemory, ARouteThatCouldNotBeAddedLeavesTheOthersAndCanBeAddedAgain) {
    for (std::size_t call = 0; call < 8; ++call) {
        alloc::testing::CheckedUpstream upstream;
        App app{upstream, {}};
        app.get("/a/b", +[] { return Response::text("b"); });
        upstream.fail_at(upstream.calls() + call);
        try {
            app.get("/a/{id}/c", +[] { return Response::text("c"); });
        } catch (const std::bad_alloc&) {
            EXPECT_EQ(get(app, "/a/b").body, "b");
            EXPECT_EQ(get(app, "/a/1/c").line, "HTTP/1.1 404 Not Found");
            upstream.fail_never();
            app.get("/a/{id}/c", +[] { return Response::text("c"); });
        }
        EXPECT_EQ(get(app, "/a/1/c").body, "c");
        EXPECT_EQ(get(app, "/a/b").body, "b");
    }
}

TEST(AppMemory, WhereverMemoryEndsDuringARequestTheAnswerIsWholeOrA500) {
    App app{alloc::heap(), {}};
    app.post("/items", echo_item);
    const std::string body = R"({"name":")" + std::string(6000, 'n') + R"(","price":2,"tags":["a","b"]})";
    const std::string bytes =
        "POST /items HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    bool done = false;
    std::size_t refused = 0;
    for (std::size_t call = 0; !done; ++call) {
        alloc::testing::CheckedUpstream upstream;
        upstream.fail_at(call);
        testing::internal::CaptureStderr();
        try {
            const Answer answer = ask(app, bytes, upstream);
            if (answer.line != "HTTP/1.1 200 OK") {
                EXPECT_EQ(answer.line, "HTTP/1.1 500 Internal Server Error");
                EXPECT_EQ(answer.body, "Internal Server Error");
                ++refused;
            }
            done = upstream.calls() <= call;
        } catch (const std::bad_alloc&) {
            ++refused;  // no room to write the answer's head, or to read
        }
        (void)testing::internal::GetCapturedStderr();
        ASSERT_EQ(upstream.live_blocks(), 0U);
        ASSERT_EQ(upstream.violations(), std::vector<std::string>{});
    }
    EXPECT_GT(refused, 1U);
}

}  // namespace
