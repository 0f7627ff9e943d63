// Who knows the hash can make such a map slow.
// expect: error: .*zigmund: Body: an unordered map of a client.s keys can be made slow
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <map>
#include <memory_resource>
#include <string_view>
#include <unordered_map>

namespace http = zigmund::http;

struct Item {
#if defined(MISUSE)
    std::pmr::unordered_map<std::string_view, int> counts;
#else
    std::pmr::map<std::string_view, int> counts;
#endif
};
BOOST_DESCRIBE_STRUCT(Item, (), (counts))

http::Response handle(http::Body<Item>) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
