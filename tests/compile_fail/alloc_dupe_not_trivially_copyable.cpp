// dupe copies bytes, and the bytes of this type are not its value.
// expect: error: .*zigmund: dupe[(][)] copies bytes: T must be trivially copyable
#include <zigmund/alloc/allocator.hpp>

#include <vector>

struct Tracked {
    int n = 0;
#if defined(MISUSE)
    Tracked& operator=(const Tracked& other);
#endif
};

void f(zigmund::alloc::Allocator a, const std::vector<Tracked>& list) { (void)a.dupe(list); }
