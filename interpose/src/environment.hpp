// The environment and the arguments as the kernel put them on the stack: there before the C library knows
// them.
#pragma once

#include <string_view>

namespace zigmund::alloc::inline v0::interpose {

/// The value; empty if there is none. Valid as long as the process does not change its environment.
[[nodiscard]] std::string_view environment_variable(std::string_view name) noexcept;

/// What the programs that this one starts see of the preload from now on. Without `children`: nothing; they
/// run as if there were none. With: all but the exit code, so that a leak of theirs does not change how they
/// end. Call it before the C library has taken over the environment or in a constructor.
void pass_on(bool children) noexcept;

}  // namespace zigmund::alloc::inline v0::interpose
