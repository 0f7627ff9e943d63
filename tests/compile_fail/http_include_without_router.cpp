// What is included does not take the router.
// expect: error: .*zigmund: include[(][)] takes what registers the routes of a part of the application: void add_users[(]http::Router& users[)]
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace http = zigmund::http;

#if defined(MISUSE)
void add_users(http::App&) {}
#else
void add_users(http::Router&) {}
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.include(add_users, {.prefix = "/users"});
}
