// What the sources throw and catch, and what they do instead in a build without exceptions.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>

namespace zigmund::alloc::inline v0::detail {

/// Throws `error`. A build without exceptions writes `zigmund: ` and its text to standard error, and aborts.
template <class Exception>
[[noreturn, gnu::cold]] void raise(const Exception& error) {
#if defined(__cpp_exceptions)
    throw error;
#else
    const std::string_view text = error.what();
    std::fputs(text.starts_with("zigmund: ") ? "" : "zigmund: ", stderr);
    std::fputs(error.what(), stderr);
    std::fputs("\n", stderr);
    std::abort();
#endif
}

/// Runs `function`; false: it ended early because it ran out of memory. In a build without exceptions it aborts
/// then.
template <class Function>
[[nodiscard]] bool has_memory_for(Function&& function) {
#if defined(__cpp_exceptions)
    try {
        function();
    } catch (const std::bad_alloc&) {
        return false;
    }
#else
    function();
#endif
    return true;
}

}  // namespace zigmund::alloc::inline v0::detail
