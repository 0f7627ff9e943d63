// The third parameter is of a type that nothing provides: position, type and what is allowed are named.
// expect: error: .*zigmund: parameter 3 cannot be injected: nothing provides its type
// expect: NotProvided<3, Widget, zigmund::inject::Allowed<Config ?&, int> ?>
#include <zigmund/inject.hpp>

struct Config {};
struct Widget {};

#if defined(MISUSE)
void handle(int, Config&, Widget) {}
#else
void handle(int, Config&, const Config&) {}
#endif

int main() {
    Config config;
    zigmund::inject::Context context{config, 5};
    zigmund::inject::call(handle, context);
}
