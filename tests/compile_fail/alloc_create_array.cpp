// create<T> makes one object, not an array.
// expect: error: .*zigmund: create<T> makes one object: for an array of plain data write alloc<T>[(]n[)]
#include <zigmund/alloc/allocator.hpp>

void f(zigmund::alloc::Allocator a) {
#if defined(MISUSE)
    (void)a.create<int[4]>();
#else
    (void)a.alloc<int>(4);
#endif
}
