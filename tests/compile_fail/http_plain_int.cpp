// A number without a place that it comes from.
// expect: error: .*zigmund: a handler's plain value needs a place to come from: write http::Path<T, .*name.*> or http::Query<T, .*name.*>
// expect: NotProvided<1, int
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Response handle(int) { return http::Response::text(""); }
#else
http::Response handle(http::Query<int, "id">) { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/{id}", handle);
}
