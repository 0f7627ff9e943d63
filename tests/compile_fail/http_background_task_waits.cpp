// A coroutine that nobody would await.
// expect: error: .*zigmund: a background task is no coroutine
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Task<void> work(zigmund::alloc::Allocator) { co_return; }
#else
void work(zigmund::alloc::Allocator) {}
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/",
            [](http::BackgroundTasks& tasks, zigmund::alloc::Allocator arena) { tasks.add(work, arena); });
}
