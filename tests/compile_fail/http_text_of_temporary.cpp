// The string dies before its text is sent.
// expect: error: .*zigmund: this string dies before the response is sent: keep its text in the request's memory, Response::text[(]arena.dupe[(]string[)][)]
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <string>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Response handle(zigmund::alloc::Allocator) { return http::Response::text(std::to_string(7)); }
#else
http::Response handle(zigmund::alloc::Allocator arena) {
    return http::Response::text(arena.dupe(std::to_string(7)));
}
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
