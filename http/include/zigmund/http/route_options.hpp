// RouteOptions, RouterOptions: what is said of a route besides its path and its handler, and of the part of
// an application that it belongs to.
//
//     app.get("/users/{user_id}", get_user, {.name = "get_user", .tags = {"users"}});
//     app.include(add_users, {.prefix = "/users", .tags = {"users"}});
//
// Threads: values that live for the call. What they say is copied.
#pragma once

#include <zigmund/http/dependency.hpp>
#include <zigmund/http/method.hpp>

#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace zigmund::http {

struct RouteOptions {
    /// What App::url_for() calls the route: one of a kind. Empty: it has no name.
    std::string_view name = {};
    /// The groups that the route is shown in, behind those of its routers.
    std::initializer_list<std::string_view> tags = {};
    /// What runs before the handler, after what its routers have: `{http::depends<check_token>}`.
    std::initializer_list<Dependency> dependencies = {};
};

struct RouterOptions {
    /// What stands before the paths of the routes: "/users", without a slash at its end. Empty: nothing.
    std::string_view prefix = {};
    /// The groups that all routes are shown in.
    std::initializer_list<std::string_view> tags = {};
    /// What runs before the handlers of all routes: `{http::depends<check_token>}`.
    std::initializer_list<Dependency> dependencies = {};
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

  private:
    friend Self;
    RouteVerbs() = default;
    [[nodiscard]] Self& self() noexcept { return static_cast<Self&>(*this); }
};

}  // namespace detail
}  // namespace zigmund::http
