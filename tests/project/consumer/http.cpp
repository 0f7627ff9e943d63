#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <cstdio>

int main() {
    const zigmund::http::App app{zigmund::alloc::heap(), {.title = "Consumer", .version = "1"}};
    std::puts("Hello from http");
}
