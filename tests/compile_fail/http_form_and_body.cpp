// expect: error: .*zigmund: a request has one body: a handler takes http::Body, which is JSON, or http::Form
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

struct Filters {
    int limit = 10;
};
BOOST_DESCRIBE_STRUCT(Filters, (), (limit))

#if defined(MISUSE)
using Parameter = http::Form<int, "n">;
#else
using Parameter = http::Query<int, "n">;
#endif

http::Response handle(Parameter, http::Body<Filters>) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
