#include <zigmund/alloc/pages.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "immortal.hpp"

namespace zigmund::alloc::inline v0 {
namespace {

/// Of x86-64, and of arm64 with small pages. Where it is another, the advice is still harmless.
constexpr std::size_t huge_page = std::size_t{1} << 21;

/// Bytes of the mapping that holds `size` bytes; 0 when that many do not exist. From here on the kernel
/// aligns a mapping to huge pages if its size is a multiple of theirs, which is worth an eighth of a block.
std::size_t mapped_size(std::size_t size) noexcept {
    const std::size_t unit = size < 8 * huge_page ? page_size() : huge_page;
    return (std::max<std::size_t>(size, 1) + (unit - 1)) & ~(unit - 1);
}

/// One fault instead of 512, and one clearing of 2 MiB, for each huge page that is touched.
void* advised(void* p, std::size_t mapped) noexcept {
    if (p == MAP_FAILED) return nullptr;
    if (mapped >= huge_page) ::madvise(p, mapped, MADV_HUGEPAGE);
    return p;
}

void* map(std::size_t mapped) noexcept {
    return advised(::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                   mapped);
}

void unmap(std::byte* p, std::size_t mapped) noexcept {
    if (mapped == 0 || ::munmap(p, mapped) == 0) return;
    // The kernel cannot split one mapping more. The addresses are lost, the memory need not be.
    ::madvise(p, mapped, MADV_DONTNEED);
}

/// A mapping at a multiple of `align`, cut out of a bigger one.
void* map_aligned(std::size_t mapped, std::size_t align) noexcept {
    const std::size_t surplus = align - page_size();
    if (mapped > std::numeric_limits<std::size_t>::max() - surplus) return nullptr;
    auto* const whole = static_cast<std::byte*>(map(mapped + surplus));
    if (whole == nullptr) return nullptr;
    const std::size_t before =
        (align - (reinterpret_cast<std::uintptr_t>(whole) & (align - 1))) & (align - 1);
    unmap(whole, before);
    unmap(whole + before + mapped, surplus - before);
    return whole + before;
}

class Pages final : public Resource {
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        const std::size_t mapped = mapped_size(size);
        if (mapped == 0) [[unlikely]]
            return nullptr;
        return align <= page_size() ? map(mapped) : map_aligned(mapped, align);
    }

    void do_deallocate(void* p, std::size_t size, std::size_t /*align*/) noexcept override {
        unmap(static_cast<std::byte*>(p), mapped_size(size));
    }

    bool do_resize(void* p, std::size_t old_size, std::size_t /*align*/,
                   std::size_t new_size) noexcept override {
        return change(p, old_size, new_size, 0) == p;
    }

    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        return change(p, old_size, new_size, align <= page_size() ? MREMAP_MAYMOVE : 0);
    }

    static void* change(void* p, std::size_t old_size, std::size_t new_size, int flags) noexcept {
        const std::size_t old_mapped = mapped_size(old_size);
        const std::size_t new_mapped = mapped_size(new_size);
        if (new_mapped == old_mapped) return p;
        if (new_mapped == 0) [[unlikely]]
            return nullptr;
        return advised(::mremap(p, old_mapped, new_mapped, flags), new_mapped);
    }
};

}  // namespace

Allocator pages() noexcept {
    static constinit detail::Immortal<Pages> pages;
    return pages.value;
}

std::size_t page_size() noexcept {
    static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return size;
}

}  // namespace zigmund::alloc::inline v0
