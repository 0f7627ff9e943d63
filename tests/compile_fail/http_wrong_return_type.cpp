// expect: error: .*zigmund: a handler returns http::Response
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <string_view>

namespace http = zigmund::http;

#if defined(MISUSE)
std::string_view handle() { return ""; }
#else
http::Response handle() { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
