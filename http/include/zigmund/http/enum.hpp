// Enums whose enumerators have names on the wire: those that Boost.Describe knows.
//
//     enum class Color { red, green, blue };
//     BOOST_DESCRIBE_ENUM(Color, red, green, blue)
//     http::Query<Color, "color", http::Default<Color::red>> color          ?color=green
//
// Threads: constants and pure functions. Cost: a comparison an enumerator at worst. Never: allocates.
#pragma once

#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace zigmund::http::inline v0::detail {

template <class T>
concept DescribedEnum = std::is_enum_v<T> && requires { typename boost::describe::describe_enumerators<T>; };

template <DescribedEnum E>
struct Enumerators {
    using List = boost::describe::describe_enumerators<E>;
    static constexpr std::size_t count = boost::mp11::mp_size<List>::value;
    static_assert(count != 0, "zigmund: this enum has no enumerators: BOOST_DESCRIBE_ENUM(E, first, second)");

    struct Entry {
        std::string_view name;
        E value;
    };
    static constexpr std::array<Entry, count> entries = []<template <class...> class L, class... D>(L<D...>) {
        return std::array<Entry, count>{Entry{D::name, D::value}...};
    }(List{});

    /// "Input should be 'red', 'green' or 'blue'".
    static constexpr std::string_view words = "Input should be ";
    static constexpr auto message_text = [] {
        constexpr std::size_t size = [] {
            std::size_t sum = words.size();
            for (std::size_t i = 0; i < count; ++i)
                sum += entries[i].name.size() + 2 + (i == 0 ? 0 : i + 1 == count ? 4 : 2);
            return sum;
        }();
        std::array<char, size> text{};
        auto end = text.begin();
        const auto append = [&](std::string_view part) { end = std::ranges::copy(part, end).out; };
        append(words);
        for (std::size_t i = 0; i < count; ++i) {
            append(i == 0 ? "" : i + 1 == count ? " or " : ", ");
            append("'");
            append(entries[i].name);
            append("'");
        }
        return text;
    }();
    static constexpr std::string_view message{message_text.data(), message_text.size()};
    /// "'red', 'green' or 'blue'".
    static constexpr std::string_view expected = message.substr(words.size());

    /// Sets `result` to the enumerator of that name; false: there is none.
    static constexpr bool find(std::string_view name, E& result) noexcept {
        for (const Entry& entry : entries) {
            if (entry.name != name) continue;
            result = entry.value;
            return true;
        }
        return false;
    }
    /// The name of an enumerator; without memory: `value` is none.
    static constexpr std::string_view name(E value) noexcept {
        for (const Entry& entry : entries) {
            if (entry.value == value) return entry.name;
        }
        return {};
    }
};

}  // namespace zigmund::http::inline v0::detail
