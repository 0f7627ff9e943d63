// What stands for a dependency in a test returns something else.
// expect: error: .*zigmund: what overrides a dependency returns a value of the same type
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

int answer() { return 42; }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
#if defined(MISUSE)
    app.override<answer>([] { return 42.0; });
#else
    app.override<answer>([] { return 43; });
#endif
}
