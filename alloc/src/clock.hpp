// The clock that ages are measured by.
#pragma once

#include <time.h>

#include <cstdint>

namespace zigmund::alloc::inline v0::detail {

/// Whole seconds since some time before the process began.
inline std::uint64_t now_seconds() noexcept {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::uint64_t>(now.tv_sec);
}

}  // namespace zigmund::alloc::inline v0::detail
