// Names of files that are written later: absolute, because the program may go to another directory.
#pragma once

#include <array>
#include <string_view>

namespace zigmund::alloc::inline v0::interpose {

/// Terminated by a zero.
using FileName = std::array<char, 4200>;

/// The name from the root on. 0, or what errno would be: ENAMETOOLONG.
[[nodiscard]] int absolute_file_name(std::string_view name, FileName& to) noexcept;

/// The name with the number of the process where it says %p. 0, or ENAMETOOLONG.
[[nodiscard]] int expand_file_name(std::string_view pattern, FileName& to) noexcept;

}  // namespace zigmund::alloc::inline v0::interpose
