// try_ verbs never throw; a string's copy may.
// expect: error: .*zigmund: the try_ verbs of Vector never throw, but this constructor of T may: mark it
// noexcept, or use the verb without try_
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/vector.hpp>

#include <string>
#include <utility>

void f(std::string text) {
    zigmund::alloc::Vector<std::string> v{zigmund::alloc::heap()};
#if defined(MISUSE)
    (void)v.try_push_back(text);
#else
    (void)v.try_push_back(std::move(text));
#endif
}
