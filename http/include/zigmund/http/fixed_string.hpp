// FixedString: text as a template argument, so that a parameter's name is part of its type.
//
// Threads: a constant. Cost: none at run time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace zigmund::http::inline v0 {

template <std::size_t N>
struct FixedString {
    /// The characters, and the zero that ends them.
    char text[N]{};

    /// Of a literal: at compile time.
    consteval FixedString(const char (&literal)[N]) { std::copy_n(literal, N, text); }

    /// The text without its terminator. Static storage when the FixedString is a template argument.
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }

    friend constexpr bool operator==(const FixedString&, const FixedString&) = default;
};

}  // namespace zigmund::http::inline v0
