// An arena runs destructors at a reset, where nothing can be thrown.
// expect: error: .*zigmund: an arena runs destructors where nothing can be thrown: ~T must be noexcept
#include <zigmund/alloc/arena.hpp>

struct Throws {
#if defined(MISUSE)
    ~Throws() noexcept(false);
#else
    ~Throws();
#endif
};

void f(zigmund::alloc::Arena& arena) { (void)arena.create<Throws>(); }
