// malloc_heap(): the C library's malloc as a Resource.
//
// For programs that want one heap for everything, for comparison in benchmarks, and for tools that watch
// malloc (sanitizers, Valgrind, heaptrack). Threads: any. Cost: that of malloc and free; posix_memalign
// for alignments above max_align_t's.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

namespace zigmund::alloc::inline v0 {

/// The C library's heap. resize() answers true while the new size fits the block that malloc gave.
/// Lives as long as the process.
ZIGMUND_EXPORT [[nodiscard]] Allocator malloc_heap() noexcept;

}  // namespace zigmund::alloc::inline v0
