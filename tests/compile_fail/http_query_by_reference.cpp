// Parameters are made for the call: there is nothing that a reference could change.
// expect: error: .*zigmund: a handler takes Path, Query, Header, Cookie, Form, File, Body and security schemes by value or by const reference
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Response handle(http::Query<int, "q">&) { return http::Response::text(""); }
#else
http::Response handle(const http::Query<int, "q">&) { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
