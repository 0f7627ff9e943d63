// Pages straight from the kernel, for the allocators' own books: zeroed, committed on first touch, and
// invisible to whoever counts the blocks of a heap (a leak checker, a counting backing).
#pragma once

#include <sys/mman.h>

#include <cstddef>

namespace zigmund::alloc::detail {

/// Null when there is no memory.
[[nodiscard]] inline void* map_pages(std::size_t size) noexcept {
    void* p =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return nullptr;
    // The books are sparse: a huge page would make two megabytes resident for one entry.
    (void)::madvise(p, size, MADV_NOHUGEPAGE);
    return p;
}

inline void unmap_pages(void* p, std::size_t size) noexcept { (void)::munmap(p, size); }

}  // namespace zigmund::alloc::detail
