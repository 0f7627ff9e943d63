// The second parameter is of a type that no part of a request provides: position, type and what is allowed
// are named.
// expect: error: .*zigmund: parameter 2 cannot be injected: nothing provides its type
// expect: NotProvided<2, Widget
// expect: Allowed<zigmund::http::Request ?&, zigmund::alloc::Allocator, zigmund::http::Path<int
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

struct Widget {};

#if defined(MISUSE)
http::Response handle(http::Path<int, "id">, Widget) { return http::Response::text(""); }
#else
http::Response handle(http::Path<int, "id">, http::Request&) { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/{id}", handle);
}
