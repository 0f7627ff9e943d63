// A coroutine without a place for its frame.
// expect: error: .*zigmund: a Task lives in memory of the allocator that it takes: add a parameter alloc::Allocator
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Task<int> number() { co_return 1; }
#else
http::Task<int> number(zigmund::alloc::Allocator) { co_return 1; }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", number);
}
