// Nobody would give them.
// expect: error: .*zigmund: the action of a guard is called without arguments: write [[]&] { ... }
#include <zigmund/alloc/defer.hpp>

void f() {
#if defined(MISUSE)
    const auto guard = zigmund::alloc::defer([](int) {});
#else
    const auto guard = zigmund::alloc::defer([] {});
#endif
}
