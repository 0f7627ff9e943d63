// Text is a view into the request; a string of its own would be copied to the heap.
// expect: error: .*zigmund: Query<T, .*name.*>: T is an integer, .* or a described struct, without a name
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <string>
#include <string_view>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Response handle(http::Query<std::string, "q">) { return http::Response::text(""); }
#else
http::Response handle(http::Query<std::string_view, "q">) { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
