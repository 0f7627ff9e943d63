// ProcessFigures: what the system knows of this process.
#pragma once

#include <cstdint>

namespace zigmund::http::inline v0 {

struct ProcessFigures {
    double cpu_seconds = 0;
    double start_seconds = 0;  ///< since 1970
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_descriptors = 0;
    std::uint64_t max_descriptors = 0;

    /// Now. What cannot be read stays 0.
    [[nodiscard]] static ProcessFigures now() noexcept;
};

}  // namespace zigmund::http::inline v0
