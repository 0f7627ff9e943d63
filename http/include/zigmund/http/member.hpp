// Member: a member of a described struct, with options behind its type.
//
//     struct Item {
//         http::Member<std::string_view, http::MinLength<1>, http::Description<"As on the label">> name;
//         http::Member<double, http::Gt<0>> price;
//         http::Member<int, http::Alias<"inStock">, http::Default<1>> in_stock;
//         http::Member<std::span<const std::string_view>, http::MaxLength<8>> tags;
//     };
//     BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock, tags))
//
// The options are those of constraint.hpp. A value that breaks a constraint is refused when a body is read,
// and when a handler returns it (response_validation.hpp); what the program puts there meanwhile is not looked
// at. The alias is the name in JSON, read and written. It is
// required as the plain member would be: without an initialiser and a Default, but for optionals, spans,
// arrays and maps, which begin empty.
//
// Threads: a value. Cost: a byte beside the value.
#pragma once

#include <zigmund/http/constraint.hpp>
#include <zigmund/http/json_value.hpp>

#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

template <class T, class... Cs>
class Member {
    static_assert(detail::check_options<T, Cs...>());

  public:
    /// How the library knows it from other classes, and what it holds.
    using zigmund_parameter = T;
    /// What stands behind the type, sorted by kind.
    using options = detail::Options<Cs...>;

    constexpr Member() noexcept(std::is_nothrow_default_constructible_v<T>)
        : value_(first()), has_value_{options::has_default} {}
    /// The value. Constraints are not looked at.
    template <class U = T>
        requires(std::convertible_to<U &&, T> && !std::same_as<std::remove_cvref_t<U>, Member>)
    constexpr Member(U&& value) : value_(std::forward<U>(value)), has_value_{true} {}

    /// The value, as of a pointer.
    [[nodiscard]] constexpr const T& operator*() const noexcept { return value_; }
    [[nodiscard]] constexpr const T* operator->() const noexcept { return &value_; }
    /// The value. Changing it does not change has_value().
    [[nodiscard]] constexpr const T& value() const noexcept { return value_; }
    [[nodiscard]] constexpr T& value() noexcept { return value_; }
    constexpr operator const T&() const noexcept { return value_; }

    /// Whether it was made with a value, so that a body may leave it out.
    [[nodiscard]] constexpr bool has_value() const noexcept { return has_value_; }

  private:
    static constexpr T first() {
        if constexpr (options::has_default) {
            return static_cast<T>(options::default_value);
        } else {
            return T{};
        }
    }

    T value_;
    bool has_value_;
};

namespace detail {

template <class T>
struct IsMember : std::false_type {};
template <class T, class... Cs>
struct IsMember<Member<T, Cs...>> : std::true_type {};

template <class T, class... Cs>
struct JsonNameOf<Member<T, Cs...>> {
    static consteval std::string_view of(std::string_view name) { return wire_name<Cs...>(name); }
};

}  // namespace detail
}  // namespace zigmund::http::inline v0
