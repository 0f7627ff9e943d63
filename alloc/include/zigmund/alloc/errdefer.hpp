// errdefer: runs an action when the scope is left by an exception, and only then.
//
//     Connection* open(Allocator a) {
//         auto* connection = a.create<Connection>();
//         auto undo = errdefer([&] { a.destroy(connection); });
//         connection->handshake();                              // may throw
//         return connection;                                    // undo does nothing
//     }
//
// An error that is a returned value (a Result, null, false) is no exception: this guard does not see it. In a
// function that returns errors, write `ErrScope scope; auto undo = scope.errdefer(...)` (err_scope.hpp),
// which sees both.
//
// It compares std::uncaught_exceptions() with the count when it was made, so it is right inside a catch
// block, and inside a destructor that runs while another exception is on its way. Not in a coroutine that
// suspends while the guard lives: the count is the thread's. Rules for the action: as for defer (defer.hpp).
//
// Threads: none of its own. Cost: two calls of std::uncaught_exceptions(), a few instructions each. Never
// allocates.
#pragma once

#include <zigmund/alloc/defer.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace zigmund::alloc::inline v0 {

template <class F>
class [[nodiscard("a guard without a name is gone at once: write auto undo = errdefer(...)")]] Errdefer {
  public:
    /// Use errdefer().
    explicit Errdefer(F&& action) noexcept : action_{std::move(action)} {}
    Errdefer(const Errdefer&) = delete;
    Errdefer& operator=(const Errdefer&) = delete;
    /// Calls the action if an exception that came since is on its way, unless it was dismissed.
    ~Errdefer() {
        if (armed_ && std::uncaught_exceptions() > exceptions_) static_cast<void>(action_());
    }

    /// The action will not run.
    void dismiss() noexcept { armed_ = false; }

  private:
    F action_;
    int exceptions_ = std::uncaught_exceptions();
    bool armed_ = true;
};

/// A guard that calls `action()` when its scope is left by an exception. Name it:
/// `auto undo = errdefer([&] { ... });`
template <class F>
Errdefer<std::remove_cvref_t<F>> errdefer(F&& action) {
#if !defined(__cpp_exceptions)
    static_assert(
        sizeof(F) == 0,
        "zigmund: without exceptions an error is a returned value, which errdefer(f) cannot see: write "
        "ErrScope scope; auto undo = scope.errdefer(f)");
#endif
    detail::check_action<F>();
    return Errdefer<std::remove_cvref_t<F>>{std::remove_cvref_t<F>(std::forward<F>(action))};
}

}  // namespace zigmund::alloc::inline v0
