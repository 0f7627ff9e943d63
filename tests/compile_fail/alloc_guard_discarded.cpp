// A guard without a name is a temporary, which dies at the end of its statement.
// expect: error: .*a guard without a name runs at once: write auto guard = defer[(]...[)]
// expect: error: .*a guard without a name is gone at once: write auto undo = errdefer[(]...[)]
// expect: error: .*a guard without a name runs at once: write auto undo = scope.errdefer[(]...[)]
#include <zigmund/alloc/defer.hpp>
#include <zigmund/alloc/err_scope.hpp>
#include <zigmund/alloc/errdefer.hpp>

void f() {
    zigmund::alloc::ErrScope scope;
#if defined(MISUSE)
    zigmund::alloc::defer([] {});
    zigmund::alloc::errdefer([] {});
    scope.errdefer([] {});
#else
    const auto one = zigmund::alloc::defer([] {});
    const auto two = zigmund::alloc::errdefer([] {});
    const auto three = scope.errdefer([] {});
#endif
    scope.ok();
}
