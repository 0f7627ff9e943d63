// try_create never throws, so the constructor must not either.
// expect: error: .*zigmund: try_create<T>[(]args...[)] never throws, but this constructor of T may: mark it
// noexcept, or write create<T>[(]args...[)]
#include <zigmund/alloc/allocator.hpp>

struct MayThrow {
    MayThrow();
};

void f(zigmund::alloc::Allocator a) {
#if defined(MISUSE)
    (void)a.try_create<MayThrow>();
#else
    (void)a.create<MayThrow>();
#endif
}
