// expect: error: .*zigmund: the bound of an integer is an integer that its type can hold
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
using Parameter = http::Query<std::uint8_t, "q", http::Le<300>>;
#else
using Parameter = http::Query<std::uint8_t, "q", http::Le<200>>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
