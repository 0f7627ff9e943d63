#include "own_pages.hpp"

#include <sys/mman.h>

#include <array>

#include "spin_lock.hpp"

namespace zigmund::alloc::inline v0 {
namespace interpose {
namespace {

/// Two for each thread number, one for each 64 MiB of blocks and each MiB of stacks.
constexpr std::size_t most_ranges = 32'768;

constinit detail::SpinLock lock;
constinit std::array<PageRange, most_ranges> ranges{};
constinit std::size_t count = 0;

}  // namespace

std::span<const PageRange> own_pages() noexcept { return {ranges.data(), count}; }

void lock_own_pages() noexcept { lock.lock(); }
void unlock_own_pages() noexcept { lock.unlock(); }

}  // namespace interpose

namespace detail {

using interpose::count;
using interpose::lock;
using interpose::ranges;

void* map_pages(std::size_t size) noexcept {
    const SpinGuard guard{lock};
    if (count == ranges.size()) return nullptr;
    void* const p =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return nullptr;
    // The books are sparse: a huge page would make two megabytes resident for one entry.
    (void)::madvise(p, size, MADV_NOHUGEPAGE);
    const auto begin = reinterpret_cast<std::uintptr_t>(p);
    ranges[count++] = {.begin = begin, .end = begin + size};
    return p;
}

void unmap_pages(void* p, std::size_t size) noexcept {
    const SpinGuard guard{lock};
    for (std::size_t i = count; i > 0; --i) {
        if (ranges[i - 1].begin != reinterpret_cast<std::uintptr_t>(p)) continue;
        ranges[i - 1] = ranges[--count];
        break;
    }
    (void)::munmap(p, size);
}

}  // namespace detail
}  // namespace zigmund::alloc::inline v0
