#include <zigmund/alloc/testing/heap_counter.hpp>

#include <cstdio>
#include <cstdlib>

int main() {
    const std::size_t before = zigmund::alloc::testing::heap_calls();
    void* volatile block = std::malloc(8);
    std::free(block);
    std::puts(zigmund::alloc::testing::heap_calls() == before + 1 ? "Hello from alloc_heap_counter"
                                                                  : "not counted");
}
