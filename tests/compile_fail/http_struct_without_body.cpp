// expect: error: .*zigmund: a handler takes a struct from the body: write http::Body<T>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

struct Item {
    int n;
};
BOOST_DESCRIBE_STRUCT(Item, (), (n))

#if defined(MISUSE)
http::Response handle(Item) { return http::Response::text(""); }
#else
http::Response handle(http::Body<Item>) { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
