// What waits does not block.
// expect: error: .*zigmund: a handler waits, as an http::Task, or blocks, as http::blocking[(][)]: this one is both
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

http::Task<int> number(zigmund::alloc::Allocator) { co_return 1; }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
#if defined(MISUSE)
    app.get("/", http::blocking(number));
#else
    app.get("/", number);
#endif
}
