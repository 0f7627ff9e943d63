// Without a name the scope is over before anything could be forbidden.
// expect: error: .*a scope without a name ends at once: write const ForbidDefaultResource forbid;
#include <zigmund/alloc/forbid_default_resource.hpp>

void f() {
#if defined(MISUSE)
    zigmund::alloc::ForbidDefaultResource{};
#else
    const zigmund::alloc::ForbidDefaultResource forbid;
#endif
}
