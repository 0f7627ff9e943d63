// Router: the routes of one part of an application, below one prefix.
//
//     void add_users(http::Router& users) {
//         users.get("/{user_id:int}", get_user, {.name = "get_user"});      // GET /users/{user_id}
//         users.include(add_admin, {.prefix = "/admin"});                   // below /users/admin
//     }
//     app.include(add_users, {.prefix = "/users", .tags = {"users"},
//                             .dependencies = {http::depends<check_token>}});
//
// A function or a lambda says which routes the part has; it knows nothing of where it is included, and may be
// included several times. Routes are registered as they are named, and conflicts refused there and then.
//
// Threads: as App. Cost: nothing when a request is served: the routes are the App's own.
#pragma once

#include <zigmund/http/app.hpp>
#include <zigmund/http/route_options.hpp>

#include <array>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

class Router : public detail::RouteVerbs<Router> {
  public:
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    /// Calls `routes(router)` with a Router below this one; of `http::with_middleware(routes, a, b)` the
    /// middleware stands around each of its routes. Throws what `routes` throws, and RouteError for a prefix
    /// that is not empty, does not start with '/', or ends with it.
    template <class F>
    void include(F&& routes, const RouterOptions& options = {}) {
        Router inner{app_, &scope_, options};
        inner.call(std::forward<F>(routes));
    }

    /// The application that the routes become part of.
    [[nodiscard]] App& app() const noexcept { return app_; }

  private:
    friend class App;
    friend class detail::RouteVerbs<Router>;

    Router(App& app, const detail::RouterScope* outer, const RouterOptions& options)
        : app_{app}, scope_{options, outer} {
        app.check(scope_);
    }

    template <class F>
    void call(F&& routes) {
        static_assert(std::is_invocable_v<F, Router&>,
                      "zigmund: include() takes what registers the routes of a part of the application: "
                      "void add_users(http::Router& users)");
        std::forward<F>(routes)(*this);
    }
    template <class F, class... Ms>
    void call(detail::Surrounded<F, Ms...>&& part) {
        std::apply(
            [&](Ms&... middleware) {
                const std::array<const detail::KeptMiddleware*, sizeof...(Ms)> kept{
                    &app_.keep(std::move(middleware))...};
                scope_.middleware = kept;
                call(std::move(part.handler));
            },
            part.middleware);
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
    Router router{*this, nullptr, options};
    router.call(std::forward<F>(routes));
}

}  // namespace zigmund::http::inline v0
