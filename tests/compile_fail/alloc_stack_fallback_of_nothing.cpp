// A StackFallback without bytes of its own would only be a detour to its upstream.
// expect: error: .*zigmund: StackFallback<N> needs N bytes of its own, at least 1
#include <zigmund/alloc/stack_fallback.hpp>

void f() {
#if defined(MISUSE)
    zigmund::alloc::StackFallback<0> memory;
#else
    zigmund::alloc::StackFallback<1> memory;
#endif
    (void)memory.allocator();
}
