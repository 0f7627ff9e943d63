// expect: error: .*zigmund: Ge, Gt, Le, Lt and MultipleOf compare numbers, and this is none: for text write MinLength
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
using Parameter = http::Query<std::string_view, "q", http::Ge<3>>;
#else
using Parameter = http::Query<std::string_view, "q", http::MinLength<3>>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
