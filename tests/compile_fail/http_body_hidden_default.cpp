// A container of its own memory hides from the compiler whether `price` has an initialiser.
// expect: error: .*zigmund: Body: this struct holds memory
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <memory_resource>
#include <optional>
#include <vector>

namespace http = zigmund::http;

struct Item {
    std::pmr::vector<int> sizes;
#if defined(MISUSE)
    double price;
#else
    std::optional<double> price;
#endif
};
BOOST_DESCRIBE_STRUCT(Item, (), (sizes, price))

http::Response handle(http::Body<Item>) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
