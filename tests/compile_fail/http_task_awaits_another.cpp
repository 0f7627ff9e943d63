// An awaitable that goes on on a thread of its own choice.
// expect: error: .*zigmund: a Task awaits http::Task<T>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <coroutine>

namespace http = zigmund::http;

http::Task<int> number(zigmund::alloc::Allocator) {
#if defined(MISUSE)
    co_await std::suspend_always{};
#else
    co_await http::sleep_for(std::chrono::milliseconds{1});
#endif
    co_return 1;
}

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.get("/", number);
}
