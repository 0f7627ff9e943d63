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
http::Response raise_other() { throw std::runtime_error{"the password is 1234"}; }

}  // namespace

void add_errors(http::App& app) {
    app.get("/errors/own", raise_own, {.tags = {"errors"}});
    app.get("/errors/http", raise_http, {.tags = {"errors"}});
    app.get("/errors/other", raise_other, {.tags = {"errors"}});
    app.on_exception<OutOfStock>([](const OutOfStock& error, alloc::Allocator arena) {
        return http::Response::json(arena, {{"out_of_stock", error.item}})
            .with_status(http::Status::conflict);
    });
    // A request for which the memory does not suffice is told so; the next one finds it again.
    app.on_exception<std::bad_alloc>(
        [] { return http::Response::text("Out of memory").with_status(http::Status::service_unavailable); });
}

}  // namespace tour
