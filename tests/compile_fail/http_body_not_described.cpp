// Without its members' names, JSON cannot be bound to a struct.
// expect: error: .*zigmund: Body: a value or a member is .* or a struct that BOOST_DESCRIBE_STRUCT[(]T, [(][)], [(]first, second[)][)] names
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

struct Item {
    int n;
};
#if !defined(MISUSE)
BOOST_DESCRIBE_STRUCT(Item, (), (n))
#endif

http::Response handle(http::Body<Item>) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
