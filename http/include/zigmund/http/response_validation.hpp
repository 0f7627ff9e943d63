// ResponseValidationError: a value that a handler returned breaks the rules of its own type.
//
//     struct Item { http::Member<double, http::Gt<0>> price; };
//     Item get_item() { return {.price = -1}; }           // 500 Internal Server Error
//
// What a handler returns is held to the constraints of the Members in it, wherever they stand, and to the
// validate() of its structs (json_model.hpp), as FastAPI holds it to the response model: clients rely on what
// the documentation promises. The client sees a 500 that shows nothing; the log has the first rule that was
// broken, and where: "response.items.0.price: Input should be greater than 0". It is thrown, so dependencies
// see a failure, and on_exception<http::ResponseValidationError> may answer something else.
//
// A Response is what its maker says and is not looked at. Elements of ranges that can be walked once alone
// are not either.
//
// Threads: a value. Cost: none for types without constraints and validate(): no code is there. Otherwise a
// walk over the value, a third of the time of writing it for bounds and lengths; a Pattern takes many times
// that of writing its text. Never: allocates, but for an exception.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/constraint.hpp>
#include <zigmund/http/json_model.hpp>
#include <zigmund/http/member.hpp>
#include <zigmund/http/validation_error.hpp>

#include <boost/mp11/algorithm.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace zigmund::http::inline v0 {

class ZIGMUND_EXPORT ResponseValidationError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

namespace detail {

template <class C>
concept Constraint = IsBound<C> || IsLength<C> || IsPattern<C>;

template <class T>
inline constexpr bool has_constraints = false;
template <class T, class... Cs>
inline constexpr bool has_constraints<Member<T, Cs...>> = (Constraint<Cs> || ...);

/// What can be walked twice and is written as an array.
template <class T>
concept WalkableList = std::ranges::forward_range<const T>;

/// Whether a T can break rules: its own, or those of what is in it. `Seen` are the types around it, of which a
/// tree's may come again.
template <class T, class... Seen>
consteval bool has_rules() {
    if constexpr ((std::same_as<T, Seen> || ...) || Scalar<T> || is_document<T> ||
                  (std::convertible_to<const T&, std::string_view> && !Parameter<T>)) {
        return false;
    } else if constexpr (has_constraints<T>) {
        return true;
    } else if constexpr (Parameter<T>) {
        return has_rules<typename T::zigmund_parameter, T, Seen...>();
    } else if constexpr (IsOptional<T>::value) {
        return has_rules<typename T::value_type, T, Seen...>();
    } else if constexpr (IsVariant<T>::value) {
        return []<class... Ts>(std::type_identity<std::variant<Ts...>>) {
            return (has_rules<Ts, T, Seen...>() || ...);
        }(std::type_identity<T>{});
    } else if constexpr (Described<T>) {
        if constexpr (HasValidator<T>) {
            return true;
        } else {
            return []<template <class...> class L, class... D>(L<D...>) {
                return (has_rules<MemberType<T, D::pointer>, T, Seen...>() || ...);
            }(Members<T>{});
        }
    } else if constexpr (TextMap<T>) {
        return has_rules<typename T::mapped_type, T, Seen...>();
    } else if constexpr (WalkableList<T>) {
        return has_rules<std::ranges::range_value_t<const T>, T, Seen...>();
    } else {
        return false;
    }
}

/// Throws ResponseValidationError: "response.items.0.price: Input should be greater than 0".
ZIGMUND_EXPORT [[noreturn, gnu::cold]] void refuse_answer(const Location& at, std::string_view message);

/// The number that the fewest digits of a float mean, as those that were read: 0.1 for 0.1F, which is more.
ZIGMUND_EXPORT [[nodiscard, gnu::cold]] double meant(float value) noexcept;

template <class T>
void check_rules(const T& value, const Location& at);

template <class C>
void check_size([[maybe_unused]] std::size_t size, [[maybe_unused]] const Location& at) {
    if constexpr (IsMinLength<C>) {
        if (size < C::min_length) [[unlikely]]
            refuse_answer(at, BoundText{"List should have at least ", C::min_length, size}.view());
    } else if constexpr (IsMaxLength<C>) {
        if (size > C::max_length) [[unlikely]]
            refuse_answer(at, BoundText{"List should have at most ", C::max_length, size}.view());
    }
}

template <class... Cs, class V>
void check_constrained(const V& value, const Location& at) {
    if constexpr (IsOptional<V>::value) {
        if (value) check_constrained<Cs...>(*value, at);
    } else if constexpr (std::convertible_to<const V&, std::string_view>) {
        ScalarError error;
        if (!satisfies<Cs...>(std::string_view{value}, error)) [[unlikely]]
            refuse_answer(at, error.message);
    } else if constexpr (std::is_arithmetic_v<V>) {
        ScalarError error;
        bool good = satisfies<Cs...>(value, error);
        if constexpr (std::same_as<V, float>) good = good || satisfies<Cs...>(meant(value), error);
        if (!good) [[unlikely]]
            refuse_answer(at, error.message);
    } else {
        if constexpr (has_rules<V>()) check_rules(value, at);
        if constexpr (List<V>) (check_size<Cs>(value.size(), at), ...);
    }
}
template <class T, class... Cs>
void check_member(const Member<T, Cs...>& member, const Location& at) {
    check_constrained<Cs...>(member.value(), at);
}

template <class T>
void check_described(const T& object, const Location& at) {
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        using D = decltype(member);
        if constexpr (has_rules<MemberType<T, D::pointer>>())
            check_rules(object.*D::pointer, Location{&at, json_name<D>});
    });
    if constexpr (HasValidator<T>) {
        // What it sees is good member by member.
        if (const std::optional<Invalid> invalid = validate(object)) [[unlikely]]
            refuse_answer(invalid->member.empty() ? at : Location{&at, invalid->member}, invalid->message);
    }
}

/// Throws ResponseValidationError if `value`, which stands `at` there, breaks a rule.
template <class T>
void check_rules(const T& value, const Location& at) {
    if constexpr (IsMember<T>::value) {
        check_member(value, at);
    } else if constexpr (Parameter<T>) {
        check_rules(*value, at);
    } else if constexpr (IsOptional<T>::value) {
        if (value) check_rules(*value, at);
    } else if constexpr (IsVariant<T>::value) {
        std::visit(
            [&]<class U>(const U& alternative) {
                if constexpr (has_rules<U>()) check_rules(alternative, at);
            },
            value);
    } else if constexpr (Described<T>) {
        check_described(value, at);
    } else if constexpr (TextMap<T>) {
        for (const auto& [name, element] : value) check_rules(element, Location{&at, std::string_view{name}});
    } else {
        std::size_t i = 0;
        for (const auto& element : value) check_rules(element, Location{&at, i++});
    }
}

/// The same for what a handler has returned.
template <class T>
void check_answer([[maybe_unused]] const T& value) {
    if constexpr (has_rules<T>()) check_rules(value, Location{nullptr, std::string_view{"response"}});
}

}  // namespace detail
}  // namespace zigmund::http::inline v0
