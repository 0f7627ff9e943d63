// expect: error: .*zigmund: Query<T, .*name.*, Default<value>>: the value does not convert to T
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Response handle(http::Query<int, "q", http::Default<"ten">>) { return http::Response::text(""); }
#else
http::Response handle(http::Query<int, "q", http::Default<10>>) { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
