// flags: -fno-exceptions
// There errors are returned values, and only an ErrScope sees those.
// expect: error: .*zigmund: without exceptions an error is a returned value, which errdefer[(]f[)] cannot
// see: write ErrScope scope; auto undo = scope.errdefer[(]f[)]
#include <zigmund/alloc/err_scope.hpp>
#include <zigmund/alloc/errdefer.hpp>

void f() {
#if defined(MISUSE)
    const auto undo = zigmund::alloc::errdefer([] {});
#else
    zigmund::alloc::ErrScope scope;
    const auto undo = scope.errdefer([] {});
    scope.ok();
#endif
}
