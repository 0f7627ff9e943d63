#include <zigmund/alloc/fixed_buffer.hpp>

#include "memory_checker.hpp"

namespace zigmund::alloc::inline v0 {

const bool detail::memory_is_watched = memory_checker::watches();

// Room for what has none inline: an alignment beyond largest_inline, and every block of a buffer that is watched.
void* FixedBuffer::allocate_slow(std::size_t size, std::size_t align) noexcept {
    const std::size_t padding = -reinterpret_cast<std::uintptr_t>(cursor_) & (align - 1);
    if (padding > bytes_left() || size > bytes_left() - padding) return nullptr;
    std::byte* const block = cursor_ + padding;
    cursor_ = block + size;
    ++live_;
    if (watched_) {
        limit_ = cursor_;
        memory_checker::show(block, size);
    }
    return block;
}

// ---- watched: the inline allocation has no room, so that every verb comes through here ----

bool FixedBuffer::resize_watched(void* p, std::size_t old_size, std::size_t new_size) noexcept {
    auto* const block = static_cast<std::byte*>(p);
    if (!change(block, old_size, new_size)) return false;
    limit_ = cursor_;
    if (new_size > old_size)
        memory_checker::show(block + old_size, new_size - old_size);
    else
        memory_checker::hide(block + new_size, old_size - new_size);
    return true;
}

void FixedBuffer::deallocate_watched(void* p, std::size_t size) noexcept {
    give_back(static_cast<std::byte*>(p), size);
    limit_ = cursor_;
    memory_checker::hide(p, size);
    if (live_ == 0) watch_reset();
}

void FixedBuffer::watch_reset() noexcept {
    limit_ = cursor_;
    memory_checker::hide(begin_, capacity());
}

void FixedBuffer::watch_end() noexcept { memory_checker::show(begin_, capacity()); }

// ---- as a Resource ----

void* FixedBuffer::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    return try_allocate(size, align);
}

void FixedBuffer::do_deallocate(void* p, std::size_t size, std::size_t align) noexcept {
    deallocate(p, size, align);
}

bool FixedBuffer::do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    return resize(p, old_size, align, new_size);
}

}  // namespace zigmund::alloc::inline v0
