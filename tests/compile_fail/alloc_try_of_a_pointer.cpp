// Null is no error that could be returned.
// expect: error: .*zigmund: ZIGMUND_TRY takes a std::expected: for a pointer, a bool or an error code write
// if [(]...[)] return scope.fail[(]error[)]
#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/try.hpp>

zigmund::alloc::Result<void*> f(zigmund::alloc::Allocator a) {
#if defined(MISUSE)
    return ZIGMUND_TRY(a.try_allocate(8));
#else
    return ZIGMUND_TRY(a.try_alloc<char>(8)).data();
#endif
}
