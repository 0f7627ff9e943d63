#include "page_memory.hpp"

#include <sys/mman.h>

namespace zigmund::alloc::inline v0::detail {

void* map_pages(std::size_t size) noexcept {
    void* p =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return nullptr;
    // The books are sparse: a huge page would make two megabytes resident for one entry.
    (void)::madvise(p, size, MADV_NOHUGEPAGE);
    return p;
}

void unmap_pages(void* p, std::size_t size) noexcept { (void)::munmap(p, size); }

}  // namespace zigmund::alloc::inline v0::detail
