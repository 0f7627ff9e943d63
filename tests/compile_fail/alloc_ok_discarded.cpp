// ok(value) and fail(error) make what is to be returned.
// expect: error: .*write return scope.ok[(]value[)]
// expect: error: .*write return scope.fail[(]error[)]
#include <zigmund/alloc/err_scope.hpp>

int f() {
    zigmund::alloc::ErrScope scope;
#if defined(MISUSE)
    scope.ok(1);
    scope.fail(2);
    return 1;
#else
    return scope.ok(1);
#endif
}
