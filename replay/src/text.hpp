// Numbers as people read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace zigmund::replay {

/// `1,234,567`
[[nodiscard]] std::string count_text(std::uint64_t number);
/// `1,234,567 blocks`, `1 block`: with the plural's s.
[[nodiscard]] std::string count_text(std::uint64_t number, const std::string& noun);
/// `17 bytes`, `3.4 KiB`, `12 MiB`
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
/// `12.3 %`, rounded down: 100 % is all
[[nodiscard]] std::string share_text(double share);
/// `1.2 s`, `34 ms`, `5.6 µs`, `7.8 ns`
[[nodiscard]] std::string time_text(double nanoseconds);
/// So many bytes of it at most, and no part of a letter of UTF-8 at its end.
[[nodiscard]] std::string cut_text(std::string_view text, std::size_t most);
/// In quotes, as JSON has it. What is no UTF-8 becomes U+FFFD, byte by byte.
[[nodiscard]] std::string json_text(const std::string& text);

}  // namespace zigmund::replay
