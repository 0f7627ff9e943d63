// The memory would be given back by the size of the base.
// expect: error: .*zigmund: Owner<T> frees its object by the size of T, and this one is of a class that
// derives from T: write Owner<Derived>
#include <zigmund/alloc/owner.hpp>

struct Base {
    virtual ~Base() = default;
};
struct Derived : Base {
    long more = 0;
};

void f(Derived* derived, zigmund::alloc::Allocator a) {
#if defined(MISUSE)
    const zigmund::alloc::Owner<Base> owner{derived, a};
#else
    const zigmund::alloc::Owner<Derived> owner{derived, a};
    const zigmund::alloc::Owner<const Derived> same{derived, a};
    const zigmund::alloc::Owner<Base> none{nullptr, a};
#endif
}
