// A parameter that is gone while the handler waits.
// expect: error: .*zigmund: a handler that is a Task waits longer than this argument lives: take the parameter by value, without &
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;
using Number = http::Query<int, "n">;

#if defined(MISUSE)
http::Task<int> number(const Number& n, http::Request&) { co_return *n; }
#else
http::Task<int> number(Number n, http::Request&) { co_return *n; }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", number);
}
