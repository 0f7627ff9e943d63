// A handler returns what has no JSON.
// expect: error: .*zigmund: a handler returns http::Response, a value that can be written as JSON, nothing, a std::expected of one of these and http::HttpError, or an http::Task of these
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
struct Undescribed {
    int n;
};
Undescribed handle() { return {1}; }
#else
http::Response handle() { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
