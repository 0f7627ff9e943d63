// RouteOptions, RouterOptions: what is said of a route besides its path and its handler, and of the part of
// an application that it belongs to.
//
//     app.get("/users/{user_id}", get_user, {.name = "get_user", .tags = {"users"}});
//     app.include(add_users, {.prefix = "/users", .tags = {"users"}});
//
// Threads: values that live for the call. What they say is copied.
#pragma once

#include <zigmund/http/dependency.hpp>
#include <zigmund/http/handler_info.hpp>
#include <zigmund/http/method.hpp>
#include <zigmund/http/schema.hpp>
#include <zigmund/http/status.hpp>

#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace zigmund::http::inline v0 {

/// A response that the documentation tells of: `{Status::not_found, "Nobody has it", schema<Problem>}`.
struct ResponseInfo {
    /// Which one it is; its number stands in the documentation.
    Status status;
    /// Empty: the status's reason phrase.
    std::string_view description = {};
    /// Null: nothing is said of the body.
    const Schema* schema = nullptr;
    /// Of that body.
    std::string_view content_type = "application/json";
};

struct RouteOptions {
    /// What App::url_for() calls the route, and the documentation its handler: one of a kind. Empty: it has
    /// the name of its function if that is given as `handler<f>`, and no other route has it.
    std::string_view name = {};
    /// The groups that the route is shown in, behind those of its routers.
    std::initializer_list<std::string_view> tags = {};
    /// What runs before the handler, after what its routers have: `{http::depends<check_token>}`.
    std::initializer_list<Dependency> dependencies = {};
    /// One line for the documentation. Empty: the name in words, "Get User".
    std::string_view summary = {};
    /// More than one, in Markdown.
    std::string_view description = {};
    /// What clients that are made from the documentation call it: one of a kind in the App. Empty: it is made
    /// of name, path and method as FastAPI does, `get_user_users__user_id__get`.
    std::string_view operation_id = {};
    /// The status of what the handler returns, unless that is a Response, which has its own.
    Status status = Status::ok;
    /// The other responses; and of the status above a description, or what a Response holds.
    std::initializer_list<ResponseInfo> responses = {};
    /// The documentation says that it should not be used any more.
    bool deprecated = false;
    /// Whether the documentation tells of it.
    bool include_in_schema = true;
};

/// What holds for all routes of a router, beside what they say themselves.
struct RouterOptions {
    /// What stands before the paths of the routes: "/users", without a slash at its end. Empty: nothing.
    std::string_view prefix = {};
    /// The groups that all routes are shown in.
    std::initializer_list<std::string_view> tags = {};
    /// What runs before the handlers of all routes: `{http::depends<check_token>}`.
    std::initializer_list<Dependency> dependencies = {};
    /// Of all routes; one that a route names itself counts more.
    std::initializer_list<ResponseInfo> responses = {};
    /// Whether all of them are; else a route says so itself.
    bool deprecated = false;
    /// False: the documentation tells of none of them, whatever they say.
    bool include_in_schema = true;
};

namespace detail {

struct KeptMiddleware;

/// The routers that a route is registered through, from the inside out.
struct RouterScope {
    RouterOptions options;
    const RouterScope* outer;
    std::span<const KeptMiddleware* const> middleware = {};  ///< around its routes, the outermost first
};

/// What App and Router have in common: a function for each method. `Self` has a `route()`.
template <class Self>
class RouteVerbs {
  public:
    /// Routes a method and a path template to a handler: a function, or a lambda whose captures are safe to
    /// use from several threads. Segments of the template are text; `{name}`, which takes one segment that is
    /// not empty; `{name:int}`, `{name:float}`, `{name:uuid}`, which take one that looks like it; and, at the
    /// end, `{name:path}`, which takes all that is left, with its slashes, also if that is nothing. Where
    /// several match, text goes before uuid, int, float, a plain name and path, from left to right. GET
    /// serves HEAD as well, and OPTIONS is answered for every path. Throws RouteError, std::bad_alloc.
    template <class Handler>
    void get(std::string_view path, Handler&& handler, const RouteOptions& options = {}) {
        self().route(Method::get, path, std::forward<Handler>(handler), options);
    }
    template <class Handler>
    void post(std::string_view path, Handler&& handler, const RouteOptions& options = {}) {
        self().route(Method::post, path, std::forward<Handler>(handler), options);
    }
    template <class Handler>
    void put(std::string_view path, Handler&& handler, const RouteOptions& options = {}) {
        self().route(Method::put, path, std::forward<Handler>(handler), options);
    }
    template <class Handler>
    void patch(std::string_view path, Handler&& handler, const RouteOptions& options = {}) {
        self().route(Method::patch, path, std::forward<Handler>(handler), options);
    }
    template <class Handler>
    void delete_(std::string_view path, Handler&& handler, const RouteOptions& options = {}) {
        self().route(Method::delete_, path, std::forward<Handler>(handler), options);
    }
    /// For a HEAD that is not GET's.
    template <class Handler>
    void head(std::string_view path, Handler&& handler, const RouteOptions& options = {}) {
        self().route(Method::head, path, std::forward<Handler>(handler), options);
    }
    template <class Handler>
    void options(std::string_view path, Handler&& handler, const RouteOptions& route_options = {}) {
        self().route(Method::options, path, std::forward<Handler>(handler), route_options);
    }

    /// The same for a function that is known by name, `app.get<get_user>("/users/{user_id}")`: see
    /// http::handler.
    template <auto F>
    void get(std::string_view path, const RouteOptions& options = {}) {
        get(path, handler<F>, options);
    }
    template <auto F>
    void post(std::string_view path, const RouteOptions& options = {}) {
        post(path, handler<F>, options);
    }
    template <auto F>
    void put(std::string_view path, const RouteOptions& options = {}) {
        put(path, handler<F>, options);
    }
    template <auto F>
    void patch(std::string_view path, const RouteOptions& options = {}) {
        patch(path, handler<F>, options);
    }
    template <auto F>
    void delete_(std::string_view path, const RouteOptions& options = {}) {
        delete_(path, handler<F>, options);
    }

  private:
    friend Self;
    RouteVerbs() = default;
    [[nodiscard]] Self& self() noexcept { return static_cast<Self&>(*this); }
};

}  // namespace detail
}  // namespace zigmund::http::inline v0
