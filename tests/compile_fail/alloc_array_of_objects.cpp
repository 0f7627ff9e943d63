// alloc<T>(n) runs no constructors, so it makes no strings.
// expect: error: .*zigmund: alloc<T>[(]n[)], dupe and free deal in plain data, whose objects need no
// constructor and no destructor: for this T write std::pmr::vector<T> v{allocator}
#include <zigmund/alloc/allocator.hpp>

#include <memory_resource>
#include <string>
#include <vector>

void f(zigmund::alloc::Allocator a) {
#if defined(MISUSE)
    (void)a.alloc<std::string>(8);
#else
    const std::pmr::vector<std::string> v{8, a};
#endif
}
