// Pages straight from the kernel, for the allocators' own books: zeroed, committed on first touch, and
// invisible to whoever counts the blocks of a heap (a leak checker, a counting backing).
#pragma once

#include <cstddef>

namespace zigmund::alloc::inline v0::detail {

/// Null when there is no memory.
[[nodiscard]] void* map_pages(std::size_t size) noexcept;

void unmap_pages(void* p, std::size_t size) noexcept;

}  // namespace zigmund::alloc::inline v0::detail
