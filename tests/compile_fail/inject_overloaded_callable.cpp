// Of two call operators, neither is the one.
// expect: error: .*zigmund: the parameter types of this callable cannot be read from its type.*: write the
// parameter types out
#include <zigmund/inject.hpp>

struct Callable {
    void operator()(int) const {}
#if defined(MISUSE)
    void operator()(long) const {}
#endif
};

int main() {
    zigmund::inject::Context context{5};
    zigmund::inject::call(Callable{}, context);
}
