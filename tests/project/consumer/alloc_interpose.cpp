#include <malloc.h>

#include <cstdio>
#include <cstdlib>

int main() {
    void* const p = std::malloc(13);
    // Exact: the C library's malloc rounds up.
    if (malloc_usable_size(p) == 13) std::puts("Hello from alloc_interpose");
    std::free(p);
}
