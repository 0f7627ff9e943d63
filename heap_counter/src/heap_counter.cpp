#include <zigmund/alloc/testing/heap_counter.hpp>

#include <mimalloc.h>

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>

// The C library's malloc under the names that stay its own when malloc is replaced.
extern "C" {
void* libc_malloc(std::size_t size) noexcept __asm__("__libc_malloc");
void* libc_calloc(std::size_t count, std::size_t size) noexcept __asm__("__libc_calloc");
void* libc_realloc(void* p, std::size_t size) noexcept __asm__("__libc_realloc");
void* libc_memalign(std::size_t align, std::size_t size) noexcept __asm__("__libc_memalign");
void libc_free(void* p) noexcept __asm__("__libc_free");
}

namespace {

namespace alloc = zigmund::alloc;

constinit std::atomic<std::size_t> heap_call_count{0};
constinit std::atomic<std::size_t> heap_block_count{0};
constinit std::atomic<std::size_t> mmap_call_count{0};
constinit thread_local unsigned depth = 0;
constinit thread_local alloc::testing::HeapWatch* watch = nullptr;

// Counts the outermost of calls that are made of others.
class HeapCall {
  public:
    explicit HeapCall(const void* frame) noexcept {
        if (depth++ != 0) return;
        heap_call_count.fetch_add(1, std::memory_order_relaxed);
        if (watch != nullptr) [[unlikely]]
            watch->note(frame);
    }
    ~HeapCall() { --depth; }
    HeapCall(const HeapCall&) = delete;
    HeapCall& operator=(const HeapCall&) = delete;

    /// The block that it made, if it did.
    void* made(void* p) const noexcept {
        if (p != nullptr && depth == 1) heap_block_count.fetch_add(1, std::memory_order_relaxed);
        return p;
    }
    /// The block that it made of `old`, which is gone if the size is 0.
    void* remade(void* old, void* p, std::size_t size) const noexcept {
        if (old == nullptr) return made(p);
        if (p == nullptr && size == 0 && depth == 1) heap_block_count.fetch_sub(1, std::memory_order_relaxed);
        return p;
    }
};

// The same for blocks that are given back.
class HeapFree {
  public:
    explicit HeapFree(const void* p) noexcept {
        if (depth++ == 0 && p != nullptr) heap_block_count.fetch_sub(1, std::memory_order_relaxed);
    }
    ~HeapFree() { --depth; }
    HeapFree(const HeapFree&) = delete;
    HeapFree& operator=(const HeapFree&) = delete;
};

/// The next definition of the same function after the one in this file.
template <class Function>
Function* next(const char* name, Function* /*own*/) noexcept {
    void* const found = ::dlsym(RTLD_NEXT, name);
    if (found == nullptr) std::abort();
    return std::bit_cast<Function*>(found);
}

void* aligned(std::size_t align, std::size_t size, const void* frame) noexcept {
    const HeapCall call{frame};
    return call.made(libc_memalign(align, size));
}

constexpr alloc::detail::HeapCounter counter{
    .calls = [] noexcept { return heap_call_count.load(std::memory_order_relaxed); },
    .blocks = [] noexcept { return heap_block_count.load(std::memory_order_relaxed); },
    .maps = [] noexcept { return mmap_call_count.load(std::memory_order_relaxed); },
    .set_watch = [](alloc::testing::HeapWatch* of_thread) noexcept { watch = of_thread; }};

[[maybe_unused]] const bool registered = (alloc::detail::heap_counter = &counter, true);

}  // namespace

extern "C" {

void* malloc(std::size_t size) noexcept {
    const HeapCall call{__builtin_frame_address(0)};
    return call.made(libc_malloc(size));
}

void* calloc(std::size_t count, std::size_t size) noexcept {
    const HeapCall call{__builtin_frame_address(0)};
    return call.made(libc_calloc(count, size));
}

void* realloc(void* p, std::size_t size) noexcept {
    const HeapCall call{__builtin_frame_address(0)};
    return call.remade(p, libc_realloc(p, size), size);
}

void free(void* p) noexcept {
    const HeapFree call{p};
    libc_free(p);
}

void* reallocarray(void* p, std::size_t count, std::size_t size) noexcept {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return nullptr;
    }
    return realloc(p, bytes);
}

void* memalign(std::size_t align, std::size_t size) noexcept {
    return aligned(align, size, __builtin_frame_address(0));
}

void* aligned_alloc(std::size_t align, std::size_t size) noexcept {
    return aligned(align, size, __builtin_frame_address(0));
}

void* valloc(std::size_t size) noexcept {
    return aligned(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)), size, __builtin_frame_address(0));
}

int posix_memalign(void** result, std::size_t align, std::size_t size) noexcept {
    if (!std::has_single_bit(align) || align % sizeof(void*) != 0) return EINVAL;
    void* const p = aligned(align, size, __builtin_frame_address(0));
    if (p == nullptr) return ENOMEM;
    *result = p;
    return 0;
}

void* mi_malloc(std::size_t size) noexcept {
    static const auto real = next("mi_malloc", mi_malloc);
    const HeapCall call{__builtin_frame_address(0)};
    return call.made(real(size));
}

void* mi_zalloc(std::size_t size) noexcept {
    static const auto real = next("mi_zalloc", mi_zalloc);
    const HeapCall call{__builtin_frame_address(0)};
    return call.made(real(size));
}

void* mi_calloc(std::size_t count, std::size_t size) noexcept {
    static const auto real = next("mi_calloc", mi_calloc);
    const HeapCall call{__builtin_frame_address(0)};
    return call.made(real(count, size));
}

void* mi_realloc(void* p, std::size_t size) noexcept {
    static const auto real = next("mi_realloc", mi_realloc);
    const HeapCall call{__builtin_frame_address(0)};
    return call.remade(p, real(p, size), size);
}

void* mi_malloc_aligned(std::size_t size, std::size_t align) noexcept {
    static const auto real = next("mi_malloc_aligned", mi_malloc_aligned);
    const HeapCall call{__builtin_frame_address(0)};
    return call.made(real(size, align));
}

void* mi_malloc_aligned_at(std::size_t size, std::size_t align, std::size_t offset) noexcept {
    static const auto real = next("mi_malloc_aligned_at", mi_malloc_aligned_at);
    const HeapCall call{__builtin_frame_address(0)};
    return call.made(real(size, align, offset));
}

void* mi_realloc_aligned(void* p, std::size_t size, std::size_t align) noexcept {
    static const auto real = next("mi_realloc_aligned", mi_realloc_aligned);
    const HeapCall call{__builtin_frame_address(0)};
    return call.remade(p, real(p, size, align), size);
}

void mi_free(void* p) noexcept {
    static const auto real = next("mi_free", mi_free);
    const HeapFree call{p};
    real(p);
}

void* mmap(void* at, std::size_t size, int protection, int flags, int file, off_t offset) noexcept {
    mmap_call_count.fetch_add(1, std::memory_order_relaxed);
    const long result = ::syscall(SYS_mmap, at, size, protection, flags, file, offset);
    return std::bit_cast<void*>(result);
}

void* mmap64(void* at, std::size_t size, int protection, int flags, int file, off64_t offset) noexcept {
    return mmap(at, size, protection, flags, file, offset);
}

void* mremap(void* at, std::size_t old_size, std::size_t new_size, int flags, ...) noexcept {
    mmap_call_count.fetch_add(1, std::memory_order_relaxed);
    void* fixed = nullptr;
    if ((flags & MREMAP_FIXED) != 0) {
        std::va_list rest;
        va_start(rest, flags);
        fixed = va_arg(rest, void*);
        va_end(rest);
    }
    return std::bit_cast<void*>(::syscall(SYS_mremap, at, old_size, new_size, flags, fixed));
}
}
