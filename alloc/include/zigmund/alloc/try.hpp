// ZIGMUND_TRY: the value of a result, or an early return with its error.
//
//     User* user = ZIGMUND_TRY(a.try_create<User>());
//     ZIGMUND_TRY(user->connect());                     // std::expected<void, E>: a statement
//
// The argument is any std::expected; the function around it returns a std::expected whose error can be built
// from that one's. A temporary's value is moved out, a variable's is copied. Guards of an ErrScope in the
// function run, and know that an error was raised.
//
// It is a statement expression, a GNU extension that gcc and clang have. Let it stand alone, as a statement
// or as a whole initialiser: inside a larger expression it is not specified which other parts have been
// evaluated when it returns. Not in a coroutine (it says return, not co_return), and not in a constant
// expression.
//
// Threads: none of its own. Cost: one test and one move. Never allocates.
#pragma once

#include <zigmund/alloc/err_scope.hpp>

#include <expected>
#include <type_traits>
#include <utility>

namespace zigmund::alloc::inline v0::detail {

template <class T>
inline constexpr bool is_expected = false;
template <class T, class E>
inline constexpr bool is_expected<std::expected<T, E>> = true;

inline namespace ZIGMUND_ERR_SCOPE_ABI {

template <class R>
constexpr void check_try() {
    static_assert(is_expected<std::remove_cvref_t<R>>,
                  "zigmund: ZIGMUND_TRY takes a std::expected: for a pointer, a bool or an error code write "
                  "if (...) return scope.fail(error)");
}

/// The error, to be returned.
template <class R>
auto try_error(R&& result) {
    raise_error();
    return std::unexpected<typename std::remove_cvref_t<R>::error_type>(std::forward<R>(result).error());
}

/// The value, by value: what the expression is.
template <class R>
typename std::remove_cvref_t<R>::value_type try_value(R&& result) {
    if constexpr (!std::is_void_v<typename std::remove_cvref_t<R>::value_type>)
        return *std::forward<R>(result);
}

}  // namespace ZIGMUND_ERR_SCOPE_ABI
}  // namespace zigmund::alloc::inline v0::detail

/// See above.
#define ZIGMUND_TRY(...) ZIGMUND_TRY_AS(ZIGMUND_TRY_NAME(zigmund_try_, __COUNTER__), __VA_ARGS__)

// One macro inside the other's argument: each names its result differently.
#define ZIGMUND_TRY_NAME(prefix, number) ZIGMUND_TRY_PASTE(prefix, number)
#define ZIGMUND_TRY_PASTE(prefix, number) prefix##number
#define ZIGMUND_TRY_AS(result, ...)                                                            \
    (__extension__({                                                                           \
        auto&& result = (__VA_ARGS__);                                                         \
        ::zigmund::alloc::detail::check_try<decltype(result)>();                               \
        if (!result.has_value()) [[unlikely]]                                                  \
            return ::zigmund::alloc::detail::try_error(static_cast<decltype(result)>(result)); \
        ::zigmund::alloc::detail::try_value(static_cast<decltype(result)>(result));            \
    }))
