// expect: error: .*zigmund: Example<value>: the value is none of the type beside it; of a list it is one element
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
using Parameter = http::Query<int, "q", http::Example<"ten">>;
#else
using Parameter = http::Query<int, "q", http::Example<10>>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
