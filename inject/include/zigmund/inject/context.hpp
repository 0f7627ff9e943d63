// Context: a provider of objects that are already there.
//
//     inject::Context context{config, 8};        // Context<Config&, int>: config by reference, 8 by value
//     inject::call([](int n, const Config& c) { ... }, context);
//
// What was given as an lvalue is referred to and must outlive the context; what was given as an rvalue
// lives in it. Types match exactly, without conversions and base classes, and each type stands there once,
// so that it never is in question which object a parameter means.
//
// Threads: no state of its own; as the objects say. Cost: none beyond the reference, or the copy of what a
// callable takes by value. Never allocates.
#pragma once

#include <zigmund/inject/provider.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace zigmund::inject::inline v0 {

namespace detail {

/// Whether no type is there twice.
template <class... Ts>
inline constexpr bool once = true;
template <class T, class... Ts>
inline constexpr bool once<T, Ts...> = (!std::is_same_v<T, Ts> && ...) && once<Ts...>;

/// Whether a parameter of type P can be had from an object that is an lvalue of type `Object&`.
template <class P, class Object>
inline constexpr bool fits = std::is_same_v<P, std::remove_cv_t<Object>> && std::is_copy_constructible_v<P>;
template <class P, class Object>
inline constexpr bool fits<P&, Object> =
    std::is_same_v<std::remove_cv_t<P>, std::remove_cv_t<Object>> && std::is_convertible_v<Object&, P&>;

template <class P, class... Objects>
constexpr std::size_t index_of() {
    std::size_t index = 0;
    (void)((fits<P, Objects> || (++index, false)) || ...);
    return index;
}

}  // namespace detail

template <class... Ts>
class Context {
    static_assert(
        detail::once<std::remove_cvref_t<Ts>...>,
        "zigmund: a Context holds each type once, or nobody could tell which of the two a parameter "
        "means: wrap one of them in a struct of its own");

  public:
    /// For error messages: the types as they were given.
    using allowed = Allowed<Ts...>;

    /// Refers to what is given as an lvalue, which outlives this, and takes over the rest. Throws what moving
    /// that throws.
    constexpr explicit Context(Ts... objects) : objects_{std::forward<Ts>(objects)...} {}

    /// For an object of type `T` that is here, a parameter may be `T&` (unless it is const here), `const
    /// T&`, or `T`, which is a copy.
    template <class P>
    static constexpr bool provides = (detail::fits<P, std::remove_reference_t<Ts>> || ...);

    /// The object, or a copy of it. A reference is valid as long as the context, or as what the context
    /// refers to.
    template <class P>
        requires provides<P>
    constexpr P provide() {
        return std::get<detail::index_of<P, std::remove_reference_t<Ts>...>()>(objects_);
    }

  private:
    std::tuple<Ts...> objects_;
};

/// `Context{config, 8}` is a `Context<Config&, int>`.
template <class... Ts>
Context(Ts&&...) -> Context<Ts...>;

}  // namespace zigmund::inject::inline v0
