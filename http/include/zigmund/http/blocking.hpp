// blocking(): a handler that may block, and so does not run on a worker's thread.
//
//     app.get("/report", http::blocking(make_report));
//     app.post("/sign", http::blocking(http::with_middleware(sign, audit)));
//
// It runs on one of the server's ServeOptions::blocking_threads, and with it all that belongs to it: the
// reading of its parameters, its dependencies and their teardown, the middleware named inside of blocking(),
// background tasks. The worker serves others meanwhile. When all threads are busy it waits in a queue of
// ServeOptions::blocking_queue; when that is full the answer is 503, as an HttpError. The request's arena is
// used by one thread at a time.
//
// Nothing can end a function that blocks: a client that leaves, and a server that stops, wait for it.
//
// For the middleware around it see middleware.hpp: its Response is pending(). A stream that it returns is
// produced on the worker.
//
// Threads: as named. Cost: two switches between threads; a block in the arena. Never: the heap.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/endpoint.hpp>

#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

namespace detail {

/// The endpoint that is called on the pool.
struct StoredBlocking {
    Endpoint endpoint;
};

/// Hands the request to the pool; without one, calls the endpoint here.
ZIGMUND_EXPORT [[nodiscard]] Response begin_blocking(const void* stored, Request& request);
ZIGMUND_EXPORT void destroy_blocking(alloc::Allocator allocator, void* stored) noexcept;

template <class H>
struct ResultOf {
    using type = inject::Result<H>;
};
template <class F, class... Ms>
struct ResultOf<Surrounded<F, Ms...>> : ResultOf<F> {};

template <class H>
inline constexpr bool has_waiting_middleware = false;
template <class F, class... Ms>
inline constexpr bool has_waiting_middleware<Surrounded<F, Ms...>> = (is_waiting_middleware<Ms> || ...);

}  // namespace detail

/// For a place where a handler is registered: `handler`, on a thread that may block.
template <class Handler>
[[nodiscard]] auto blocking(Handler&& handler) {
    return detail::Blocking<std::decay_t<Handler>>{std::forward<Handler>(handler)};
}

/// The same as for other handlers, for what blocking() returns.
template <class H>
[[nodiscard]] Endpoint make_endpoint(inject::Singletons& singletons, detail::Blocking<H>&& blocking) {
    static_assert(
        !detail::TaskOf<typename detail::ResultOf<H>::type>::is,
        "zigmund: a handler waits, as an http::Task, or blocks, as http::blocking(): this one is both");
    static_assert(!detail::has_waiting_middleware<H>,
                  "zigmund: a middleware inside of http::blocking() runs on a thread that may block, and has "
                  "no loop to wait with: it returns http::Response, not http::Task");
    Endpoint endpoint = make_endpoint(singletons, std::move(blocking.handler));
    try {
        endpoint.handler = singletons.allocator().create<detail::StoredBlocking>(endpoint);
    } catch (...) {
        endpoint.destroy(singletons.allocator(), endpoint.handler);
        throw;
    }
    endpoint.invoke = &detail::begin_blocking;
    endpoint.destroy = &detail::destroy_blocking;
    return endpoint;
}

}  // namespace zigmund::http::inline v0
