// Parameters that are auto have no types to go by.
// expect: error: .*zigmund: the parameter types of this callable cannot be read from its type, because it has
// auto parameters, an overloaded or templated operator[(][)], C-style variadic arguments, or is no function
// at all: write the parameter types out
#include <zigmund/inject.hpp>

int main() {
    zigmund::inject::Context context{5};
#if defined(MISUSE)
    zigmund::inject::call([](auto n) { return n; }, context);
#else
    zigmund::inject::call([](int n) { return n; }, context);
#endif
}
