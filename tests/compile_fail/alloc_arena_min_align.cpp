// The smallest alignment of an arena is a power of two up to 16.
// expect: error: .*zigmund: BasicArena<MinAlign> takes a power of two up to 16
#include <zigmund/alloc/arena.hpp>

void f() {
#if defined(MISUSE)
    zigmund::alloc::BasicArena<32> arena;
#else
    zigmund::alloc::BasicArena<16> arena;
#endif
    (void)arena.try_allocate(64, 32);
}
