#include <zigmund/alloc.hpp>

#include <cstdio>
#include <memory_resource>
#include <string>

int main() {
    const zigmund::alloc::Allocator a = zigmund::alloc::heap();
    const std::pmr::string text{"Hello from alloc", a};
    std::puts(text.c_str());
}
