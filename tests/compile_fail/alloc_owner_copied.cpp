// Two owners would destroy the object twice.
// expect: error: .*deleted
#include <zigmund/alloc/owner.hpp>

#include <utility>

void f(zigmund::alloc::Owner<int> owner) {
#if defined(MISUSE)
    const zigmund::alloc::Owner<int> other = owner;
#else
    const zigmund::alloc::Owner<int> other = std::move(owner);
#endif
}
