// expect: error: .*zigmund: the Default breaks a constraint that stands beside it
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
using Parameter = http::Query<int, "q", http::Default<0>, http::Ge<1>>;
#else
using Parameter = http::Query<int, "q", http::Default<1>, http::Ge<1>>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
