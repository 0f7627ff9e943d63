// create_trivial<T> promises that the arena has nothing to run for the object.
// expect: error: .*zigmund: create_trivial<T> is for types whose destructor does nothing: for this T write
// create<T>[(]args...[)]
#include <zigmund/alloc/arena.hpp>

#include <string>

void f(zigmund::alloc::Arena& arena) {
#if defined(MISUSE)
    (void)arena.create_trivial<std::string>();
#else
    (void)arena.create<std::string>();
#endif
}
