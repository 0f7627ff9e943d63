// Error and Result: how the verbs that do not throw say that they failed.
//
// Every `try_` verb of the toolkit returns `Result<T>`, which is `std::expected<T, Error>`.
// Threads: values, no shared state. Cost: one byte beside the value. Never allocates.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace zigmund::alloc::inline v0 {

/// Why a verb failed.
enum class Error : std::uint8_t {
    /// The resource has no block of that size and alignment to give: it is exhausted, a limit was
    /// reached, or the size in bytes (count times element size, plus padding) exceeds `SIZE_MAX`.
    out_of_memory,
};

/// The name of the error as text, for messages: `"out of memory"`. Static storage.
[[nodiscard]] constexpr std::string_view to_string(Error error) noexcept {
    switch (error) {
        case Error::out_of_memory:
            return "out of memory";
    }
    return "unknown error";
}

/// What a `try_` verb returns: a T, or why there is none.
template <class T>
using Result = std::expected<T, Error>;

}  // namespace zigmund::alloc::inline v0
