// expect: error: .*zigmund: an option stands there twice
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
using Parameter = http::Query<int, "q", http::Ge<1>, http::Ge<2>>;
#else
using Parameter = http::Query<int, "q", http::Ge<1>, http::Le<2>>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
