// Router: the routes of one part of an application, below one prefix.
//
//     void add_users(http::Router& users) {
//         users.get("/{user_id:int}", get_user, {.name = "get_user"});      // GET /users/{user_id}
//         users.include(add_admin, {.prefix = "/admin"});                   // below /users/admin
//     }
//     app.include(add_users, {.prefix = "/users", .tags = {"users"}});
//
// A function or a lambda says which routes the part has; it knows nothing of where it is included, and may be
// included several times. Routes are registered as they are named, and conflicts refused there and then.
//
// Threads: as App. Cost: nothing when a request is served: the routes are the App's own.
#pragma once

#include <zigmund/http/app.hpp>
#include <zigmund/http/route_options.hpp>

#include <string_view>
#include <utility>

namespace zigmund::http {

class Router : public detail::RouteVerbs<Router> {
  public:
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    /// Calls `routes(router)` with a Router below this one. Throws what it throws, and RouteError for a
    /// prefix that is not empty, does not start with '/', or ends with it.
    template <class F>
    void include(F&& routes, const RouterOptions& options = {}) {
        Router inner{app_, scope_, options};
        std::forward<F>(routes)(inner);
    }

    /// The application that the routes become part of.
    [[nodiscard]] App& app() const noexcept { return app_; }

  private:
    friend class App;
    friend class detail::RouteVerbs<Router>;

    Router(App& app, const detail::RouterScope& outer, const RouterOptions& options)
        : app_{app}, scope_{options, &outer} {
        app.check(scope_);
    }
    Router(App& app, const RouterOptions& options) : app_{app}, scope_{options, nullptr} {
        app.check(scope_);
    }

    template <class Handler>
    void route(Method method, std::string_view path, Handler&& handler, const RouteOptions& options) {
        app_.route(method, path, std::forward<Handler>(handler), options, &scope_);
    }

    App& app_;
    detail::RouterScope scope_;
};

template <class F>
void App::include(F&& routes, const RouterOptions& options) {
    Router router{*this, options};
    std::forward<F>(routes)(router);
}

}  // namespace zigmund::http
