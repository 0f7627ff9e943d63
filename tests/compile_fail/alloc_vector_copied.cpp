// A copy would have to guess its allocator: clone(a) says it.
// expect: error: .*deleted
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/vector.hpp>

void f(const zigmund::alloc::Vector<int>& v) {
#if defined(MISUSE)
    const zigmund::alloc::Vector<int> copy = v;
#else
    const zigmund::alloc::Vector<int> copy = v.clone(zigmund::alloc::heap());
#endif
}
