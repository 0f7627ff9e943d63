// expect: error: .*zigmund: a struct takes its members by their own names
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

struct Filters {
    int limit = 10;
};
BOOST_DESCRIBE_STRUCT(Filters, (), (limit))

#if defined(MISUSE)
using Parameter = http::Query<Filters, "filters">;
#else
using Parameter = http::Query<Filters>;
#endif

http::Response handle(Parameter) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
