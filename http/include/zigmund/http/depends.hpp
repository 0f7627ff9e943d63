// depends<f>: a dependency for the options of a route, a router or an App.
//
//     void check_token(http::Header<std::string_view, "x_token"> token);       // throws an HttpError, or not
//     app.get("/items", list_items, {.dependencies = {http::depends<check_token>}});
//     app.include(add_users, {.prefix = "/users", .dependencies = {http::depends<check_token>}});
//     http::App app{allocator, {.title = "Items", .dependencies = {http::depends<check_token>}}};
//
// It is called for its effect before the handler; what it returns is kept for the request, and a handler that
// asks for `inject::Depends<check_token>` gets it. The App's run first, then those of the routers from the
// outside in, those of the route, and then the handler's own. What is wrong with their parameters stands in
// the same 422, first. The options are those of inject::Depends: `http::depends<f, inject::FunctionScope>`.
//
// Threads: constants. Cost: an indirect call a dependency and request; a block of the request's arena for
// what it makes, and one for each thing that is made, by which the handler finds it.
#pragma once

#include <zigmund/http/dependency.hpp>
#include <zigmund/http/endpoint.hpp>
#include <zigmund/inject.hpp>

namespace zigmund::http::inline v0 {

namespace detail {

template <class D>
struct DependencyOfRoute {
    using List = inject::Types<D>;
    using Graph = inject::DependencyGraph<List>;
    using Singletons = inject::SingletonsOf<Graph>;
    using Parameters = HandlerParameters<typename Graph::leaves>;

    static_assert(Parameters::bodies == 0 && !Parameters::form,
                  "zigmund: a dependency of a route, a router or an App does not take http::Body or "
                  "http::Form: the handler says what the body is, and may have an inject::Depends that "
                  "takes it");

    static void* store(inject::Singletons& singletons) {
        return singletons.allocator().create<Singletons>(singletons);
    }
    static void destroy(alloc::Allocator allocator, void* stored) noexcept {
        allocator.destroy(static_cast<Singletons*>(stored));
    }
    static void run(const void* stored, Binding& binding, inject::Job& job) {
        inject::Resolver<Graph, Binding> resolver{binding, job, *static_cast<const Singletons*>(stored)};
        (void)resolver.template arguments<List>();
    }

    static constexpr DependencyKind kind{Parameters::path_names, &dependency_info<typename Graph::leaves>,
                                         &store, &destroy, &run};
};

}  // namespace detail

/// `depends<f>` calls f with its arguments injected; `Options` are those of inject::Depends. A constant.
template <auto F, class... Options>
inline constexpr Dependency depends{&detail::DependencyOfRoute<inject::Depends<F, Options...>>::kind};

}  // namespace zigmund::http::inline v0
