#include <zigmund/alloc/vector.hpp>

namespace zigmund::alloc::inline v0::detail {

void* regrow(Allocator a, void* p, std::size_t old_bytes, std::size_t align, std::size_t new_bytes,
             std::size_t used_bytes) noexcept {
    if (p == nullptr) return a.try_allocate(new_bytes, align);
    if (a.resize(p, old_bytes, align, new_bytes)) return p;
    if (void* moved = a.remap(p, old_bytes, align, new_bytes)) return moved;
    void* const copy = a.try_allocate(new_bytes, align);
    if (copy == nullptr) return nullptr;
    std::memcpy(copy, p, used_bytes);
    a.deallocate(p, old_bytes, align);
    return copy;
}

}  // namespace zigmund::alloc::inline v0::detail
