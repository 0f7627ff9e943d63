// expect: error: .*zigmund: after the name of a parameter stand Ge, Gt, Le, Lt, MultipleOf
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
using Parameter = http::Query<int, "q", int>;
#else
using Parameter = http::Query<int, "q", http::Ge<1>>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
