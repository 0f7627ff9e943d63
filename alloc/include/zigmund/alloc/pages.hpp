// pages(): whole pages, straight from the kernel.
//
// Each block is a mapping of its own (mmap), so that it starts as zeros that cost nothing until they are
// touched, goes back to the system the moment it is freed, and grows without a copy: resize() extends the
// mapping where the addresses after it are free, remap() moves the page table entries instead of the bytes
// (mremap). The backing for few, big blocks: buffers that grow, chunks of an arena.
//
// Blocks of 2 MiB and more ask the kernel for huge pages (MADV_HUGEPAGE), which makes touching them first
// about eight times faster; a huge page becomes resident as a whole.
//
// Threads: any, at the same time; a block may be freed by another thread than the one that made it.
// Cost: a system call or two a verb, and a page fault for each page first touched; every block is rounded
// up to whole pages, so a small block wastes most of one, and from 16 MiB on to huge pages. Never: keeps
// memory back, reads or writes a block.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

#include <cstddef>

namespace zigmund::alloc::inline v0 {

/// The process's page backing. Lives as long as the process. Its verbs, where they promise more than
/// Resource does:
///
/// - allocate: the bytes are zero. A size of 0 takes one page. Any power of two is an alignment; one above
///   page_size() maps that much more for a moment and returns the surplus. Null when the kernel refuses
///   (address space, RLIMIT_AS, overcommit, number of mappings), and for every size that exceeds SIZE_MAX
///   once it is rounded up.
/// - resize: true for every smaller size, the pages after it going back to the system; true for a bigger
///   one while the addresses after the block are free. New pages are zero.
/// - remap: moves where resize cannot, in time that depends on the number of pages and not on their content.
///   Null when the kernel refuses, and for a block that cannot grow in place and whose alignment exceeds
///   page_size(): the kernel chooses the new address, and promises no more than a page's alignment.
ZIGMUND_EXPORT [[nodiscard]] Allocator pages() noexcept;

/// Bytes in a page of this system: a power of two, 4096 on x86-64.
ZIGMUND_EXPORT [[nodiscard]] std::size_t page_size() noexcept;

}  // namespace zigmund::alloc::inline v0
