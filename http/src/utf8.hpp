// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace zigmund::http::inline v0 {

/// The length of the well-formed sequence at the start of `text` (1 to 4); 0: there is none.
[[nodiscard]] std::size_t utf8_sequence(std::string_view text) noexcept;

/// Whether all of it is well-formed.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// The code point at the start of `text`, which is not empty, and in `size` its length in bytes. A byte that
/// begins no well-formed sequence is one U+FFFD.
[[nodiscard]] char32_t utf8_code_point(std::string_view text, std::size_t& size) noexcept;

/// The number of code points; a byte that is no UTF-8 counts as one.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

/// The longest prefix of at most `size` bytes that does not end within a character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t size) noexcept;

}  // namespace zigmund::http::inline v0
