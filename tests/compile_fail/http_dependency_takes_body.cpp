// A router's dependency that takes the body, which is the handler's.
// expect: error: .*zigmund: a dependency of a route, a router or an App does not take http::Body or http::Form
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
void check(http::Body<int>) {}
#else
void check(http::Query<int, "n">) {}
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", [] { return 1; }, {.dependencies = {http::depends<check>}});
}
