// Objects of a pool die without an exception.
// expect: error: .*zigmund: destroy[(]T[*][)] needs a destructor that is noexcept
#include <zigmund/alloc/pool.hpp>

struct ThrowsAtTheEnd {
#if defined(MISUSE)
    ~ThrowsAtTheEnd() noexcept(false);
#else
    ~ThrowsAtTheEnd();
#endif
};

void f(zigmund::alloc::Pool<ThrowsAtTheEnd>& pool, ThrowsAtTheEnd* object) { pool.destroy(object); }
