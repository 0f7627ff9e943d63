#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "immortal.hpp"

namespace zigmund::alloc::inline v0 {
namespace {

#if defined(ZIGMUND_SANITIZED)
// Asked for more than it can map, a sanitizer ends the process instead of returning null. 8 GiB is the least
// that any of them supports.
constexpr std::size_t largest = std::size_t{1} << 33;
#else
constexpr std::size_t largest = std::numeric_limits<std::size_t>::max();
#endif

class Malloc final : public Resource {
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        if (size > largest) return nullptr;
        size = std::max<std::size_t>(size, 1);
        if (align <= default_align) return std::malloc(size);
        void* p = nullptr;
        return ::posix_memalign(&p, align, size) == 0 ? p : nullptr;
    }

    void do_deallocate(void* p, std::size_t /*size*/, std::size_t /*align*/) noexcept override {
        std::free(p);
    }

    bool do_resize(void* p, std::size_t old_size, std::size_t /*align*/,
                   std::size_t new_size) noexcept override {
#if defined(ZIGMUND_SANITIZED)
        // A sanitizer keeps the exact size of each block; writing past it is an error that it reports.
        (void)p;
        return new_size <= old_size;
#else
        return new_size <= old_size || new_size <= ::malloc_usable_size(p);
#endif
    }
};

}  // namespace

Allocator malloc_heap() noexcept {
    static constinit detail::Immortal<Malloc> malloc;
    return malloc.value;
}

}  // namespace zigmund::alloc::inline v0
