// expect: error: .*zigmund: the Example breaks a constraint that stands beside it
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
using Parameter = http::Query<int, "q", http::Le<9>, http::Example<10>>;
#else
using Parameter = http::Query<int, "q", http::Le<9>, http::Example<9>>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
