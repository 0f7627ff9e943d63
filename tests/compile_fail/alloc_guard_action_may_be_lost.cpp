// If the copy of the action throws, there is no guard to run it.
// expect: error: .*zigmund: what builds the action of a guard must not throw, or the action would be lost on
// the way: write the lambda in place and capture by reference
#include <zigmund/alloc/err_scope.hpp>

#include <string>
#include <utility>

void f(const std::string& name) {
    zigmund::alloc::ErrScope scope;
    auto action = [copy = name] {};
#if defined(MISUSE)
    const auto undo = scope.errdefer(action);
#else
    const auto undo = scope.errdefer(std::move(action));
#endif
    scope.ok();
}
