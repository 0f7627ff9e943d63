// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

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
/// In quotes, as JSON has it.
[[nodiscard]] std::string json_text(const std::string& text);

}  // namespace zigmund::replay
