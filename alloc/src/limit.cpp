#include <zigmund/alloc/limit.hpp>

#include <cassert>

namespace zigmund::alloc::inline v0 {

// Every verb asks first, lets the upstream act, and counts only what the upstream did: there is nothing to
// roll back.

bool Limit::admits(std::size_t old_size, std::size_t new_size) noexcept {
    if (new_size <= old_size || new_size - old_size <= bytes_left()) [[likely]]
        return true;
    ++refusals_;
    return false;
}

void Limit::count(std::size_t old_size, std::size_t new_size) noexcept {
    assert(old_size <= used_ && "zigmund: Limit: more bytes are given back than were taken");
    const std::size_t before = used_;
    used_ = before - old_size + new_size;
    if (used_ > options_.soft_limit && before <= options_.soft_limit && options_.on_soft_limit) [[unlikely]]
        options_.on_soft_limit(*this);
}

void* Limit::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    if (!admits(0, size)) return nullptr;
    void* const p = upstream_.try_allocate(size, align);
    if (p != nullptr) count(0, size);
    return p;
}

void Limit::do_deallocate(void* p, std::size_t size, std::size_t align) noexcept {
    upstream_.deallocate(p, size, align);
    count(size, 0);
}

bool Limit::do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    if (!admits(old_size, new_size) || !upstream_.resize(p, old_size, align, new_size)) return false;
    count(old_size, new_size);
    return true;
}

void* Limit::do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    if (!admits(old_size, new_size)) return nullptr;
    void* const moved = upstream_.remap(p, old_size, align, new_size);
    if (moved != nullptr) count(old_size, new_size);
    return moved;
}

}  // namespace zigmund::alloc::inline v0
