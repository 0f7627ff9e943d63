// ErrScope: errdefer for functions that return their errors.
//
//     Result<Resource*> create_resource(Allocator a) {
//         ErrScope scope;                                            // this function's outcome
//         auto* res = ZIGMUND_TRY(a.try_create<Resource>());
//         auto undo = scope.errdefer([&] { a.destroy(res); });       // runs unless the scope succeeds
//         ZIGMUND_TRY(res->init());
//         return scope.ok(res);                                      // the only way to succeed
//     }
//
// A scope has failed until ok() says that it succeeded. So the guards run on every other way out: an
// exception, an early return, ZIGMUND_TRY, and a return value whose construction throws after ok(). They
// run last in, first out, in turn with the destructors of the other locals.
//
// To forget ok() would destroy what is returned. Builds without NDEBUG therefore say, once for each guard:
//
//     zigmund: errdefer at FILE:LINE ran, but no error was raised in its scope: if the function succeeded,
//     return scope.ok(value); if it failed, return scope.fail(error)
//
// when a guard runs although the function did not leave by an exception, by ZIGMUND_TRY, by fail(), or with
// a failure given to ok(). A plain `return std::unexpected(e)` undoes as it should, but cannot be seen and
// gets the message too: write `return scope.fail(e)`.
//
// Rules for actions, and what they see: as for defer (defer.hpp). In a coroutine, co_return scope.ok(x)
// works; one that is destroyed while it waits has not succeeded, and gets the message. Threads: a local
// variable of one at a time. Cost: a flag; std::uncaught_exceptions() on success. Never allocates.
#pragma once

#include <zigmund/alloc/defer.hpp>
#include <zigmund/alloc/export.hpp>

#include <atomic>
#include <concepts>
#include <exception>
#include <expected>
#include <source_location>
#include <system_error>
#include <type_traits>
#include <utility>

// Functions compiled with and without NDEBUG differ and may meet in one program: they have different names.
#if defined(NDEBUG)
#define ZIGMUND_ERR_SCOPE_ABI err_scope_plain
#else
#define ZIGMUND_ERR_SCOPE_ABI err_scope_linted
#endif

namespace zigmund::alloc::inline v0 {

namespace detail {

/// What tells failure from success in the value that a function returns. Never by `operator bool`, whose
/// meaning is the opposite for error codes and for results.
template <class T>
constexpr bool is_failure([[maybe_unused]] const T& result) noexcept {
    if constexpr (std::is_same_v<T, bool>) {
        return !result;
    } else if constexpr (requires {
                             { result.has_value() } -> std::same_as<bool>;
                         }) {
        return !result.has_value();
    } else if constexpr (std::is_same_v<T, std::error_code> || std::is_same_v<T, std::error_condition>) {
        return result.value() != 0;
    } else if constexpr (std::is_error_code_enum_v<T> || std::is_error_condition_enum_v<T>) {
        return result != T{};
    } else if constexpr (!std::is_array_v<T> && requires {
                             { result == nullptr } -> std::same_as<bool>;
                         }) {
        return result == nullptr;
    } else {
        return false;
    }
}

/// How often this thread has raised an error through ZIGMUND_TRY, in code without NDEBUG.
ZIGMUND_EXPORT extern constinit thread_local unsigned errors_raised;

/// Prints the message about a guard that ran without an error.
ZIGMUND_EXPORT [[gnu::cold]] void report_errdefer_without_error(std::source_location where) noexcept;

inline namespace ZIGMUND_ERR_SCOPE_ABI {
inline void raise_error() noexcept {
#if !defined(NDEBUG)
    ++errors_raised;
#endif
}
}  // namespace ZIGMUND_ERR_SCOPE_ABI

}  // namespace detail

inline namespace ZIGMUND_ERR_SCOPE_ABI {

class ErrScope {
  public:
    /// What ok() without a value returns: converts to a `std::expected<void, E>` that holds its value.
    struct Success {
        /// A `std::expected` without an error.
        template <class E>
        constexpr operator std::expected<void, E>() const noexcept {
            return {};
        }
    };

    /// What errdefer() returns: runs its action when it dies, unless the scope has succeeded.
    template <class F>
    class Guard;

    /// The function has failed until ok().
    ErrScope() = default;
    ErrScope(const ErrScope&) = delete;
    ErrScope& operator=(const ErrScope&) = delete;

    /// A guard that calls `action()` when it dies and the scope has not succeeded. Name it:
    /// `auto undo = scope.errdefer([&] { ... });`
    template <class F>
    Guard<std::remove_cvref_t<F>> errdefer(F&& action,
                                           std::source_location where = std::source_location::current()) {
        detail::check_action<F>();
        return Guard<std::remove_cvref_t<F>>{*this, std::remove_cvref_t<F>(std::forward<F>(action)), where};
    }

    /// The function succeeds with `result`, unless that itself says that it failed: a std::expected or
    /// std::optional without a value, an error code that is not 0, null, or false. Returns it; write
    /// `return scope.ok(x)`, and `return scope.ok(std::move(x))` for a local that is to be moved.
    template <class T>
    [[nodiscard("write return scope.ok(value)")]] T ok(T&& result) noexcept(
        std::is_lvalue_reference_v<T> || std::is_nothrow_move_constructible_v<T>) {
        if (detail::is_failure<std::remove_cvref_t<T>>(result)) [[unlikely]] {
            fail();
        } else {
            ok();
        }
        return std::forward<T>(result);
    }

    /// The function succeeds without a value: `scope.ok();` where it returns void, `return scope.ok();` where
    /// it returns `std::expected<void, E>`.
    Success ok() noexcept {
        succeeded_ = true;
        exceptions_ = std::uncaught_exceptions();
        return {};
    }

    /// The function fails with `error`: `return scope.fail(e)` instead of `return std::unexpected(e)`.
    template <class E>
    [[nodiscard("write return scope.fail(error)")]] std::unexpected<std::decay_t<E>> fail(E&& error) {
        fail();
        return std::unexpected<std::decay_t<E>>(std::forward<E>(error));
    }

    /// The function fails in another way: `scope.fail(); return nullptr;`
    void fail() noexcept {
        succeeded_ = false;
#if !defined(NDEBUG)
        raised_ = true;
#endif
    }

  private:
    /// True also while the exception is on its way that came after ok(), from the return value's constructor.
    [[nodiscard]] bool failed() const noexcept {
        return !succeeded_ || std::uncaught_exceptions() > exceptions_;
    }

    bool succeeded_ = false;
    int exceptions_ = 0;

#if !defined(NDEBUG)
    [[nodiscard]] bool error_was_raised() const noexcept {
        return raised_ || errors_raised_ != detail::errors_raised ||
               std::uncaught_exceptions() > exceptions_at_start_;
    }

    bool raised_ = false;
    unsigned errors_raised_ = detail::errors_raised;
    int exceptions_at_start_ = std::uncaught_exceptions();
#endif
};

/// Runs its action when it dies, unless the scope has succeeded. A local variable: it cannot be moved.
template <class F>
class [[nodiscard(
    "a guard without a name runs at once: write auto undo = scope.errdefer(...)")]] ErrScope::Guard {
  public:
    /// Use ErrScope::errdefer().
    Guard(const ErrScope& scope, F&& action, [[maybe_unused]] std::source_location where) noexcept
        : scope_{scope},
          action_{std::move(action)}
#if !defined(NDEBUG)
          ,
          where_{where}
#endif
    {
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    /// Calls the action if the scope has failed, unless it was dismissed.
    ~Guard() {
        if (!armed_ || !scope_.failed()) return;
#if !defined(NDEBUG)
        static constinit std::atomic_flag reported;
        if (!scope_.error_was_raised() && !reported.test_and_set())
            detail::report_errdefer_without_error(where_);
#endif
        static_cast<void>(action_());
    }

    /// The action will not run, whatever becomes of the scope.
    void dismiss() noexcept { armed_ = false; }

  private:
    const ErrScope& scope_;
    F action_;
    bool armed_ = true;
#if !defined(NDEBUG)
    std::source_location where_;
#endif
};

}  // namespace ZIGMUND_ERR_SCOPE_ABI

}  // namespace zigmund::alloc::inline v0
