// Several workers call a handler at once: what it changes, they would race for.
// expect: error: .*zigmund: a handler is called by several workers at once: its operator[(][)] must be const
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

int main() {
    http::App app{zigmund::alloc::heap(), {}};
#if defined(MISUSE)
    app.get("/", [count = 0]() mutable { return http::Response::text(++count == 1 ? "" : "a"); });
#else
    app.get("/", [count = 0] { return http::Response::text(count == 0 ? "" : "a"); });
#endif
}
