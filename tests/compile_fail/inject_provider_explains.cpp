// A provider adds words of its own.
// expect: error: .*a pointer may dangle: write a reference
// expect: error: .*zigmund: parameter 2 cannot be injected
// expect: NotProvided<2, int ?[*], zigmund::inject::Allowed<int ?&> ?>
#include <zigmund/inject.hpp>

#include <cstddef>
#include <type_traits>

struct Provider {
    using allowed = zigmund::inject::Allowed<int&>;
    template <class P>
    static constexpr bool provides = std::is_same_v<P, int&>;
    template <class P>
    P provide() {
        return n;
    }
    template <std::size_t Position, class P>
    static constexpr void explain() {
        static_assert(!std::is_pointer_v<P>, "a pointer may dangle: write a reference");
    }
    int n = 0;
};

int main() {
    Provider provider;
#if defined(MISUSE)
    zigmund::inject::call([](int&, int*) {}, provider);
#else
    zigmund::inject::call([](int&, int&) {}, provider);
#endif
}
