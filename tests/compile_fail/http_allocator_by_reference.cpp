// expect: error: .*zigmund: a handler takes its allocator by value: write alloc::Allocator
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Response handle(zigmund::alloc::Allocator&) { return http::Response::text(""); }
#else
http::Response handle(zigmund::alloc::Allocator) { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
