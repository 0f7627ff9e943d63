// A coroutine on a thread without a loop.
// expect: error: .*zigmund: a middleware inside of http::blocking[(][)] runs on a thread that may block
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Task<http::Response> pass(http::Request& request, http::Next next) { co_return co_await next(request); }
#else
http::Response pass(http::Request& request, http::Next next) { return next(request); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", http::blocking(http::with_middleware([] { return 1; }, pass)));
}
