// null_allocator(): the allocator that has nothing.
//
// The upstream of an arena or a StackFallback that must live from its initial buffer alone, and of a test
// that proves that nothing is allocated. Threads: any. Cost: a virtual call. Never: gives memory.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

namespace zigmund::alloc::inline v0 {

/// Refuses every size, 0 included: try_allocate returns null, allocate throws std::bad_alloc, resize and
/// remap refuse. It has no blocks, so giving one back is an error of the caller: an assertion in debug
/// builds, ignored in others. Lives as long as the process.
ZIGMUND_EXPORT [[nodiscard]] Allocator null_allocator() noexcept;

}  // namespace zigmund::alloc::inline v0
