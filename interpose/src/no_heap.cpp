// In place of the library's heap.cpp: here no Allocator may reach mimalloc, whose library brings another
// malloc.
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/heap_calls.hpp>
#include <zigmund/alloc/pages.hpp>

namespace zigmund::alloc::inline v0 {

constinit const detail::HeapCalls detail::heap_calls{
    .resource = nullptr, .allocate = nullptr, .deallocate = nullptr};
constinit thread_local detail::Sampling detail::sampling;

Allocator heap() noexcept { return pages(); }

}  // namespace zigmund::alloc::inline v0
