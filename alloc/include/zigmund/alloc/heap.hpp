// heap(): the default backing, mimalloc, and pages() for the biggest blocks.
//
// Up to 16 MiB mimalloc hands a freed block out again with its pages in place, which nothing beats. Above,
// each block is a mapping of its own (<zigmund/alloc/pages.hpp>), in huge pages and grown without a copy:
// measured here, touching a new 20 MiB block takes 0.7 ms against mimalloc's 8.7, and growing 1 MiB to 256
// by doubling 0.1 of std::vector's time.
//
// Threads: any, at the same time; a block may be freed by another thread than the one that made it.
// Cost: that of mi_malloc_aligned and mi_free; above 16 MiB, of pages(). Never: changes what malloc, new and
// delete do in the program. Under a sanitizer or Valgrind it is the C library's malloc, which they watch.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

namespace zigmund::alloc::inline v0 {

/// The process-wide heap. Lives as long as the process. Where a block came from is told by its size alone,
/// so the size passed back must be the block's, also by users of other heaps that ignore it.
///
/// - resize: up to 16 MiB, true while the new size fits the block's size class and is not so small that the
///   block would be mostly empty (below half); above, as pages() does; false from one side to the other.
/// - remap: above 16 MiB moves a block that cannot grow in place, as pages() does; elsewhere, like resize.
ZIGMUND_EXPORT [[nodiscard]] Allocator heap() noexcept;

}  // namespace zigmund::alloc::inline v0
