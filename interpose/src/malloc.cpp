// The C library's allocation functions, in its place. What they do in the corners is what glibc does:
// malloc(0) is unique, realloc(p, 0) frees, free keeps errno, memalign rounds an alignment up.
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "process_heap.hpp"

namespace {

using namespace zigmund::alloc;
using namespace zigmund::alloc::interpose;

void* or_no_memory(void* p) noexcept {
    if (p == nullptr) [[unlikely]]
        errno = ENOMEM;
    return p;
}

void* no_memory() noexcept { return or_no_memory(nullptr); }

std::size_t page() noexcept {
    static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return size;
}

/// 16 or more. The greatest that exists for what is beyond.
std::size_t usual_alignment(std::size_t align) noexcept {
    constexpr std::size_t greatest = (SIZE_MAX >> 1) + 1;
    if (align <= default_align) return default_align;
    return align > greatest ? greatest : std::bit_ceil(align);
}

}  // namespace

#define ZIGMUND_INTERPOSED extern "C" [[gnu::visibility("default"), gnu::noinline]]
#define ZIGMUND_FRAME __builtin_frame_address(0)

ZIGMUND_INTERPOSED void* malloc(std::size_t size) {
    return or_no_memory(interpose::allocate(size, default_align, Family::malloc, ZIGMUND_FRAME));
}

ZIGMUND_INTERPOSED void free(void* p) { interpose::release(p, {.family = Family::malloc}, ZIGMUND_FRAME); }

ZIGMUND_INTERPOSED void* calloc(std::size_t count, std::size_t size) {
    std::size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) return no_memory();
    void* const p = interpose::allocate(total, default_align, Family::malloc, ZIGMUND_FRAME);
    if (p == nullptr) return no_memory();
    if (!interpose::is_zeroed(p, total)) std::memset(p, 0, total);
    return p;
}

ZIGMUND_INTERPOSED void* realloc(void* p, std::size_t size) {
    if (size == 0 && p != nullptr) {
        interpose::release(p, {.family = Family::malloc}, ZIGMUND_FRAME);
        return nullptr;
    }
    return or_no_memory(interpose::reallocate(p, size, ZIGMUND_FRAME));
}

ZIGMUND_INTERPOSED void* reallocarray(void* p, std::size_t count, std::size_t size) {
    std::size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) return no_memory();
    if (total == 0 && p != nullptr) {
        interpose::release(p, {.family = Family::malloc}, ZIGMUND_FRAME);
        return nullptr;
    }
    return or_no_memory(interpose::reallocate(p, total, ZIGMUND_FRAME));
}

ZIGMUND_INTERPOSED int posix_memalign(void** result, std::size_t align, std::size_t size) {
    if (!std::has_single_bit(align) || align % sizeof(void*) != 0) return EINVAL;
    void* const p = interpose::allocate(size, usual_alignment(align), Family::malloc, ZIGMUND_FRAME);
    if (p == nullptr) return ENOMEM;
    *result = p;
    return 0;
}

ZIGMUND_INTERPOSED void* aligned_alloc(std::size_t align, std::size_t size) {
    if (!std::has_single_bit(align)) {
        errno = EINVAL;
        return nullptr;
    }
    return or_no_memory(interpose::allocate(size, usual_alignment(align), Family::malloc, ZIGMUND_FRAME));
}

ZIGMUND_INTERPOSED void* memalign(std::size_t align, std::size_t size) {
    return or_no_memory(interpose::allocate(size, usual_alignment(align), Family::malloc, ZIGMUND_FRAME));
}

ZIGMUND_INTERPOSED void* valloc(std::size_t size) {
    return or_no_memory(interpose::allocate(size, page(), Family::malloc, ZIGMUND_FRAME));
}

ZIGMUND_INTERPOSED void* pvalloc(std::size_t size) {
    const std::size_t mask = page() - 1;
    if (size > SIZE_MAX - mask) return no_memory();
    return or_no_memory(interpose::allocate((size + mask) & ~mask, page(), Family::malloc, ZIGMUND_FRAME));
}

ZIGMUND_INTERPOSED std::size_t malloc_usable_size(void* p) { return interpose::usable_size(p); }
