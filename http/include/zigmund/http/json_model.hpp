// What a struct says about its JSON: the names of its members, which of them may be left out, which values of
// its own it refuses.
//
//     struct Cat {
//         http::Literal<"cat"> kind;
//         int lives = 9;
//         static constexpr auto extra_members = http::ExtraMembers::forbid;
//     };
//     BOOST_DESCRIBE_STRUCT(Cat, (), (kind, lives))
//     std::optional<http::Invalid> validate(const Cat& cat);      // found by its argument
//
// A member is required when it has no value of its own: a scalar, an enum or text without an initialiser, a
// variant, a Literal, a struct with such members. Optionals, spans, arrays and maps begin empty, so they may
// be left out; so may what has an initialiser.
//
// Threads: everything here is a type or a constant. Cost: none at run time.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/fixed_string.hpp>
#include <zigmund/http/json_value.hpp>
#include <zigmund/http/member.hpp>
#include <zigmund/http/scalar.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/fwd.hpp>
#include <boost/mp11/algorithm.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace zigmund::http::inline v0 {

class Upload;

/// What becomes of members that a struct does not name. `static constexpr auto extra_members =
/// http::ExtraMembers::forbid;` in the struct refuses them; without it they are ignored.
enum class ExtraMembers : bool {
    ignore,  ///< as if they were not there
    forbid,  ///< an error each: "Extra inputs are not permitted"
};

/// What `std::optional<http::Invalid> validate(const T&)` returns for a T whose members are good one by one,
/// but not together: reported as "Value error, <message>".
struct Invalid {
    /// Static text, or text in the request's arena.
    std::string_view message;
    /// The member that is to blame, by its name in JSON; empty: the struct as a whole.
    std::string_view member = {};
};

namespace detail {

/// "Value error, " and its message, in memory of `arena`. Throws std::bad_alloc.
ZIGMUND_EXPORT [[nodiscard]] std::string_view invalid_message(alloc::Allocator arena, const Invalid& invalid);

}  // namespace detail

/// Text that is one of `Values`. In the alternatives of a std::variant it is the tag that tells which of
/// them an object is: each of them has a Literal of the same name, and no two have a value in common.
template <FixedString... Values>
class Literal {
    static_assert(sizeof...(Values) != 0, "zigmund: Literal<\"cat\"> needs at least one text");

  public:
    /// All of them, in their order. Static storage.
    static constexpr std::array<std::string_view, sizeof...(Values)> values{Values.view()...};

    /// The first of the values.
    constexpr Literal() noexcept = default;

    /// Takes one of the values; false: `text` is none of them, and nothing has changed.
    constexpr bool assign(std::string_view text) noexcept {
        for (const std::string_view& value : values) {
            if (value != text) continue;
            value_ = &value;
            return true;
        }
        return false;
    }
    /// Which of the values it is. Static storage.
    [[nodiscard]] constexpr std::string_view value() const noexcept { return *value_; }
    constexpr operator std::string_view() const noexcept { return *value_; }

  private:
    const std::string_view* value_ = values.data();
};

namespace detail {

template <class T>
struct IsConstSpan : std::false_type {};
template <class U>
struct IsConstSpan<std::span<const U>> : std::true_type {};

template <class T>
struct IsLiteral : std::false_type {};
template <FixedString... Values>
struct IsLiteral<Literal<Values...>> : std::true_type {};

template <class T>
concept Container = requires {
    typename T::value_type;
    typename T::allocator_type;
};
/// A container whose memory can be the request's.
template <class T>
concept ArenaContainer =
    Container<T> && std::convertible_to<std::pmr::polymorphic_allocator<>, typename T::allocator_type>;
template <class T>
concept ArenaText = ArenaContainer<T> && std::convertible_to<const T&, std::string_view> &&
                    requires(T& text, std::string_view view) { text.assign(view); };
template <class T>
concept ArenaMap = ArenaContainer<T> && !ArenaText<T> && requires {
    typename T::mapped_type;
    typename T::key_compare;
    requires std::same_as<typename T::key_type, std::string_view> || ArenaText<typename T::key_type>;
};
template <class T>
concept ArenaSequence =
    ArenaContainer<T> && !ArenaText<T> && !ArenaMap<T> && requires(T& sequence) { sequence.emplace_back(); };

template <class T>
inline constexpr bool is_document = std::same_as<T, boost::json::value>;

/// Says why T cannot be read from JSON, if it cannot.
template <class T>
constexpr bool check_readable() {
    static_assert(
        !requires { typename T::hasher; },
        "zigmund: Body: an unordered map of a client's keys can be made slow by keys that collide: "
        "use std::pmr::map<std::string_view, V>");
    static_assert(!Container<T> || ArenaContainer<T>,
                  "zigmund: Body: the request's memory is its arena: use std::string_view or "
                  "std::pmr::string instead of std::string, and std::span<const U>, std::pmr::vector<U> or "
                  "std::pmr::map<std::string_view, V> instead of the containers of std");
    static_assert(Scalar<T> || IsMember<T>::value || IsOptional<T>::value || IsConstSpan<T>::value ||
                      IsVariant<T>::value || IsLiteral<T>::value || Container<T> || is_document<T> ||
                      Described<T>,
                  "zigmund: Body: a value or a member is a scalar, std::optional, std::span<const U>, "
                  "std::pmr::vector<U>, std::pmr::map<std::string_view, V>, std::pmr::string, http::Literal, "
                  "std::variant, http::Member, boost::json::value, or a struct that BOOST_DESCRIBE_STRUCT(T, "
                  "(), (first, second)) "
                  "names");
    return true;
}

// ---- members ----

template <class T>
constexpr bool forbids_extra_members() {
    if constexpr (requires { T::extra_members; }) {
        return T::extra_members == ExtraMembers::forbid;
    } else {
        return false;
    }
}

template <class T>
concept HasValidator = requires(const T& object) {
    { validate(object) } -> std::convertible_to<std::optional<Invalid>>;
};

/// Whether a constant expression can look at a T that was just made.
template <class T>
concept Visible = requires { typename std::bool_constant<(T{}, true)>; };

/// Reads the member of a T, or that of a member of it, and so on, where the T was default-initialised. Where
/// none of them has an initialiser, reading it is no constant expression, which is how a missing default shows.
template <class T, auto... Path>
constexpr bool reads_default() {
    T object;
    [[maybe_unused]] const auto member = (object.*....*Path);
    return true;
}

/// Optionals and containers, but for text.
template <class T>
inline constexpr bool begins_empty =
    IsOptional<T>::value || IsConstSpan<T>::value || (Container<T> && !ArenaText<T>) || is_document<T>;

/// Whether that member of a T has an initialiser, or is of a type that has a value anyway.
template <class T, auto... Path>
consteval bool is_initialised() {
    if constexpr (Visible<T>) {
        if constexpr (requires { typename std::bool_constant<reads_default<T, Path...>()>; }) {
            return reads_default<T, Path...>();
        } else {
            return false;
        }
    } else {
        static_assert(
            requires { new const T; },
            "zigmund: Body: this struct holds memory (a pmr container, a boost::json::value), so the "
            "compiler cannot see which of its numbers have an initialiser: give each of them one, write "
            "http::Member<double> for one that is required, or use std::span<const U> for the container");
        return true;
    }
}

template <auto First, auto... Rest>
struct LastOf : LastOf<Rest...> {};
template <auto Last>
struct LastOf<Last> {
    static constexpr auto value = Last;
};

/// A list that its constraints do not let be empty.
template <class M>
inline constexpr bool needs_elements =
    !IsOptional<typename M::zigmund_parameter>::value && M::options::needs_elements;

/// See has_value(); the member is that of an Enclosing, at the end of a path that begins at a T that was just
/// made.
template <class T, class Enclosing, auto... Path, class M>
constexpr bool has_value_at(const M& member) noexcept {
    if constexpr (IsMember<M>::value) {
        return member.has_value() || (begins_empty<typename M::zigmund_parameter> && !needs_elements<M>);
    } else if constexpr (begins_empty<M>) {
        return true;
    } else if constexpr (IsVariant<M>::value || IsLiteral<M>::value || std::same_as<M, Upload>) {
        return false;
    } else if constexpr (ArenaText<M>) {
        return !member.empty();
    } else if constexpr (std::same_as<M, std::string_view>) {
        // A view always has an initial value: null, unless an initialiser gave it text.
        return member.data() != nullptr;
    } else if constexpr (Described<M>) {
        return [&]<template <class...> class L, class... D>(L<D...>) {
            return (has_value_at<T, M, Path..., D::pointer>(member.*D::pointer) && ...);
        }(Members<M>{});
    } else if constexpr (Visible<T>) {
        return is_initialised<T, Path...>();
    } else {
        return is_initialised<Enclosing, LastOf<Path...>::value>();
    }
}

/// Whether the member of a T that was just made has a value, and need not be in the JSON. That of a struct is
/// there if those of all its members are, by its own initialiser or by theirs.
template <class T, auto Pointer>
constexpr bool has_value(const T& object) noexcept {
    return has_value_at<T, T, Pointer>(object.*Pointer);
}

/// Gives the containers of an object that was just made the arena for their memory.
template <class T>
void adopt(T& object, alloc::Allocator arena) {
    if constexpr (std::is_trivially_destructible_v<T>) {
        return;
    } else if constexpr (ArenaContainer<T>) {
        T moved(std::move(object), typename T::allocator_type{arena});
        std::destroy_at(&object);
        std::construct_at(&object, std::move(moved));
    } else if constexpr (IsMember<T>::value) {
        adopt(object.value(), arena);
    } else if constexpr (IsOptional<T>::value) {
        if (object) adopt(*object, arena);
    } else if constexpr (IsVariant<T>::value) {
        std::visit([arena](auto& alternative) { adopt(alternative, arena); }, object);
    } else if constexpr (Described<T>) {
        boost::mp11::mp_for_each<Members<T>>([&](auto member) { adopt(object.*member.pointer, arena); });
    }
}

// ---- the alternatives of a variant ----

/// The place of the member of T that is a Literal and has this name; the number of members: there is none.
template <class T>
consteval std::size_t literal_named(std::string_view name) {
    std::size_t index = 0;
    bool found = false;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        if (found) return;
        using D = decltype(member);
        found = IsLiteral<MemberType<T, D::pointer>>::value && json_name<D> == name;
        if (!found) ++index;
    });
    return index;
}

template <class T>
inline constexpr std::size_t member_count = boost::mp11::mp_size<Members<T>>::value;

/// The name of the Literal that all alternatives have; empty: there is none.
template <class First, class... Others>
consteval std::string_view tag_name() {
    std::string_view name;
    boost::mp11::mp_for_each<Members<First>>([&](auto member) {
        using D = decltype(member);
        if (!name.empty() || !IsLiteral<MemberType<First, D::pointer>>::value) return;
        if (((literal_named<Others>(json_name<D>) != member_count<Others>) && ...)) name = json_name<D>;
    });
    return name;
}

template <class Variant>
struct Alternatives;
template <class... Ts>
struct Alternatives<std::variant<Ts...>> {
    static_assert((Described<Ts> && ...),
                  "zigmund: Body: the alternatives of a std::variant are structs that BOOST_DESCRIBE_STRUCT "
                  "names");
    static constexpr std::string_view tag = tag_name<Ts...>();
    static_assert(
        !tag.empty(),
        "zigmund: Body: the alternatives of a std::variant are told apart by a member that all of "
        "them have: http::Literal<\"cat\"> kind; in one, http::Literal<\"dog\"> kind; in the other");

    template <class T>
    using TagOf = MemberType<T, boost::mp11::mp_at_c<Members<T>, literal_named<T>(tag)>::pointer>;

    /// The place of the alternative that `text` means; the number of them: none.
    static constexpr std::size_t find(std::string_view text) noexcept {
        std::size_t index = 0;
        (void)((TagOf<Ts>{}.assign(text) || (++index, false)) || ...);
        return index;
    }
    static constexpr std::size_t count = sizeof...(Ts);
    /// All that a tag may be.
    static constexpr auto tags = [] {
        std::array<std::string_view, (std::size_t{0} + ... + TagOf<Ts>::values.size())> all{};
        auto end = all.begin();
        (static_cast<void>(end = std::ranges::copy(TagOf<Ts>::values, end).out), ...);
        return all;
    }();
};

}  // namespace detail
}  // namespace zigmund::http::inline v0
