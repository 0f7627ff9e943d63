// destroy is noexcept; a destructor that throws would end the program.
// expect: error: .*zigmund: destroy[(]T[*][)] needs a destructor that is noexcept
#include <zigmund/alloc/allocator.hpp>

struct Object {
#if defined(MISUSE)
    ~Object() noexcept(false);
#else
    ~Object();
#endif
};

void f(zigmund::alloc::Allocator a, Object* object) { a.destroy(object); }
