// Next: the rest of the way of a request, for a middleware to call.
//
//     app.use([](http::Request& request, http::Next next) {
//         if (!request.header("x-api-key")) return http::Response{http::Status::unauthorized};  // no further
//         return next(request).with_header(request.allocator(), "x-served-by", "me");
//     });
//     app.get("/slow", http::with_middleware(slow, limit, audit));                // one route: limit is outside
//     app.include(http::with_middleware(add_users, audit), {.prefix = "/users"});  // all routes of a router
//
// A middleware stands around what it calls: it sees the request before, may answer by itself, and may change
// the response after. The one that was added last to the App is the outermost; inside of the App's are those
// of the routers, from the outside in, and then those of the route, of each the first one outermost.
//
// Between the App's and the others stands what answers exceptions (error_handlers.hpp). A middleware of the
// App therefore sees a response to an HttpError, and only what nobody answers passes through it; what it
// throws itself is a 500, so it returns its refusals. One of a router or a route sees the handler's
// exceptions, and may throw what a handler may; it is called for requests that have found their route.
//
// A request is routed before its body is read. The body of one that no route takes is not read: a middleware
// sees that request too, and may answer it, but without a body. One that answers paths of its own, and wants
// their bodies, has a route for them: `app.post("/legacy/{rest:path}", ...)` whose handler takes a Request&.
//
// A handler that waits (task.hpp) or blocks (blocking.hpp) has not answered when next() returns: the Response
// is pending(), and has no status yet. Header fields and the like are added to it as to any other; to look at
// the answer, say what is done with it, or be a coroutine, which costs a frame for each request:
//
//     return next(request).then([](const http::Response& response) { ... return response; });
//     app.use([](http::Request& request, http::Next next) -> http::Task<http::Response> {
//         const http::Response response = co_await next(request);
//         ...
//         co_return response;
//     });
//
// A middleware may have three more members: `void refused(http::Request&) const` is called for what is no
// request, which never reaches a middleware of the App (App::refuse()); `void reload() const` when files are
// to be opened anew (App::reload()); `const http::Metrics& metrics() const` is asked what it counts for
// (App::metrics()).
//
// Background tasks and the teardown of dependencies come after the response was sent, and so after every
// middleware.
//
// Threads: middleware is called by all workers at once. Cost: an indirect call each. Never: allocates.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/pending.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>
#include <zigmund/http/task.hpp>

#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

class Metrics;

/// The rest of the way of a request, as a middleware gets it: two pointers, to be copied; it is there as long
/// as the request.
class Next {
  public:
    /// A function that goes on with the request; `context` is what Next was made with.
    using Step = Response (*)(const void* context, Request& request);

    Next() = default;
    /// Calls `step(context, request)`; for tests of a middleware. Without arguments it must not be called.
    Next(Step step, const void* context) noexcept : step_{step}, context_{context} {}

    /// The response of the rest: inner middleware, routing, handler. Throws what nobody has answered.
    Response operator()(Request& request) const { return step_(context_, request); }

  private:
    Step step_ = nullptr;
    const void* context_ = nullptr;
};

namespace detail {

/// A middleware, stored.
struct KeptMiddleware {
    Response (*call)(const KeptMiddleware& self, Request& request, Next next);
    void (*refused)(const KeptMiddleware& self, Request& request);  ///< null: it does not want to know
    void (*reload)(const KeptMiddleware& self);                     ///< null: it has nothing to reload
    const Metrics* (*metrics)(const KeptMiddleware& self);          ///< null: it counts nothing
    void (*destroy)(alloc::Allocator allocator, KeptMiddleware* kept) noexcept;
    KeptMiddleware* older;
};

template <class M>
inline constexpr bool is_waiting_middleware =
    std::is_same_v<std::invoke_result_t<const M&, Request&, Next>, Task<Response>>;

template <class M>
Response call_middleware(const M& middleware, Request& request, Next next) {
    if constexpr (is_waiting_middleware<M>) {
        return TaskAnswer<Response>::begin(request, middleware(request, next));
    } else {
        const Pending* const last = request.pending();
        const Response response = middleware(request, next);
        // What it has called and does not wait for must not outlive what is torn down after it.
        if (request.pending() != last && response.pending() == nullptr) [[unlikely]]
            Pending::cancel(request, last);
        return response;
    }
}

template <class M>
struct StoredMiddleware : KeptMiddleware {
    template <class From>
    StoredMiddleware(From&& from, KeptMiddleware* kept_before)
        : KeptMiddleware{[](const KeptMiddleware& self, Request& request, Next next) -> Response {
                             return call_middleware(static_cast<const StoredMiddleware&>(self).function,
                                                    request, next);
                         },
                         refused_by<M>(),
                         reloaded_by<M>(),
                         counted_by<M>(),
                         [](alloc::Allocator allocator, KeptMiddleware* kept) noexcept {
                             allocator.destroy(static_cast<StoredMiddleware*>(kept));
                         },
                         kept_before},
          function(std::forward<From>(from)) {}

    template <class Function>
    static constexpr auto refused_by() noexcept -> void (*)(const KeptMiddleware&, Request&) {
        if constexpr (requires(const Function& f, Request& request) { f.refused(request); })
            return [](const KeptMiddleware& self, Request& request) {
                static_cast<const StoredMiddleware&>(self).function.refused(request);
            };
        else
            return nullptr;
    }

    template <class Function>
    static constexpr auto reloaded_by() noexcept -> void (*)(const KeptMiddleware&) {
        if constexpr (requires(const Function& f) { f.reload(); })
            return [](const KeptMiddleware& self) {
                static_cast<const StoredMiddleware&>(self).function.reload();
            };
        else
            return nullptr;
    }

    template <class Function>
    static constexpr auto counted_by() noexcept -> const Metrics* (*)(const KeptMiddleware&) {
        if constexpr (requires(const Function& f) {
                          { f.metrics() } -> std::same_as<const Metrics&>;
                      })
            return [](const KeptMiddleware& self) {
                return &static_cast<const StoredMiddleware&>(self).function.metrics();
            };
        else
            return nullptr;
    }

    M function;
};

/// A middleware on a way, and what it calls there.
struct MiddlewareStep {
    const KeptMiddleware* middleware;
    Next next;

    static Response take(const void* self, Request& request) {
        const auto& step = *static_cast<const MiddlewareStep*>(self);
        return step.middleware->call(*step.middleware, request, step.next);
    }
};

template <class M>
constexpr bool may_be_middleware = std::is_invocable_r_v<Response, const M&, Request&, Next>;
template <class M>
    requires std::is_invocable_r_v<Task<Response>, const M&, Request&, Next>
constexpr bool may_be_middleware<M> = true;

template <class M>
constexpr bool check_middleware() {
    static_assert(
        may_be_middleware<M>,
        "zigmund: a middleware is called by several workers at once, as http::Response(http::Request&, "
        "http::Next): write [](http::Request& request, http::Next next) { return next(request); }");
    return true;
}

/// A handler, or one with its middleware, that blocks; see blocking.hpp.
template <class H>
struct Blocking {
    H handler;
};
template <class H>
inline constexpr bool is_blocking = false;
template <class H>
inline constexpr bool is_blocking<Blocking<H>> = true;

/// A handler with the middleware of its route, or what registers the routes of a router with that of all.
template <class F, class... Ms>
struct Surrounded {
    F handler;
    std::tuple<Ms...> middleware;
};

}  // namespace detail

/// For a place where a handler is registered, or a router is included: `handler`, or each route of the
/// router, with `middleware` around it, the outermost first.
template <class Handler, class... Middleware>
[[nodiscard]] auto with_middleware(Handler&& handler, Middleware&&... middleware) {
    static_assert(!detail::is_blocking<std::decay_t<Handler>>,
                  "zigmund: the middleware of a route that blocks runs where its handler does: write "
                  "http::blocking(http::with_middleware(handler, ...))");
    static_assert((detail::check_middleware<std::decay_t<Middleware>>() && ...));
    return detail::Surrounded<std::decay_t<Handler>, std::decay_t<Middleware>...>{
        std::forward<Handler>(handler), {std::forward<Middleware>(middleware)...}};
}

}  // namespace zigmund::http::inline v0
