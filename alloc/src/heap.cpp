#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <mimalloc.h>

#include <algorithm>

namespace zigmund::alloc {

#if defined(ZIGMUND_SANITIZED)

Allocator heap() noexcept { return malloc_heap(); }

#else

namespace {

class Heap final : public Resource {
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        // mi_malloc has the shorter path, and aligns to max_align_t all blocks that are not smaller than
        // that. mi_malloc_aligned of 2.0 misplaces 256 bytes at 256 and their like (mimalloc#700); with an
        // offset, even of 0, it looks at the address.
        return align <= default_align ? mi_malloc(std::max(size, align))
                                      : mi_malloc_aligned_at(size, align, 0);
    }

    void do_deallocate(void* p, std::size_t /*size*/, std::size_t /*align*/) noexcept override { mi_free(p); }

    bool do_resize(void* p, std::size_t /*old_size*/, std::size_t /*align*/,
                   std::size_t new_size) noexcept override {
        const std::size_t usable = mi_usable_size(p);
        return new_size <= usable && new_size >= usable / 2;
    }
};

}  // namespace

Allocator heap() noexcept {
    static constinit Heap heap;
    return heap;
}

#endif

}  // namespace zigmund::alloc
