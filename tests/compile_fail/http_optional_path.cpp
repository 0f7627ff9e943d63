// A part of the path is there, or the path is another one.
// expect: error: .*zigmund: Path<T, .*name.*>: T is an integer, .* never missing, so T is no std::optional
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <optional>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Response handle(http::Path<std::optional<int>, "id">) { return http::Response::text(""); }
#else
http::Response handle(http::Path<int, "id">) { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/{id}", handle);
}
