#include <zigmund/alloc/atomic_fixed_buffer.hpp>

#include <cstdint>

namespace zigmund::alloc::inline v0 {

// Whoever moves the cursor back releases what was written to the bytes behind it, and whoever moves it over
// them again acquires that: a block that goes from one thread to another is in between nobody's.
//
// That the cursor stands at a block's end means that the block is the newest, however often it went up and
// down since it was last looked at: blocks above it would have to be freed for it to be here.

void* AtomicFixedBuffer::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    std::size_t used = used_.load(std::memory_order_relaxed);
    for (;;) {
        const std::size_t left = buffer_.size() - used;
        const std::size_t padding = -reinterpret_cast<std::uintptr_t>(buffer_.data() + used) & (align - 1);
        if (padding > left || size > left - padding) return nullptr;
        if (used_.compare_exchange_weak(used, used + padding + size, std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
            return buffer_.data() + used + padding;
        }
    }
}

void AtomicFixedBuffer::do_deallocate(void* p, std::size_t size, std::size_t /*align*/) noexcept {
    std::size_t end = offset(p) + size;
    used_.compare_exchange_strong(end, offset(p), std::memory_order_acq_rel, std::memory_order_relaxed);
}

bool AtomicFixedBuffer::do_resize(void* p, std::size_t old_size, std::size_t /*align*/,
                                  std::size_t new_size) noexcept {
    const std::size_t begin = offset(p);
    if (new_size > buffer_.size() - begin) return false;
    std::size_t end = begin + old_size;
    return used_.compare_exchange_strong(end, begin + new_size, std::memory_order_acq_rel,
                                         std::memory_order_relaxed) ||
           new_size <= old_size;
}

}  // namespace zigmund::alloc::inline v0
