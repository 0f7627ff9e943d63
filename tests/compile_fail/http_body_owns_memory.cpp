// Text of a body lies in the request's arena; a std::string would copy it to the heap, and never be
// destroyed.
// expect: error: .*zigmund: Body: the request's memory is its arena: use std::string_view or std::pmr::string instead
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <string>
#include <string_view>

namespace http = zigmund::http;

struct Item {
#if defined(MISUSE)
    std::string name;
#else
    std::string_view name;
#endif
};
BOOST_DESCRIBE_STRUCT(Item, (), (name))

http::Response handle(http::Body<Item>) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
