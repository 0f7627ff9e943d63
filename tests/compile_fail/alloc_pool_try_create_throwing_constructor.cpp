// try_create never throws, so the constructor must not either.
// expect: error: .*zigmund: try_create[(]args...[)] never throws, but this constructor of T may: mark it
// noexcept, or write create[(]args...[)]
#include <zigmund/alloc/pool.hpp>

struct MayThrow {
    MayThrow();
};

void f(zigmund::alloc::Pool<MayThrow>& pool) {
#if defined(MISUSE)
    (void)pool.try_create();
#else
    (void)pool.create();
#endif
}
