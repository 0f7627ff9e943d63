// The pages of the allocators' books, known by address: what a search for pointers must leave out, because
// the books name every block.
//
// This takes the place of the library's map_pages() and unmap_pages(). Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "page_memory.hpp"

namespace zigmund::alloc::inline v0::interpose {

struct PageRange {
    std::uintptr_t begin;
    std::uintptr_t end;
};

/// All that is mapped now, in no order. Valid until the next call of map_pages() or unmap_pages().
[[nodiscard]] std::span<const PageRange> own_pages() noexcept;

/// For fork(): no other thread is inside meanwhile.
void lock_own_pages() noexcept;
void unlock_own_pages() noexcept;

}  // namespace zigmund::alloc::inline v0::interpose
