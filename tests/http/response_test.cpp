#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/null_allocator.hpp>
#include <zigmund/http/response.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "error_response.hpp"
#include "wire_response.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;

/// What with_header() says of a field; "taken" if it takes it.
std::string refusal(std::string_view name, std::string_view value) {
    alloc::Arena arena;
    try {
        (void)Response::text("").with_header(arena.allocator(), name, value);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "taken";
}

TEST(Response, EachKindHasItsContentType) {
    alloc::Arena arena;
    const Response json = Response::json(arena.allocator(), {{"a", 1}});
    EXPECT_EQ(json.content_type(), "application/json");
    EXPECT_EQ(json.body(), R"({"a":1})");
    EXPECT_EQ(Response::json_text("[]").content_type(), "application/json");
    EXPECT_EQ(Response::text("a").content_type(), "text/plain; charset=utf-8");
    EXPECT_EQ(Response::html("a").content_type(), "text/html; charset=utf-8");
    EXPECT_EQ(Response{Status::no_content}.content_type(), "");
    EXPECT_EQ(Response::text("a").with_content_type("image/png").content_type(), "image/png");
    EXPECT_EQ(Response::text("a").with_content_type("image/png").body(), "a");
    EXPECT_EQ(Response::text("a").with_status(Status::created).status(), Status::created);
    EXPECT_EQ(Response::text("a").status(), Status::ok);
}

TEST(Response, TextIsNotCopied) {
    const std::string text = "kept elsewhere";
    EXPECT_EQ(Response::text(text).body().data(), text.data());
    EXPECT_EQ(Response::html(std::string_view{text}).body().data(), text.data());
}

TEST(Response, AFieldsNameIsAToken) {
    for (const std::string_view name : {"", "a b", "a:", "a\r\nb", "\xC3\xA9", "a\x7f", "(a)", "a,b", " a"})
        EXPECT_EQ(refusal(name, "v"), "zigmund: header field name is not a token") << name;
    EXPECT_EQ(refusal(std::string_view{"a\0", 2}, "v"), "zigmund: header field name is not a token");
    EXPECT_EQ(refusal("X-a!#$%&'*+.^_`|~9", "v"), "taken");
}

TEST(Response, AFieldsValueEndsNoLine) {
    const std::string_view said = "zigmund: header field value has a line break or a control character";
    for (const std::string_view value : {"a\r\nSet-Cookie: b", "a\r", "a\n", "\x01", "a\x7f", "\x1b[31m"})
        EXPECT_EQ(refusal("x", value), said);
    EXPECT_EQ(refusal("x", std::string_view{"a\0b", 3}), said);
    EXPECT_EQ(refusal("x", "a\tb \xC3\xA9 \"c\";"), "taken");
    EXPECT_EQ(refusal("x", ""), "taken");
    try {
        (void)Response::text("").with_content_type("text/plain\r\nx: y");
        ADD_FAILURE() << "taken";
    } catch (const std::invalid_argument& error) {
        EXPECT_EQ(error.what(), said);
    }
}

TEST(Response, WhatTheServerWritesIsNotWrittenTwice) {
    for (const std::string_view name :
         {"connection", "Content-Length", "CONTENT-TYPE", "Date", "keep-alive", "Transfer-Encoding"})
        EXPECT_EQ(refusal(name, "v"), "zigmund: this header field is written by the server") << name;
    EXPECT_EQ(refusal("content-language", "v"), "taken");
}

TEST(Response, AddingAFieldLeavesTheOtherResponseAsItWas) {
    alloc::Arena arena;
    const Response one = Response::text("").with_header(arena.allocator(), "a", "1");
    const Response two = one.with_header(arena.allocator(), "b", "2");
    ASSERT_NE(two.last_field(), nullptr);
    EXPECT_EQ(two.last_field()->field.name, "b");
    EXPECT_EQ(two.last_field()->previous, one.last_field());
    EXPECT_EQ(one.last_field()->previous, nullptr);
}

TEST(Response, AFieldIsFoundAndTakenAwayByItsName) {
    alloc::Arena arena;
    const Response response = Response::text("")
                                  .with_header(arena.allocator(), "A", "1")
                                  .with_header(arena.allocator(), "b", "2")
                                  .with_header(arena.allocator(), "a", "3")
                                  .with_header(arena.allocator(), "c", "4");
    EXPECT_EQ(response.header("A"), "3");
    EXPECT_EQ(response.header("x"), std::nullopt);
    const Response without = response.without_header(arena.allocator(), "a");
    EXPECT_EQ(without.header("a"), std::nullopt);
    ASSERT_NE(without.last_field(), nullptr);
    EXPECT_EQ(without.last_field()->field.name, "c");
    EXPECT_EQ(without.last_field()->previous->field.name, "b");
    EXPECT_EQ(without.last_field()->previous->previous, nullptr);
    EXPECT_EQ(response.header("a"), "3");
}

TEST(Response, VaryNamesAFieldOnce) {
    alloc::Arena arena;
    const alloc::Allocator memory = arena.allocator();
    const Response one = Response::text("").with_vary(memory, "Origin");
    EXPECT_EQ(one.header("vary"), "Origin");
    EXPECT_EQ(one.with_vary(memory, "origin").header("vary"), "Origin");
    EXPECT_EQ(one.with_vary(memory, "Accept-Encoding").header("vary"), "Origin, Accept-Encoding");
    const Response star = Response::text("").with_header(memory, "Vary", "a, *");
    EXPECT_EQ(star.with_vary(memory, "Origin").header("vary"), "a, *");
    const Response two = one.with_header(memory, "vary", "b").with_vary(memory, "c");
    EXPECT_EQ(two.header("vary"), "Origin, b, c");
    EXPECT_EQ(two.last_field()->previous, nullptr);
}

TEST(Response, WithoutMemoryForAFieldItThrows) {
    EXPECT_THROW((void)Response::text("").with_header(alloc::null_allocator(), "a", "1"), std::bad_alloc);
}

TEST(Response, ARedirectQuotesWhatNoUrlMayHold) {
    alloc::Arena arena;
    const auto location = [&](std::string_view url) {
        const Response response = Response::redirect(arena.allocator(), url);
        EXPECT_EQ(response.status(), Status::temporary_redirect);
        EXPECT_EQ(response.body(), "");
        EXPECT_EQ(response.content_type(), "");
        EXPECT_EQ(response.last_field()->field.name, "location");
        EXPECT_EQ(response.last_field()->previous, nullptr);
        return std::string{response.last_field()->field.value};
    };
    const std::string_view plain = "https://[::1]:80/a-b_c.d~e/%20?q=1&r=@!$'()*+,;#f";
    EXPECT_EQ(location(plain), plain);
    EXPECT_EQ(Response::redirect(arena.allocator(), plain).last_field()->field.value.data(), plain.data());
    EXPECT_EQ(location("/a b/\"<>\\^`{|}"), "/a%20b/%22%3C%3E%5C%5E%60%7B%7C%7D");
    EXPECT_EQ(location("/caf\xC3\xA9"), "/caf%C3%A9");
    EXPECT_EQ(location("/\r\nset-cookie: a=b"), "/%0D%0Aset-cookie:%20a=b");
    EXPECT_EQ(location(std::string_view{"/\0\x7f\xff", 4}), "/%00%7F%FF");
    EXPECT_EQ(Response::redirect(arena.allocator(), "/", Status::see_other).status(), Status::see_other);
}

TEST(Response, ACookieIsForTheWholeSiteAndLaxUnlessItSaysOtherwise) {
    alloc::Arena arena;
    const auto sent = [&](const SetCookie& cookie) {
        const Response response = Response::text("").with_cookie(arena.allocator(), cookie);
        EXPECT_EQ(response.last_field()->field.name, "set-cookie");
        return std::string{response.last_field()->field.value};
    };
    EXPECT_EQ(sent({.name = "a", .value = "b"}), "a=b; Path=/; SameSite=lax");
    EXPECT_EQ(sent({.name = "a"}), "a=\"\"; Path=/; SameSite=lax");
    EXPECT_EQ(sent({.name = "id",
                    .value = "x!#$%&'*+-.^_`|~:9",
                    .max_age = std::chrono::hours{1},
                    .domain = "example.org",
                    .path = "/shop",
                    .http_only = true,
                    .secure = true,
                    .same_site = SameSite::strict}),
              "id=x!#$%&'*+-.^_`|~:9; Domain=example.org; HttpOnly; Max-Age=3600; Path=/shop; "
              "SameSite=strict; Secure");
    EXPECT_EQ(sent({.name = "a", .max_age = std::chrono::seconds{0}, .path = ""}),
              "a=\"\"; Max-Age=0; SameSite=lax");
    EXPECT_EQ(sent({.name = "a", .secure = true, .same_site = SameSite::none}),
              "a=\"\"; Path=/; SameSite=none; Secure");
    EXPECT_EQ(
        sent({.name = "a", .max_age = std::chrono::seconds::min(), .path = std::string_view{"/a b,\"c\""}}),
        "a=\"\"; Max-Age=-9223372036854775808; Path=/a b,\"c\"; SameSite=lax");
}

// The values are those that Python's http.cookies makes of the same texts, in Latin-1.
TEST(Response, ACookiesValueIsQuotedAsPythonDoes) {
    alloc::Arena arena;
    const auto sent = [&](std::string_view value) {
        const Response response =
            Response::text("").with_cookie(arena.allocator(), {.name = "a", .value = value});
        const std::string_view text = response.last_field()->field.value;
        return std::string{text.substr(2, text.find("; ") - 2)};
    };
    EXPECT_EQ(sent("x!#$%&'*+-.^_`|~:9Z"), "x!#$%&'*+-.^_`|~:9Z");
    EXPECT_EQ(sent(""), R"("")");
    EXPECT_EQ(sent("a b"), R"("a b")");
    EXPECT_EQ(sent("a;b"), R"("a\073b")");
    EXPECT_EQ(sent("a,b"), R"("a\054b")");
    EXPECT_EQ(sent(R"("a")"), R"("\"a\"")");
    EXPECT_EQ(sent(R"(a\b)"), R"("a\\b")");
    EXPECT_EQ(sent("abc=="), R"("abc==")");
    EXPECT_EQ(sent("()/<=>?@[]{}"), R"("()/<=>?@[]{}")");
    EXPECT_EQ(sent("\xC3\xA9"), R"("\303\251")");
    EXPECT_EQ(sent("\xFF"), R"("\377")");
}

TEST(Response, ACookieThatWouldEndEarlyIsRefused) {
    alloc::Arena arena;
    const auto refused = [&](const SetCookie& cookie) -> std::string {
        try {
            (void)Response::text("").with_cookie(arena.allocator(), cookie);
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "taken";
    };
    for (const std::string_view name : {"", "a b", "a=", "a;", "a\r\n", "\xC3\xA9"})
        EXPECT_EQ(refused({.name = name}), "zigmund: cookie name is not a token") << name;
    for (const std::string_view value : {"a\r\nb", "\t", "\x1f", "\x7f"})
        EXPECT_EQ(refused({.name = "a", .value = value}), "zigmund: cookie value has a control character")
            << value;
    for (const std::string_view value : {"/;x", "/\n", "/\xC3\xA9"}) {
        EXPECT_EQ(refused({.name = "a", .path = value}),
                  "zigmund: cookie path or domain has a character that must be encoded");
        EXPECT_EQ(refused({.name = "a", .domain = value}),
                  "zigmund: cookie path or domain has a character that must be encoded");
    }
    EXPECT_EQ(refused({.name = "a", .same_site = SameSite::none}),
              "zigmund: a cookie with SameSite=none must be secure");
    EXPECT_EQ(refused({.name = "a", .value = std::string_view{"\0", 1}}),
              "zigmund: cookie value has a control character");
}

// ---- on the wire ------------------------------------------------------------------------------------------

std::string wire(const Response& response, bool keep_alive = true) {
    alloc::Arena arena;
    Request request{arena.allocator()};
    HttpDate date;
    date.update(784111777);
    const WireResponse written = write_response(request, response, date, keep_alive);
    return std::string{written.head}.append(written.body);
}

TEST(WireResponse, IsALineItsFieldsAndTheBody) {
    EXPECT_EQ(wire(Response::text("hello")),
              "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 5\r\n"
              "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nhello");
    EXPECT_EQ(wire(Response::text(""), false),
              "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 0\r\n"
              "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nconnection: close\r\n\r\n");
}

TEST(WireResponse, FieldsAreSentInTheOrderInWhichTheyWereAdded) {
    alloc::Arena arena;
    const alloc::Allocator allocator = arena.allocator();
    EXPECT_EQ(
        wire(Response{Status::temporary_redirect}
                 .with_header(allocator, "Location", "/b")
                 .with_header(allocator, "x-a", std::string_view{"1"})
                 .with_header(allocator, "x-a", "2")),
        "HTTP/1.1 307 Temporary Redirect\r\ncontent-length: 0\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Location: /b\r\nx-a: 1\r\nx-a: 2\r\n\r\n");
}

TEST(WireResponse, SomeStatusesHaveNoBody) {
    for (const auto& [status, line] :
         std::vector<std::pair<Status, std::string>>{{Status::no_content, "204 No Content"},
                                                     {Status::reset_content, "205 Reset Content"},
                                                     {Status::not_modified, "304 Not Modified"}}) {
        // 205 has no content, so it says a length of zero (RFC 9110, 15.3.6); the others say none.
        const std::string length = status == Status::reset_content ? "content-length: 0\r\n" : "";
        EXPECT_EQ(wire(Response::text("dropped").with_status(status)),
                  "HTTP/1.1 " + line + "\r\n" + length + "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    }
}

TEST(WireResponse, LongFieldsAndTypesFit) {
    alloc::Arena arena;
    const std::string value(10000, 'v');
    const std::string type = "text/" + std::string(1000, 't');
    const std::string text = wire(Response::text("b")
                                      .with_content_type(type)
                                      .with_status(Status::header_fields_too_large)
                                      .with_header(arena.allocator(), "x", value),
                                  false);
    EXPECT_EQ(text,
              "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: " + type +
                  "\r\ncontent-length: 1\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nconnection: close\r\nx: " +
                  value + "\r\n\r\nb");
}

TEST(WireResponse, DatesAreThoseOfRfc9110) {
    const auto text = [](std::time_t time) {
        HttpDate date;
        date.update(time);
        return std::string{date.text()};
    };
    EXPECT_EQ(text(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(text(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(text(1709209845), "Thu, 29 Feb 2024 12:30:45 GMT");
    EXPECT_EQ(text(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(WireResponse, WithoutMemoryItThrows) {
    Request request{alloc::null_allocator()};
    EXPECT_THROW((void)write_response(request, Response::text(""), HttpDate{}, true), std::bad_alloc);
}

TEST(ErrorResponse, IsJsonWithTheStatussDetail) {
    for (const auto& [status, body] : std::vector<std::pair<Status, std::string_view>>{
             {Status::bad_request, R"({"detail":"Bad Request"})"},
             {Status::unauthorized, R"({"detail":"Unauthorized"})"},
             {Status::not_found, R"({"detail":"Not Found"})"},
             {Status::method_not_allowed, R"({"detail":"Method Not Allowed"})"},
             {Status::request_timeout, R"({"detail":"Request Timeout"})"},
             {Status::content_too_large, R"({"detail":"Request Entity Too Large"})"},
             {Status::uri_too_long, R"({"detail":"URI Too Long"})"},
             {Status::expectation_failed, R"({"detail":"Expectation Failed"})"},
             {Status::header_fields_too_large, R"({"detail":"Request Header Fields Too Large"})"},
             {Status::not_implemented, R"({"detail":"Not Implemented"})"},
             {Status::service_unavailable, R"({"detail":"Service Unavailable"})"},
             {Status::http_version_not_supported, R"({"detail":"HTTP Version Not Supported"})"}}) {
        const Response response = error_response(status);
        EXPECT_EQ(response.status(), status);
        EXPECT_EQ(response.body(), body);
        EXPECT_EQ(response.content_type(), "application/json");
        // The reason phrase is the same text.
        EXPECT_EQ(body, std::string{R"({"detail":")"}.append(reason(status)).append("\"}"));
    }
    EXPECT_EQ(reason(static_cast<Status>(299)), "");
}

}  // namespace
