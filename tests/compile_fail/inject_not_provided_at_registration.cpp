// check() says it where a callable is registered, for each parameter.
// expect: error: .*zigmund: parameter 1 cannot be injected
// expect: NotProvided<1, long( int)?, zigmund::inject::Allowed<Config ?&> ?>
// expect: error: .*zigmund: parameter 2 cannot be injected
// expect: NotProvided<2, Config ?[*], zigmund::inject::Allowed<Config ?&> ?>
#include <zigmund/inject.hpp>

struct Config {};

template <class F>
void add(F) {
    static_assert(zigmund::inject::check<F, zigmund::inject::Context<Config&>>());
}

int main() {
#if defined(MISUSE)
    add([](long, Config*) {});
#else
    add([](Config&, Config) {});
#endif
}
