// Arena::create<T> makes one object, not an array.
// expect: error: .*zigmund: create<T> makes one object: for an array write create_array<T>[(]n[)]
#include <zigmund/alloc/arena.hpp>

void f(zigmund::alloc::Arena& arena) {
#if defined(MISUSE)
    (void)arena.create<int[4]>();
#else
    (void)arena.create_array<int>(4);
#endif
}
