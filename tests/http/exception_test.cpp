// What a handler may return or throw, and what is answered to it.
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <array>
#include <expected>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "in_process.hpp"

namespace shop {
struct Item {
    std::string_view name;
    double price;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price))
}  // namespace shop

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;
using http::HttpError;
using http::Status;
using shop::Item;

struct Answers : testing::Test {
    http::App app{alloc::heap(), {}};
};

TEST_F(Answers, AValueIsWrittenAsJson) {
    app.get("/item", [] { return Item{"Pen", 2.5}; });
    app.get("/text", [] { return "hello"; });
    app.get("/list", [] { return std::array{1, 2}; });
    app.get("/bool", [] { return true; });
    app.get("/nothing", [] {});
    const test::Answer item = test::get(app, "/item");
    EXPECT_EQ(item.line, "HTTP/1.1 200 OK");
    EXPECT_EQ(item.field("content-type"), "application/json");
    EXPECT_EQ(item.body, R"({"name":"Pen","price":2.5})");
    EXPECT_EQ(test::get(app, "/text").body, R"("hello")");
    EXPECT_EQ(test::get(app, "/list").body, "[1,2]");
    EXPECT_EQ(test::get(app, "/bool").body, "true");
    EXPECT_EQ(test::get(app, "/nothing").body, "null");
}

TEST_F(Answers, AnExpectedIsItsValueOrItsErrorsResponse) {
    app.get("/items/{id}", [](http::Path<int, "id"> id) -> std::expected<Item, HttpError> {
        if (*id == 1) return Item{"Pen", 2.5};
        return std::unexpected(HttpError{Status::not_found, "Item not found"});
    });
    app.get("/response/{id}", [](http::Path<int, "id"> id) -> std::expected<http::Response, HttpError> {
        if (*id == 1) return http::Response::text("one").with_status(Status::created);
        return std::unexpected(HttpError{Status::conflict});
    });
    app.get("/void", []() -> std::expected<void, HttpError> { return {}; });
    EXPECT_EQ(test::get(app, "/items/1").body, R"({"name":"Pen","price":2.5})");
    EXPECT_EQ(test::get(app, "/items/2").line, "HTTP/1.1 404 Not Found");
    EXPECT_EQ(test::get(app, "/items/2").body, R"({"detail":"Item not found"})");
    EXPECT_EQ(test::get(app, "/response/1").line, "HTTP/1.1 201 Created");
    EXPECT_EQ(test::get(app, "/response/2").body, R"({"detail":"Conflict"})");
    EXPECT_EQ(test::get(app, "/void").body, "null");
}

std::string outcome;
inject::Scoped<int> transaction(alloc::Allocator) {
    try {
        co_yield 1;
        outcome = "commit";
    } catch (const HttpError& error) {
        outcome = "rollback " + std::string{error.detail()};
        throw;
    }
}

TEST_F(Answers, AnErrorThatIsReturnedRollsBackAndDropsTheTasks) {
    app.get("/",
            [](inject::Depends<transaction>, http::BackgroundTasks& tasks) -> std::expected<void, HttpError> {
                tasks.add([] { outcome += " task"; });
                return std::unexpected(HttpError{Status::conflict, "sold"});
            });
    app.get("/plain", [](http::BackgroundTasks& tasks) -> std::expected<void, HttpError> {
        tasks.add([guard = std::make_shared<int>(1)] { outcome += " task"; });
        return std::unexpected(HttpError{Status::conflict, "sold"});
    });
    EXPECT_EQ(test::get(app, "/").body, R"({"detail":"sold"})");
    EXPECT_EQ(outcome, "rollback sold");
    EXPECT_EQ(test::get(app, "/plain").line, "HTTP/1.1 409 Conflict");
    EXPECT_EQ(outcome, "rollback sold");
}

TEST_F(Answers, AnHttpErrorCarriesADetailOfAnyShapeAndHeaders) {
    app.get("/", [](alloc::Allocator arena) -> http::Response {
        throw HttpError{arena, Status::unauthorized, {{"reason", "token"}, {"left", 2}}}.with_header(
            arena, "www-authenticate", "Bearer");
    });
    app.get("/text", [](alloc::Allocator arena) -> http::Response {
        throw HttpError{Status::too_many_requests, arena.dupe("slow \"down\"")}.with_header(
            arena, "retry-after", "5");
    });
    const test::Answer answer = test::get(app, "/");
    EXPECT_EQ(answer.line, "HTTP/1.1 401 Unauthorized");
    EXPECT_EQ(answer.field("www-authenticate"), "Bearer");
    EXPECT_EQ(answer.body, R"({"detail":{"reason":"token","left":2}})");
    const test::Answer text = test::get(app, "/text");
    EXPECT_EQ(text.field("retry-after"), "5");
    EXPECT_EQ(text.body, R"({"detail":"slow \"down\""})");
}

struct ShopError : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct OutOfStock : ShopError {
    using ShopError::ShopError;
};

TEST_F(Answers, AnExceptionGoesToTheHandlerOfItsMostDerivedType) {
    app.on_exception<std::exception>([](const std::exception&) { return "exception"; });
    app.on_exception<OutOfStock>([](const OutOfStock& error, http::Request& request, alloc::Allocator arena) {
        return http::Response::json(arena, {{"what", error.what()}, {"path", request.path()}})
            .with_status(Status::conflict);
    });
    app.on_exception<ShopError>([] { return "shop"; });
    app.get("/stock", []() -> int { throw OutOfStock{"pens"}; });
    app.get("/shop", []() -> int { throw ShopError{"closed"}; });
    app.get("/runtime", []() -> int { throw std::runtime_error{"x"}; });
    const test::Answer answer = test::get(app, "/stock");
    EXPECT_EQ(answer.line, "HTTP/1.1 409 Conflict");
    EXPECT_EQ(answer.body, R"({"what":"pens","path":"/stock"})");
    EXPECT_EQ(test::get(app, "/shop").body, R"("shop")");
    EXPECT_EQ(test::get(app, "/runtime").body, R"("exception")");
    // HttpError and the refusal of parameters have answers of their own, whatever handles std::exception.
    app.get("/http", []() -> int { throw HttpError{Status::gone}; });
    EXPECT_EQ(test::get(app, "/http").body, R"({"detail":"Gone"})");
    EXPECT_EQ(test::get(app, "/nowhere").body, R"({"detail":"Not Found"})");

    app.on_exception<ShopError>([] { return "again"; });
    EXPECT_EQ(test::get(app, "/shop").body, R"("again")");
    EXPECT_EQ(test::get(app, "/stock").line, "HTTP/1.1 409 Conflict");
}

TEST_F(Answers, AStatusComesBeforeAType) {
    app.on_exception<HttpError>([](const HttpError& error) { return error.detail(); });
    app.on_status(Status::not_found, [](http::Request& request) {
        return http::Response::text(request.path()).with_status(Status::not_found);
    });
    app.get("/teapot", []() -> int { throw HttpError{Status::conflict, "teapot"}; });
    app.get("/item", []() -> int { throw HttpError{Status::not_found, "item"}; });
    EXPECT_EQ(test::get(app, "/teapot").body, R"("teapot")");
    EXPECT_EQ(test::get(app, "/item").body, "/item");
    EXPECT_EQ(test::get(app, "/nowhere").body, "/nowhere");
    EXPECT_EQ(test::send(app, "POST", "/item", "{}").line, "HTTP/1.1 200 OK");
}

TEST_F(Answers, TheRefusalOfParametersCanBeHandled) {
    app.on_exception<http::RequestValidationError>([](const http::RequestValidationError& error) {
        return error.response().with_status(Status::bad_request);
    });
    app.get("/{id}", [](http::Path<int, "id"> id) { return *id; });
    const test::Answer answer = test::get(app, "/x");
    EXPECT_EQ(answer.line, "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(answer.body.substr(0, 33), R"({"detail":[{"type":"int_parsing",)");
    EXPECT_EQ(test::get(app, "/7").body, "7");
}

TEST_F(Answers, A500ShowsNothingOfWhatWentWrong) {
    app.get("/", []() -> int { throw std::runtime_error{"the password is 1234"}; });
    app.get("/int", []() -> int { throw 7; });
    testing::internal::CaptureStderr();
    const test::Answer answer = test::get(app, "/");
    EXPECT_EQ(test::get(app, "/int").body, "Internal Server Error");
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: GET /: unhandled exception: the password is 1234\n"
              "zigmund: GET /int: unhandled exception: an exception that is no std::exception\n");
    EXPECT_EQ(answer.line, "HTTP/1.1 500 Internal Server Error");
    EXPECT_EQ(answer.field("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(answer.body, "Internal Server Error");

    app.on_status(Status::internal_server_error, [] {
        return http::Response::html("<h1>Sorry</h1>").with_status(Status::internal_server_error);
    });
    testing::internal::CaptureStderr();
    EXPECT_EQ(test::get(app, "/").body, "<h1>Sorry</h1>");
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: GET /: unhandled exception: the password is 1234\n");
}

TEST_F(Answers, AnExceptionHandlerThatThrowsIsA500) {
    app.on_exception<ShopError>([](const ShopError&) -> int { throw std::runtime_error{"in the handler"}; });
    app.on_status(Status::internal_server_error,
                  []() -> int { throw std::runtime_error{"in the last handler"}; });
    app.get("/", []() -> int { throw ShopError{"closed"}; });
    testing::internal::CaptureStderr();
    EXPECT_EQ(test::get(app, "/").body, "Internal Server Error");
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: GET /: unhandled exception: in the handler\n"
              "zigmund: GET /: unhandled exception: in the last handler\n");
}

}  // namespace
