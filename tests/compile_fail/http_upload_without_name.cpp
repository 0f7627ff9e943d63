// expect: error: .*zigmund: a file needs the name of its field in the form: write http::File<.*name.*>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Response handle(http::Upload) { return http::Response::text(""); }
#else
http::Response handle(http::File<"report">) { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
