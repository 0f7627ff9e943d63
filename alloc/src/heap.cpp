#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <mimalloc.h>

namespace zigmund::alloc {

#if defined(ZIGMUND_SANITIZED)

Allocator heap() noexcept { return malloc_heap(); }

#else

namespace {

class Heap final : public Resource {
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        // mi_malloc aligns to max_align_t by itself and has the shorter path.
        return align <= default_align ? mi_malloc(size) : mi_malloc_aligned(size, align);
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
