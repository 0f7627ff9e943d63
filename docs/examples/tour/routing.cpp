// Routers, mounted applications, and the names of routes.
#include "tour.hpp"

namespace tour {
namespace {

http::Response named(std::string_view what, const http::Request& request, alloc::Allocator arena) {
    return http::Response::json(arena, {{"route", what}, {"path", request.path()}});
}

/// A part of the application; it does not know where it is included.
void add_chapters(http::Router& book) {
    book.get("", [](const http::Request& r, alloc::Allocator a) { return named("book", r, a); });
    book.get("/{page:int}", [](http::Path<int, "page">, const http::Request& r, alloc::Allocator a) {
        return named("page", r, a);
    });
    // Text goes before a parameter, whatever the order of registration.
    book.get("/index", [](const http::Request& r, alloc::Allocator a) { return named("index", r, a); });
    book.include(
        [](http::Router& notes) {
            notes.get("/{rest:path}", [](http::Path<std::string_view, "rest">, const http::Request& r,
                                         alloc::Allocator a) { return named("note", r, a); });
        },
        {.prefix = "/notes", .tags = {"notes"}});
}

}  // namespace

void add_routing(http::App& app, http::App& admin) {
    app.include(add_chapters, {.prefix = "/book", .tags = {"routing"}});
    app.include(add_chapters, {.prefix = "/other-book"});

    // What a segment has to look like, so that other requests go to other routes, or are a 404.
    app.get("/measures/{width:float}", [](http::Path<double, "width"> width) { return *width; });
    app.get("/measures/{object:uuid}", [](http::Path<http::Uuid, "object"> object) { return *object; });

    // An application of its own: its errors, middleware and state are its own business.
    admin.get("/users/{id}", [](http::Path<int, "id"> id) { return *id; });
    admin.get("/status", [](const http::Request& r, alloc::Allocator a) { return named("status", r, a); });
    app.mount("/admin", admin);

    // A URL from a route's name, so that nobody has to spell it.
    app.get("/links", [&app](const http::Request& request, alloc::Allocator arena) {
        return http::Response::json(arena, {{"user", app.url_for(arena, "get_user", {{"user_id", 7}})},
                                            {"text", request.url_for("get_text")}});
    });

    // HEAD comes with GET and OPTIONS by itself; either may be said otherwise.
    app.head("/links", [](alloc::Allocator arena) {
        return http::Response{http::Status::no_content}.with_header(arena, "x-links", "1");
    });
    app.options("/links", [](alloc::Allocator arena) {
        return http::Response{http::Status::no_content}.with_header(arena, "allow", "GET");
    });
}

}  // namespace tour
