// expect: error: .*zigmund: the default of a list is a DefaultList: DefaultList<1, 2>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <span>

namespace http = zigmund::http;

#if defined(MISUSE)
using Ids = http::Query<std::span<const int>, "id", http::Default<1>>;
#else
using Ids = http::Query<std::span<const int>, "id", http::DefaultList<1>>;
#endif

http::Response handle(Ids) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", handle);
}
