// A parameter far to the right is named like any other.
// expect: error: .*zigmund: a parameter after the 8th cannot be injected
// expect: NotProvided<10, char, zigmund::inject::Allowed<int> ?>
#include <zigmund/inject.hpp>

#if defined(MISUSE)
void handle(int, int, int, int, int, int, int, int, int, char) {}
#else
void handle(int, int, int, int, int, int, int, int, int, int) {}
#endif

int main() {
    zigmund::inject::Context context{5};
    zigmund::inject::call(handle, context);
}
