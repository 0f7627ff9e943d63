// defer: runs an action when the scope is left, whichever way it is left.
//
//     const int fd = ::open(path, O_RDONLY);
//     auto close = defer([&] { ::close(fd); });
//
// Guards are ordinary objects: they run last in, first out, in turn with the destructors of the other locals.
// The action lives inside the guard. It must not throw: a guard may run while an exception is on its way,
// so an action that throws ends the program (std::terminate).
//
// What the action sees: a capture by reference sees the variable as it is when the scope is left, a capture
// by value as it was when the guard was made; what it refers to must outlive the guard, which it does if it
// was declared before. The guard needs a name: one without runs at once, and the compiler warns.
//
// Threads: none of its own. Cost: the action, and a flag that the optimiser removes where dismiss() is not
// called. Never allocates.
#pragma once

#include <type_traits>
#include <utility>

namespace zigmund::alloc::inline v0 {

namespace detail {
/// F is the type of the argument as forwarded: a reference where a variable was passed.
template <class F>
constexpr void check_action() {
    using Action = std::remove_cvref_t<F>;
    static_assert(std::is_invocable_v<Action&>,
                  "zigmund: the action of a guard is called without arguments: write [&] { ... }");
    static_assert(
        std::is_nothrow_constructible_v<Action, F> && std::is_nothrow_move_constructible_v<Action>,
        "zigmund: what builds the action of a guard must not throw, or the action would be lost on the "
        "way: write the lambda in place and capture by reference");
}
}  // namespace detail

template <class F>
class [[nodiscard("a guard without a name runs at once: write auto guard = defer(...)")]] Defer {
  public:
    /// Use defer().
    explicit constexpr Defer(F&& action) noexcept : action_{std::move(action)} {}
    Defer(const Defer&) = delete;
    Defer& operator=(const Defer&) = delete;
    /// Calls the action, unless it was dismissed.
    constexpr ~Defer() {
        if (armed_) static_cast<void>(action_());
    }

    /// The action will not run.
    constexpr void dismiss() noexcept { armed_ = false; }

  private:
    F action_;
    bool armed_ = true;
};

/// A guard that calls `action()` when its scope is left. Name it: `auto guard = defer([&] { ... });`
template <class F>
constexpr Defer<std::remove_cvref_t<F>> defer(F&& action) {
    detail::check_action<F>();
    return Defer<std::remove_cvref_t<F>>{std::remove_cvref_t<F>(std::forward<F>(action))};
}

}  // namespace zigmund::alloc::inline v0
