// call(): calls a callable with arguments that a provider picks by the types of its parameters.
//
//     void report(Config& config, int level);
//     inject::call(report, provider);
//
// In two steps where something must happen between them, such as looking at what went wrong while the
// arguments were made:
//
//     auto arguments = inject::resolve<decltype(report)>(provider);
//     if (ok) inject::apply(report, std::move(arguments));
//
// Threads: as the provider and the callable say; there is no state here. Cost: provide() for each
// parameter, and up to two moves of each argument that is a value. Never allocates.
#pragma once

#include <zigmund/inject/provider.hpp>
#include <zigmund/inject/signature.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace zigmund::inject::inline v0 {

namespace detail {

template <class P, class C>
struct Provided {
    using type = P;
};
template <class P, class C>
    requires(C::template provides<P>)
struct Provided<P, C> {
    using type = decltype(std::declval<C&>().template provide<P>());
};

template <class List, class C>
struct Arguments;
template <class... Ps, class C>
struct Arguments<Types<Ps...>, C> {
    using type = std::tuple<typename Provided<Ps, C>::type...>;

    static constexpr type make([[maybe_unused]] C& provider) {
        // After an error was reported, nothing more is said.
        if constexpr ((C::template provides<Ps> && ...)) {
            // The braces make the order of evaluation from left to right.
            return type{provider.template provide<Ps>()...};
        } else {
            std::unreachable();
        }
    }
};

}  // namespace detail

/// The arguments for `F`, one for each parameter, made from left to right: each is of the type that
/// `provide<P>()` returns, so references stay references and what they name must outlive the tuple. What
/// provide() throws passes through; the arguments that were already made are destroyed.
template <class F, Provider C>
[[nodiscard]] constexpr auto resolve(C& provider) {
    check<F, C>();
    return detail::Arguments<Parameters<F>, C>::make(provider);
}

/// Calls `f` with arguments from resolve(). Values are moved into the parameters, references stay what they
/// are: the tuple is used up. Returns what `f` returns.
template <class F, class... Ts>
constexpr auto apply(F&& f, std::tuple<Ts...>&& arguments) -> Result<F> {
    if constexpr (detail::CheckedSignature<F>::known)
        return std::apply(std::forward<F>(f), std::move(arguments));
}

/// resolve() and apply() in one. Returns what `f` returns.
template <class F, Provider C>
constexpr decltype(auto) call(F&& f, C& provider) {
    return inject::apply(std::forward<F>(f), inject::resolve<F>(provider));
}

}  // namespace zigmund::inject::inline v0
