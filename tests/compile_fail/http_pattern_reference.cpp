// expect: error: .*zigmund: Pattern: a .* stands before a letter or digit .* linear time
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
using Parameter = http::Query<std::string_view, "q", http::Pattern<"(a)\\1">>;
#else
using Parameter = http::Query<std::string_view, "q", http::Pattern<"(a)\\d">>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
