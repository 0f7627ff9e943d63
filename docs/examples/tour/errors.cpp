// Exceptions, and who answers them.
#include <new>
#include <stdexcept>

#include "tour.hpp"

namespace tour {
namespace {

struct OutOfStock {
    std::string_view item;
};

http::Response raise_own() { throw OutOfStock{"pen"}; }
http::Response raise_http(alloc::Allocator arena) {
    throw http::HttpError{arena, http::Status::forbidden, {{"reason", "closed"}, {"until", 8}}}.with_header(
        arena, "retry-after", "60");
}
/// A dependency that knows what the exceptions of its users mean to a client.
inject::Scoped<int> translate(alloc::Allocator) {
    int nothing = 0;
    try {
        co_yield nothing;
    } catch (const std::out_of_range&) {
        throw http::HttpError{http::Status::not_found, "Not on the list"};
    }
}
http::Response raise_translated(inject::Depends<translate>) { throw std::out_of_range{"index 7 of 3"}; }
http::Response raise_teapot() { throw http::HttpError{http::Status::im_a_teapot}; }
http::Response raise_other() { throw std::runtime_error{"the password is 1234"}; }

}  // namespace

void add_errors(http::App& app) {
    app.get("/errors/own", raise_own, {.tags = {"errors"}});
    app.get("/errors/http", raise_http, {.tags = {"errors"}});
    app.get("/errors/translated", raise_translated, {.tags = {"errors"}});
    app.get("/errors/teapot", raise_teapot, {.tags = {"errors"}, .deprecated = true});
    app.get("/errors/other", raise_other, {.tags = {"errors"}});
    app.on_exception<OutOfStock>([](const OutOfStock& error, alloc::Allocator arena) {
        return http::Response::json(arena, {{"out_of_stock", error.item}})
            .with_status(http::Status::conflict);
    });
    app.on_status(http::Status::im_a_teapot, [] {
        return http::Response::text("Short and stout").with_status(http::Status::im_a_teapot);
    });
    // A request for which the memory does not suffice is told so; the next one finds it again.
    app.on_exception<std::bad_alloc>(
        [] { return http::Response::text("Out of memory").with_status(http::Status::service_unavailable); });
}

}  // namespace tour
