// A program with an operator new and an operator delete of its own: what the C++ library says stands on these does
// so here too. Ends with the number of those that did not.
#include <cstdlib>
#include <new>

// The sized one is the point: it is left to the library.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wsized-deallocation"
#endif

namespace {

int made = 0;
int taken = 0;

template <class T>
[[gnu::noinline]] T* seen(T* p) {
    __asm__ volatile("" : "+r"(p) : : "memory");
    return p;
}

}  // namespace

void* operator new(std::size_t size) {
    ++made;
    // Not what the library's own would give back: it must come to the one below.
    return static_cast<char*>(std::malloc(size + 16)) + 16;
}
void operator delete(void* p) noexcept {
    ++taken;
    std::free(static_cast<char*>(p) - 16);
}

int main() {
    int wrong = 0;
    const auto expect = [&](int count) { wrong += made == count && taken == count ? 0 : 1; };
    ::operator delete(seen(::operator new(40)));
    expect(1);
    ::operator delete(seen(::operator new(40)), std::size_t{40});
    expect(2);
    ::operator delete[](seen(::operator new[](40)));
    expect(3);
    ::operator delete[](seen(::operator new[](40)), std::size_t{40});
    expect(4);
    ::operator delete(seen(::operator new(40, std::nothrow)), std::nothrow);
    expect(5);
    ::operator delete[](seen(::operator new[](40, std::nothrow)), std::nothrow);
    expect(6);
    // Those with an alignment stand on others, which are not replaced.
    ::operator delete(seen(::operator new(40, std::align_val_t{64})), std::align_val_t{64});
    expect(6);
    return wrong;
}
