#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <mimalloc.h>

#include <algorithm>

#include "immortal.hpp"
#include "memory_checker.hpp"

namespace zigmund::alloc::inline v0 {

namespace detail {
constinit thread_local Sampling sampling;
}

#if defined(ZIGMUND_SANITIZED)

constinit const detail::HeapCalls detail::heap_calls{
    .resource = nullptr, .allocate = nullptr, .deallocate = nullptr};

Allocator heap() noexcept { return malloc_heap(); }

#else

namespace {

/// Up to that size mimalloc hands a freed block out again with its pages in place, and nothing that asks
/// the kernel for new ones is faster. Above it mimalloc, too, maps each block and unmaps it; pages() does
/// so with huge pages, and grows without a copy.
constexpr bool is_mapping(std::size_t size) noexcept { return size > detail::largest_recycled; }

class Heap final : public Resource {
    void* do_allocate(std::size_t size, std::size_t align) override {
        void* const p = do_try_allocate(size, align);
        if (p == nullptr) [[unlikely]]
            detail::throw_bad_alloc();
        return p;
    }

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        if (is_mapping(size)) [[unlikely]]
            return pages().try_allocate(size, align);
        // mi_malloc has the shorter path, and aligns to max_align_t all blocks that are not smaller than
        // that. mi_malloc_aligned of 2.0 misplaces 256 bytes at 256 and their like (mimalloc#700); with an
        // offset, even of 0, it looks at the address.
        return align <= default_align ? mi_malloc(std::max(size, align))
                                      : mi_malloc_aligned_at(size, align, 0);
    }

    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        if (is_mapping(size)) [[unlikely]]
            return pages().deallocate(p, size, align);
        mi_free(p);
    }

    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        if (is_mapping(old_size) != is_mapping(new_size)) return false;
        if (is_mapping(old_size)) return pages().resize(p, old_size, align, new_size);
        const std::size_t usable = mi_usable_size(p);
        return new_size <= usable && new_size >= usable / 2;
    }

    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        if (is_mapping(old_size) && is_mapping(new_size)) return pages().remap(p, old_size, align, new_size);
        return do_resize(p, old_size, align, new_size) ? p : nullptr;
    }
};

constinit detail::Immortal<Heap> the_heap;

}  // namespace

constinit const detail::HeapCalls detail::heap_calls{
    .resource = &the_heap.value, .allocate = mi_malloc, .deallocate = mi_free};

Allocator heap() noexcept {
    // Valgrind takes mi_free for the C library's free, and reports blocks that it did not see allocated.
    if (memory_checker::watches()) [[unlikely]]
        return malloc_heap();
    return the_heap.value;
}

#endif

}  // namespace zigmund::alloc::inline v0
