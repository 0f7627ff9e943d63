// A middleware that cannot call on.
// expect: error: .*zigmund: a middleware is called by several workers at once, as http::Response[(]http::Request&, http::Next[)]
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Response pass(http::Request&) { return http::Response{}; }
#else
http::Response pass(http::Request& request, http::Next next) { return next(request); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.use(pass);
}
