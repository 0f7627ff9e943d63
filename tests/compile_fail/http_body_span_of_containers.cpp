// Nobody would destroy the containers behind a span.
// expect: error: .*zigmund: Body: the elements of a std::span are never destroyed
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <memory_resource>
#include <span>
#include <vector>

namespace http = zigmund::http;

struct Row {
    std::pmr::vector<int> cells;
};
BOOST_DESCRIBE_STRUCT(Row, (), (cells))
struct Item {
#if defined(MISUSE)
    std::span<const Row> rows;
#else
    std::pmr::vector<Row> rows;
#endif
};
BOOST_DESCRIBE_STRUCT(Item, (), (rows))

http::Response handle(http::Body<Item>) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
