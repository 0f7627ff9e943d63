// Endpoint: a handler, stored.
//
// Type erasure happens here and nowhere else on the way of a request: what differs from handler to handler is
// binding and call, in one function behind one pointer.
//
// Threads: a handler is called from all workers at the same time. Cost: one indirect call. Allocates once, at
// registration, from the application's allocator.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/answer.hpp>
#include <zigmund/http/binding.hpp>
#include <zigmund/http/body_use.hpp>
#include <zigmund/http/handler_info.hpp>
#include <zigmund/http/middleware.hpp>
#include <zigmund/http/pending.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

struct Endpoint {
    /// Answers a request: calls the middleware of the route, and in it, what depends() names, the
    /// dependencies, the binding, the handler. Throws what these throw.
    Response (*invoke)(const void* handler, Request& request);
    /// Destroys `handler`, and gives its memory back to `allocator`, which it came from.
    void (*destroy)(alloc::Allocator allocator, void* handler) noexcept;
    /// The handler, with its middleware; the first argument of `invoke`.
    void* handler;
    /// What is to become of the bodies of its requests.
    BodyUse body_use;
    /// The names that the Path parameters of the handler and of its dependencies ask for. Static storage.
    std::span<const std::string_view> path_names;
    /// For the documentation; null: it says nothing of it.
    const detail::HandlerInfo* info;
};

namespace detail {

template <class P>
inline constexpr bool takes_form = false;
template <SourceBound P>
inline constexpr bool takes_form<P> = P::source == Source::form;

template <class P>
inline constexpr bool takes_files = IsFile<P>::value;
template <SourceBound P>
inline constexpr bool takes_files<P> = has_uploads<typename P::zigmund_parameter>;

template <class List>
struct HandlerParameters;

template <class... Ps>
struct HandlerParameters<inject::Types<Ps...>> {
    static constexpr std::size_t bodies = (std::size_t{0} + ... + std::size_t{IsBody<MadeFor<Ps>>::value});
    static constexpr std::size_t named_bodies =
        (std::size_t{0} + ... + std::size_t{is_named_body<MadeFor<Ps>>});
    static constexpr bool form = (takes_form<MadeFor<Ps>> || ...);
    static constexpr bool request = (std::same_as<std::remove_cvref_t<Ps>, Request> || ...);
    static constexpr bool files = (takes_files<MadeFor<Ps>> || ...);
    static constexpr BodyUse body_use = files                            ? BodyUse::files
                                        : form || request || bodies != 0 ? BodyUse::whole
                                                                         : BodyUse::none;
    static constexpr std::size_t paths = (std::size_t{0} + ... + std::size_t{IsPath<MadeFor<Ps>>::value});

    /// Asked of the types alone: a question to inject::apply would be answered by errors of the library's.
    template <class F>
    static constexpr bool can_call = std::is_invocable_v<F, Ps...>;

    static constexpr std::array<std::string_view, paths> path_names = [] {
        std::array<std::string_view, paths> names{};
        std::size_t next = 0;
        auto add = [&]<class P>(std::type_identity<P>) {
            if constexpr (IsPath<MadeFor<P>>::value) names[next++] = MadeFor<P>::name;
        };
        (add(std::type_identity<Ps>{}), ...);
        (void)next, (void)add;
        return names;
    }();
};

template <class F>
using GraphOf = inject::DependencyGraph<inject::Parameters<F>>;

/// A handler, and where the application's objects are that it uses.
template <class F>
struct StoredHandler {
    template <class Handler>
    StoredHandler(Handler&& handler, inject::Singletons& all)
        : function(std::forward<Handler>(handler)), singletons{all} {}

    F function;
    [[no_unique_address]] inject::SingletonsOf<GraphOf<F>> singletons;
};

/// Runs what the options of the route, its routers and the App say is to run before the handler. Throws what
/// that throws.
ZIGMUND_EXPORT void run_dependencies(Request& request, Binding& binding);

template <class F>
Response invoke_handler(const StoredHandler<F>& stored, Request& request) {
    Binding binding{request};
    if (!request.dependencies().empty()) [[unlikely]]
        run_dependencies(request, binding);
    inject::Resolver<GraphOf<F>, Binding> resolver{binding, request.job(), stored.singletons};
    auto arguments = resolver.template arguments<inject::Parameters<F>>();
    if (!binding.good()) [[unlikely]]
        return binding.refusal();
    using T = TaskOf<inject::Result<F>>;
    if constexpr (T::is)
        return TaskAnswer<typename T::value>::begin(request,
                                                    inject::apply(stored.function, std::move(arguments)));
    else
        return answer(request, [&]() -> inject::Result<F> {
            return inject::apply(stored.function, std::move(arguments));
        });
}

/// Whether what `C` provides for parameters that are references is there longer than the call.
template <class C, class... Ps>
constexpr bool all_last(inject::Types<Ps...>) {
    return ((!std::is_reference_v<Ps> ||
             std::is_reference_v<decltype(std::declval<C&>().template provide<Ps>())>) &&
            ...);
}

template <class F, class C>
constexpr bool check_task() {
    if constexpr (TaskOf<inject::Result<F>>::is)
        static_assert(all_last<C>(inject::Parameters<F>{}),
                      "zigmund: a handler that is a Task waits longer than this argument lives: take the "
                      "parameter by value, without &");
    return true;
}

/// A handler with the middleware of its route, the outermost first.
template <class F, class... Ms>
struct StoredRoute : StoredHandler<F> {
    template <class Handler, class... From>
    explicit StoredRoute(inject::Singletons& all, Handler&& handler, From&&... from)
        : StoredHandler<F>(std::forward<Handler>(handler), all), middleware(std::forward<From>(from)...) {}

    [[no_unique_address]] std::tuple<Ms...> middleware;
};

/// Calls the middleware from the I-th on, and then the handler.
template <std::size_t I, class F, class... Ms>
Response invoke_route(const void* stored, Request& request) {
    const auto& route = *static_cast<const StoredRoute<F, Ms...>*>(stored);
    if constexpr (I == sizeof...(Ms)) {
        const StoredHandler<F>& handler = route;
        return invoke_handler<F>(handler, request);
    } else {
        return call_middleware(std::get<I>(route.middleware), request,
                               Next{&invoke_route<I + 1, F, Ms...>, stored});
    }
}

template <class F, class... Ms>
void destroy_route(alloc::Allocator allocator, void* stored) noexcept {
    allocator.destroy(static_cast<StoredRoute<F, Ms...>*>(stored));
}

}  // namespace detail

/// Stores `handler`, and the middleware around it, the outermost first, in memory of the allocator of
/// `singletons`; `endpoint.destroy` gives it back. What it uses of the application's is noted in
/// `singletons`. Throws std::bad_alloc.
template <class Handler, class... Middleware>
[[nodiscard]] Endpoint make_endpoint(inject::Singletons& singletons, Handler&& handler,
                                     Middleware&&... middleware) {
    using F = std::decay_t<Handler>;
    using Graph = detail::GraphOf<F>;
    using Parameters = detail::HandlerParameters<typename Graph::leaves>;
    static_assert(inject::check<F, inject::Resolver<Graph, Binding>>());
    static_assert(detail::check_task<F, inject::Resolver<Graph, Binding>>());
    static_assert(
        Answer<typename detail::TaskOf<inject::Result<F>>::value>,
        "zigmund: a handler returns http::Response, a value that can be written as JSON, nothing, a "
        "std::expected of one of these and http::HttpError, or an http::Task of these");
    static_assert(Parameters::bodies <= 1 || Parameters::bodies == Parameters::named_bodies,
                  "zigmund: of several http::Body, each is a member of the body and has its name: "
                  "http::Body<Item, \"item\">, http::Body<User, \"user\">");
    static_assert(
        Parameters::bodies == 0 || !(Parameters::form || Parameters::files),
        "zigmund: a request has one body: a handler takes http::Body, which is JSON, or http::Form and "
        "http::File");
    static_assert(
        detail::HandlerParameters<inject::Parameters<F>>::template can_call<const F&>,
        "zigmund: a handler is called by several workers at once: its operator() must be const (a lambda "
        "that is not mutable)");
    using Stored = detail::StoredRoute<F, std::decay_t<Middleware>...>;
    return {
        &detail::invoke_route<0, F, std::decay_t<Middleware>...>,
        &detail::destroy_route<F, std::decay_t<Middleware>...>,
        singletons.allocator().create<Stored>(singletons, std::forward<Handler>(handler),
                                              std::forward<Middleware>(middleware)...),
        sizeof...(Middleware) == 0 ? Parameters::body_use : std::max(Parameters::body_use, BodyUse::whole),
        Parameters::path_names,
        &detail::handler_info<F, typename Graph::leaves, detail::ValueOf<inject::Result<F>>>};
}

/// The same for what with_middleware() returns.
template <class F, class... Ms>
[[nodiscard]] Endpoint make_endpoint(inject::Singletons& singletons, detail::Surrounded<F, Ms...>&& route) {
    return std::apply(
        [&](Ms&... middleware) {
            return make_endpoint(singletons, std::move(route.handler), std::move(middleware)...);
        },
        route.middleware);
}

}  // namespace zigmund::http::inline v0
