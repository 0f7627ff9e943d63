// What a handler may answer.
#include <array>
#include <charconv>
#include <cstdint>
#include <expected>
#include <memory_resource>
#include <string>

#include "tour.hpp"

namespace tour {
namespace {

struct Point {
    double x;
    double y;
};
BOOST_DESCRIBE_STRUCT(Point, (), (x, y))

/// A value is written as JSON: a struct, a range, a number, text.
Point get_point() { return {.x = 0.1, .y = -2}; }
std::array<Point, 2> get_points() { return {Point{0, 1}, Point{2, 3}}; }
void get_nothing() {}

/// Or an error, without an exception.
std::expected<Point, http::HttpError> find_point(http::Path<std::uint32_t, "index"> index) {
    const auto points = get_points();
    if (index >= points.size())
        return std::unexpected(http::HttpError{http::Status::not_found, "No such point"});
    return points[index];
}

/// Text that is made for the answer lives in the request's arena.
http::Response get_page(http::Path<std::uint32_t, "number"> number, alloc::Allocator arena) {
    std::pmr::string page{"<!doctype html><title>A page</title><p>Page ", arena};
    std::array<char, 10> digits;
    page.append(digits.data(), std::to_chars(digits.begin(), digits.end(), *number).ptr);
    return http::Response::html(arena.dupe(page));
}

http::Response get_redirect(alloc::Allocator arena) { return http::Response::redirect(arena, "/text"); }

http::Response get_decorated(alloc::Allocator arena) {
    return http::Response::json_text(R"({"made":"elsewhere"})")
        .with_status(http::Status::accepted)
        .with_header(arena, "x-tour", "yes")
        .with_content_type("application/vnd.tour+json")
        .with_cookie(arena, {.name = "seen", .value = "1", .max_age = std::chrono::hours{1}});
}

http::Response forget_cookie(alloc::Allocator arena) {
    return http::Response{http::Status::no_content}.with_cookie(
        arena, {.name = "seen", .max_age = std::chrono::seconds{0}});
}

}  // namespace

void add_responses(http::App& app) {
    app.get("/point", get_point, {.tags = {"responses"}});
    app.get("/points", get_points, {.tags = {"responses"}});
    app.get("/points/{index:int}", find_point, {.tags = {"responses"}});
    app.post("/nothing", get_nothing, {.tags = {"responses"}});
    app.get("/page/{number}", get_page, {.tags = {"responses"}});
    app.get("/redirect", get_redirect, {.tags = {"responses"}});
    app.get("/decorated", get_decorated, {.tags = {"responses"}});
    app.delete_("/decorated", forget_cookie, {.tags = {"responses"}});
}

}  // namespace tour
