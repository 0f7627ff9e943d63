#include <zigmund/alloc/resource.hpp>

#include <cstdio>
#include <cstdlib>
#include <new>

namespace zigmund::alloc::inline v0 {

bool Resource::do_resize(void* /*p*/, std::size_t old_size, std::size_t /*align*/,
                         std::size_t new_size) noexcept {
    return new_size == old_size;
}

void* Resource::do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    return do_resize(p, old_size, align, new_size) ? p : nullptr;
}

void* Resource::do_allocate(std::size_t size, std::size_t align) {
    void* p = do_try_allocate(size, align);
    if (p == nullptr) [[unlikely]]
        detail::throw_bad_alloc();
    return p;
}

bool Resource::do_is_equal(const std::pmr::memory_resource& other) const noexcept { return this == &other; }

namespace detail {

void throw_bad_alloc() {
#if defined(__cpp_exceptions)
    throw std::bad_alloc();
#else
    std::fputs("zigmund: out of memory\n", stderr);
    std::abort();
#endif
}

}  // namespace detail
}  // namespace zigmund::alloc::inline v0
