// A Vector that grows could not undo a move that throws half-way.
// expect: error: .*zigmund: Vector<T> moves its elements when it grows, so T's move constructor and
// destructor must be noexcept: mark them, or write std::pmr::vector<T>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/vector.hpp>

struct Element {
    Element() = default;
#if defined(MISUSE)
    Element(Element&&);
#else
    Element(Element&&) noexcept;
#endif
    ~Element();
};

void f() {
    zigmund::alloc::Vector<Element> v{zigmund::alloc::heap()};
    v.emplace_back();
}
