// A Pool has objects of one type, not arrays.
// expect: error: .*zigmund: Pool<T> makes objects of one type: T must be an object type, neither an array nor
#include <zigmund/alloc/pool.hpp>

struct Four {
    int all[4];
};

void f() {
#if defined(MISUSE)
    zigmund::alloc::Pool<int[4]> pool;
#else
    zigmund::alloc::Pool<Four> pool;
#endif
}
