// A request is what the client sent, not a copy of it.
// expect: error: .*zigmund: a handler takes the request by reference: write http::Request&
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Response handle(http::Request) { return http::Response::text(""); }
#else
http::Response handle(http::Request&) { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
