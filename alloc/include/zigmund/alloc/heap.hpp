// heap(): the default backing, mimalloc.
//
// Threads: any, at the same time; a block may be freed by another thread than the one that made it.
// Cost: that of mi_malloc_aligned and mi_free. Never: changes what malloc, new and delete do in the
// program. Under a sanitizer it is the C library's malloc, which the sanitizer watches.
#pragma once

#include <zigmund/alloc/allocator.hpp>

namespace zigmund::alloc {

/// The process-wide heap. resize() answers true while the new size fits the block's size class and is
/// not so small that the block would be mostly empty (below half). Lives as long as the process.
[[nodiscard]] Allocator heap() noexcept;

}  // namespace zigmund::alloc
