// Messages put together from pieces, without a formatting library.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace zigmund::alloc::inline v0::detail {

inline void append(std::string& text, std::string_view piece) { text.append(piece); }

template <std::integral Number>
    requires(!std::same_as<Number, char> && !std::same_as<Number, bool>)
void append(std::string& text, Number number) {
    char digits[24];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

/// The pieces, texts and integers, one after the other.
template <class... Pieces>
[[nodiscard]] std::string text(const Pieces&... pieces) {
    std::string result;
    (append(result, pieces), ...);
    return result;
}

}  // namespace zigmund::alloc::inline v0::detail
