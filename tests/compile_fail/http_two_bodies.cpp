// expect: error: .*zigmund: of several http::Body, each is a member of the body and has its name
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

struct Item {
    int n;
};
BOOST_DESCRIBE_STRUCT(Item, (), (n))

#if defined(MISUSE)
http::Response handle(http::Body<Item>, http::Body<Item, "second">) { return http::Response::text(""); }
#else
http::Response handle(http::Body<Item, "first">, http::Body<Item, "second">) {
    return http::Response::text("");
}
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
