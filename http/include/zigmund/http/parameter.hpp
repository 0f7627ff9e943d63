// Path and Query: a handler's parameters, typed by what they are and named where they are used.
//
//     http::Response get_user(http::Path<std::uint32_t, "user_id"> user_id,
//                             http::Query<std::optional<std::string_view>, "q"> q,
//                             http::Query<int, "limit", http::Default<10>, http::Le<100>> limit,
//                             alloc::Allocator arena);
//
// Types: every integer up to 64 bits (a value out of range is refused), float and double, bool, and
// std::string_view, which lives as long as the request. A query that may be missing is an optional or has a
// Default; any other query that is missing is an error.
//
// Threads: values. Cost: one look at the path or the query. Never: a copy of text that holds no escapes.
#pragma once

#include <zigmund/http/constraint.hpp>
#include <zigmund/http/fixed_string.hpp>
#include <zigmund/http/scalar.hpp>

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace zigmund::http {

namespace detail {

template <class T>
struct ScalarOf : std::type_identity<T> {};
template <class T>
struct ScalarOf<std::optional<T>> : std::type_identity<T> {};

/// Reads like a pointer to its value, converts to it, and is written as it.
template <class T>
class ParameterValue {
  public:
    using zigmund_parameter = T;

    explicit ParameterValue(T value) noexcept(std::is_nothrow_move_constructible_v<T>)
        : value_(std::move(value)) {}  // braces would make a list of a boost::json::value

    [[nodiscard]] const T& operator*() const noexcept { return value_; }
    [[nodiscard]] const T* operator->() const noexcept { return &value_; }
    [[nodiscard]] const T& value() const noexcept { return value_; }
    operator const T&() const noexcept { return value_; }

  private:
    T value_;
};

}  // namespace detail

/// The part of the path that the template calls `{Name}`. Registering a route whose template has no such part
/// throws RouteError. `Cs` are options (constraint.hpp): `Path<int, "id", Ge<1>>`.
template <class T, FixedString Name, class... Cs>
class Path : public detail::ParameterValue<T> {
    static_assert(
        Scalar<T>,
        "zigmund: Path<T, \"name\">: T is an integer, float, double, bool or std::string_view; a part of a "
        "path is never missing, so T is no std::optional");
    static_assert(!detail::Options<Cs...>::has_default,
                  "zigmund: Path<T, \"name\">: a part of a path is never missing, so it has no Default");
    static_assert(
        !(detail::IsAlias<Cs> || ...),
        "zigmund: Path<T, \"name\">: the name is the one in the route's template, so it has no Alias");
    static_assert(detail::check_options<T, Cs...>());

  public:
    static constexpr std::string_view name = Name.view();
    using options = detail::Options<Cs...>;
    using detail::ParameterValue<T>::ParameterValue;
};

/// The value of `Name` in the query. Missing is an error, unless T is an optional or there is a Default among
/// the options `Cs` (constraint.hpp): `Query<int, "limit", Default<10>, Le<100>>`.
template <class T, FixedString Name, class... Cs>
class Query : public detail::ParameterValue<T> {
    static_assert(Scalar<typename detail::ScalarOf<T>::type>,
                  "zigmund: Query<T, \"name\">: T is an integer, float, double, bool, std::string_view, or a "
                  "std::optional of one of these");
    static_assert(detail::check_options<T, Cs...>());

  public:
    /// As it is on the wire.
    static constexpr std::string_view name = detail::wire_name<Cs...>(Name.view());
    using options = detail::Options<Cs...>;
    using detail::ParameterValue<T>::ParameterValue;
};

}  // namespace zigmund::http
