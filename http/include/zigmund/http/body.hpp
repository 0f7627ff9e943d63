// Body<T>: a JSON request body as a struct.
//
//     struct Item { std::string_view name; double price; bool in_stock = true; };
//     BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))
//     http::Response create_item(http::Body<Item> item, alloc::Allocator arena);
//
// Members may be scalars (see Path), std::optional, std::span<const U> for arrays, and described structs. A
// member that the body lacks keeps its default: a default member initialiser, an empty optional or span. One
// without a default is required, and every required member that is missing and every value that does not fit
// is reported, all of them at once. Members that T does not name are ignored.
// An object of the body has at most 1024 members, and nests at most 32 levels deep.
//
// Text and arrays live in the request's arena. T is a literal type, so that its defaults can be seen at
// compile time: std::string_view and std::span instead of std::string and std::vector.
//
// Threads: one. Cost: the document that Boost.JSON parses into the arena, then one look-up a member.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/parameter.hpp>
#include <zigmund/http/scalar.hpp>
#include <zigmund/http/validation_error.hpp>

#include <boost/describe/class.hpp>
#include <boost/mp11/algorithm.hpp>

#include <concepts>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace zigmund::http {

namespace detail {

/// Reads the member of a T that was default-initialised. Where that member has no initialiser, reading it is
/// no constant expression, which is how a missing default shows.
template <class T, auto Member>
constexpr bool reads_default() {
    T object;
    const auto member = object.*Member;
    if constexpr (std::same_as<std::remove_const_t<decltype(member)>, std::string_view>) {
        // A view always has an initial value: null, unless an initialiser gave it text.
        return member.data() != nullptr;
    } else {
        return true;
    }
}

template <class T, auto Member>
consteval bool has_default();

template <class T>
consteval bool all_members_have_defaults() {
    return []<template <class...> class L, class... D>(L<D...>) {
        return (has_default<T, D::pointer>() && ...);
    }(Members<T>{});
}

template <class T, auto Member>
consteval bool has_default() {
    using M = std::remove_cvref_t<decltype(std::declval<T>().*Member)>;
    if constexpr (Described<M>) {
        return all_members_have_defaults<M>();
    } else if constexpr (requires { typename std::bool_constant<reads_default<T, Member>()>; }) {
        return reads_default<T, Member>();
    } else {
        return false;
    }
}

/// A value of the parsed body: boost::json::value, seen from where that is no complete type.
class JsonInput {
  public:
    explicit JsonInput(const boost::json::value& value) noexcept : value_{&value} {}

    [[nodiscard]] const boost::json::value& get() const noexcept { return *value_; }
    [[nodiscard]] bool is_null() const noexcept;
    [[nodiscard]] bool is_object() const noexcept;
    /// The member of that name; of several, the last. Empty: there is none.
    [[nodiscard]] std::optional<JsonInput> member(std::string_view name) const noexcept;
    /// The number of elements of an array; empty: it is none.
    [[nodiscard]] std::optional<std::size_t> array_size() const noexcept;
    [[nodiscard]] JsonInput element(std::size_t index) const noexcept;

    /// Each reads by pydantic's lax rules; false: `error` says why not.
    [[nodiscard]] bool read(bool& result, ScalarError& error) const noexcept;
    [[nodiscard]] bool read(double& result, ScalarError& error) const noexcept;
    [[nodiscard]] bool read(Integer& result, ScalarError& error) const noexcept;
    [[nodiscard]] bool read(std::string_view& result, ScalarError& error) const noexcept;

  private:
    const boost::json::value* value_;
};

struct BodyBinder {
    alloc::Allocator arena;
    ValidationErrors& errors;

    [[gnu::cold]] void refuse(const Location& location, const ScalarError& error, JsonInput input) const;
    [[gnu::cold]] void missing(const Location& location, JsonInput enclosing) const;

    template <class T>
    void bind(JsonInput input, T& result, const Location& location) const {
        if constexpr (Scalar<T>) {
            bind_scalar(input, result, location);
        } else if constexpr (IsOptional<T>::value) {
            if (input.is_null()) {
                result.reset();
            } else {
                bind(input, result.emplace(), location);
            }
        } else if constexpr (IsConstSpan<T>::value) {
            bind_array(input, result, location);
        } else {
            static_assert(Described<T>,
                          "zigmund: a member of Body<T> is a scalar, std::string_view, std::optional, "
                          "std::span<const U>, or a struct that BOOST_DESCRIBE_STRUCT names");
            bind_members(input, result, location);
        }
    }

  private:
    template <class T>
    struct IsConstSpan : std::false_type {};
    template <class U>
    struct IsConstSpan<std::span<const U>> : std::true_type {};

    template <class T>
    void bind_scalar(JsonInput input, T& result, const Location& location) const {
        ScalarError error;
        bool good = false;
        if constexpr (std::same_as<T, bool> || std::same_as<T, std::string_view>) {
            good = input.read(result, error);
        } else {
            std::conditional_t<std::floating_point<T>, double, Integer> wide{};
            good = input.read(wide, error) && narrow(wide, result, error);
        }
        if (!good) [[unlikely]]
            refuse(location, error, input);
    }

    template <class U>
    void bind_array(JsonInput input, std::span<const U>& result, const Location& location) const {
        const std::optional<std::size_t> size = input.array_size();
        if (!size) [[unlikely]] {
            refuse(location, {"list_type", "Input should be a valid list"}, input);
            return;
        }
        static_assert(std::is_trivially_destructible_v<U>);
        U* const elements = static_cast<U*>(arena.allocate(*size * sizeof(U), alignof(U)));
        for (std::size_t i = 0; i < *size; ++i) {
            U* element = ::new (static_cast<void*>(elements + i)) U{};
            bind(input.element(i), *element, Location{&location, i});
        }
        result = {elements, *size};
    }

    template <class T>
    void bind_members(JsonInput input, T& result, const Location& location) const {
        static_assert(
            std::is_trivially_destructible_v<T>,
            "zigmund: Body<T>: use std::string_view and std::span, whose memory is the request's arena, "
            "instead of std::string and std::vector");
        if (!input.is_object()) [[unlikely]] {
            refuse(location,
                   {"model_attributes_type",
                    "Input should be a valid dictionary or object to extract fields from"},
                   input);
            return;
        }
        boost::mp11::mp_for_each<Members<T>>([&](auto member) {
            const Location at{&location, std::string_view{member.name}};
            if (const auto value = input.member(at.name)) {
                bind(*value, result.*member.pointer, at);
            } else if constexpr (!has_default<T, member.pointer>()) {
                missing(at, input);
            }
        });
    }
};

}  // namespace detail

/// The request's body, parsed as JSON and bound to a T. At most one a handler.
template <class T>
class Body : public detail::ParameterValue<T> {
    static_assert(detail::Described<T>,
                  "zigmund: Body<T>: name T's members first: BOOST_DESCRIBE_STRUCT(T, (), (first, second))");
    static_assert(std::is_default_constructible_v<T>, "zigmund: Body<T>: T needs a default constructor");

  public:
    using detail::ParameterValue<T>::ParameterValue;
};

}  // namespace zigmund::http
