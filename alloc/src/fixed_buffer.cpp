#include <zigmund/alloc/fixed_buffer.hpp>

namespace zigmund::alloc {

void* FixedBuffer::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    return try_allocate(size, align);
}

void FixedBuffer::do_deallocate(void* p, std::size_t size, std::size_t align) noexcept {
    deallocate(p, size, align);
}

bool FixedBuffer::do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    return resize(p, old_size, align, new_size);
}

}  // namespace zigmund::alloc
