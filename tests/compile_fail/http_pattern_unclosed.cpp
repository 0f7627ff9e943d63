// expect: error: .*zigmund: Pattern: a parenthesis is not closed
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
using Parameter = http::Query<std::string_view, "q", http::Pattern<"(a">>;
#else
using Parameter = http::Query<std::string_view, "q", http::Pattern<"(a)">>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
