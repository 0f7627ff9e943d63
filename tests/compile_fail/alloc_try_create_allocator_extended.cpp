// The constructor that is called takes the allocator, and may throw where the plain one does not: a string
// that moves to another allocator is copied.
// expect: error: .*zigmund: try_create<T>[(]args...[)] never throws, but this constructor of T may: mark it
// noexcept, or write create<T>[(]args...[)]
#include <zigmund/alloc/allocator.hpp>

#include <string>
#include <utility>

static_assert(std::is_nothrow_move_constructible_v<std::pmr::string>);

void f(zigmund::alloc::Allocator a, std::pmr::string text) {
    (void)a.try_create<std::pmr::string>();
    (void)a.try_create<std::pair<const int, std::pmr::string>>();
#if defined(MISUSE)
    (void)a.try_create<std::pmr::string>(std::move(text));
#else
    (void)a.create<std::pmr::string>(std::move(text));
#endif
}
