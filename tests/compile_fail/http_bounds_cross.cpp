// expect: error: .*zigmund: no value satisfies these constraints
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
using Parameter = http::Query<int, "q", http::Gt<5>, http::Lt<5>>;
#else
using Parameter = http::Query<int, "q", http::Ge<5>, http::Le<5>>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
