// A provider that says yes must return what the parameter can be built from.
// expect: error: .*zigmund: this provider says that it provides P, but what its provide<P>[(][)] returns
// cannot initialise a P: return a P
#include <zigmund/inject.hpp>

#include <string>

struct Provider {
    using allowed = zigmund::inject::Allowed<int, std::string>;
    template <class P>
    static constexpr bool provides = true;
    template <class P>
    int provide() {
        return 1;
    }
};

int main() {
    Provider provider;
#if defined(MISUSE)
    zigmund::inject::call([](std::string&) {}, provider);
#else
    zigmund::inject::call([](int) {}, provider);
#endif
}
