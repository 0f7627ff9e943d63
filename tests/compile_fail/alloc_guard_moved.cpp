// A guard belongs to the scope that it stands in.
// expect: error: .*deleted
#include <zigmund/alloc/defer.hpp>

#include <utility>

void f() {
    auto guard = zigmund::alloc::defer([] {});
#if defined(MISUSE)
    auto other = std::move(guard);
#endif
}
