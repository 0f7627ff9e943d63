// Provider: what can hand out arguments by type; and check(), which says at compile time whether it can
// hand out all that a callable takes.
//
// A provider is any class with three members, and may have a fourth:
//
//     struct Parts {
//         // What may stand in a parameter list, for the person who reads the error message.
//         using allowed = inject::Allowed<Config&, int>;
//
//         // Whether a parameter of type P (reference and const included) can be had.
//         template <class P>
//         static constexpr bool provides = std::is_same_v<P, Config&> || std::is_same_v<P, int>;
//
//         // It. Asked for each parameter once, from left to right, and only for those that it provides.
//         // May return P, or whatever a P can be initialised with.
//         template <class P>
//         P provide();
//
//         // Optional: more words on why a P cannot be had, as static_asserts.
//         template <std::size_t Position, class P>
//         static constexpr void explain();
//     };
//
// `Context<Ts...>` (context.hpp) is a provider of objects that are already there. Everything here happens at
// compile time and costs nothing in the program.
#pragma once

#include <zigmund/inject/signature.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace zigmund::inject::inline v0 {

/// The types, or names for groups of them, that an error message offers.
template <class... Ts>
struct Allowed {};

/// Whether a class says what it provides, by the first two of the members above.
template <class C>
concept Provider = requires {
    typename std::remove_cvref_t<C>::allowed;
    { std::remove_cvref_t<C>::template provides<int> } -> std::convertible_to<bool>;
};

/// The error message for a parameter that cannot be injected. The compiler prints the arguments beside the
/// message: `NotProvided<its position from 1, its type, Allowed<what may stand there>>`.
template <std::size_t Position, class Parameter, class Allowed>
struct NotProvided {
#define ZIGMUND_INJECT_HELP                                                                                 \
    " cannot be injected: nothing provides its type. The compiler names NotProvided<position, the "         \
    "parameter's type, Allowed<types that may stand there>> beside this message: write one of the allowed " \
    "types, with the same & and const"
    static_assert(Position != 1, "zigmund: parameter 1" ZIGMUND_INJECT_HELP);
    static_assert(Position != 2, "zigmund: parameter 2" ZIGMUND_INJECT_HELP);
    static_assert(Position != 3, "zigmund: parameter 3" ZIGMUND_INJECT_HELP);
    static_assert(Position != 4, "zigmund: parameter 4" ZIGMUND_INJECT_HELP);
    static_assert(Position != 5, "zigmund: parameter 5" ZIGMUND_INJECT_HELP);
    static_assert(Position != 6, "zigmund: parameter 6" ZIGMUND_INJECT_HELP);
    static_assert(Position != 7, "zigmund: parameter 7" ZIGMUND_INJECT_HELP);
    static_assert(Position != 8, "zigmund: parameter 8" ZIGMUND_INJECT_HELP);
    static_assert(Position <= 8, "zigmund: a parameter after the 8th" ZIGMUND_INJECT_HELP);
#undef ZIGMUND_INJECT_HELP
};

namespace detail {

template <class C, std::size_t Position, class P>
constexpr void check_parameter() {
    if constexpr (C::template provides<P>) {
        static_assert(std::is_convertible_v<decltype(std::declval<C&>().template provide<P>()), P>,
                      "zigmund: this provider says that it provides P, but what its provide<P>() returns "
                      "cannot initialise a P: return a P");
    } else {
        if constexpr (requires { C::template explain<Position, P>(); }) C::template explain<Position, P>();
        (void)NotProvided<Position, P, typename C::allowed>{};
    }
}

template <class C, class... Ps>
constexpr bool provides_all(Types<Ps...>) {
    return (C::template provides<Ps> && ...);
}

template <class C, class... Ps, std::size_t... Is>
constexpr void check_parameters(Types<Ps...>, std::index_sequence<Is...>) {
    (check_parameter<C, Is + 1, Ps>(), ...);
}

}  // namespace detail

/// Compiles, and is true, when a `C` provides every parameter of `F`; otherwise there is a compile error for
/// each one that it does not, with its position, its type and what is allowed. For the place where a
/// callable is registered, before there is a `C`: `static_assert(inject::check<F, C>());`
template <class F, Provider C>
constexpr bool check() {
    using List = Parameters<F>;
    detail::check_parameters<std::remove_reference_t<C>>(List{}, std::make_index_sequence<List::size>{});
    return true;
}

}  // namespace zigmund::inject::inline v0
