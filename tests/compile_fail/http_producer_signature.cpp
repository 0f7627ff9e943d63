// A producer writes where it is told to, and says what comes next.
// expect: error: .*zigmund: a producer is called as http::Produced producer[(]http::StreamWriter& out[)]
#include <zigmund/http.hpp>

namespace http = zigmund::http;

http::Response handle(zigmund::alloc::Allocator arena) {
#if defined(MISUSE)
    return http::Response::stream(arena, [] { return 1; });
#else
    return http::Response::stream(arena, [](http::StreamWriter&) { return http::Produced::end; });
#endif
}

int main() { (void)&handle; }
