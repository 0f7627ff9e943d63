// expect: error: .*zigmund: MinLength and MaxLength count .* for a number write Ge or Le
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
using Parameter = http::Query<int, "q", http::MinLength<3>>;
#else
using Parameter = http::Query<int, "q", http::Ge<3>>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
