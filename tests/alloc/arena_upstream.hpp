// Upstream: what the tests put under an arena. It counts, refuses, and gives memory of the least alignment
// that it promises.
#pragma once

#include <zigmund/alloc/heap.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace arena_test {

class Upstream final : public zigmund::alloc::Resource {
  public:
    std::size_t calls = 0;  ///< verbs that succeeded, deallocation too
    std::size_t live_blocks = 0;
    std::size_t live_bytes = 0;
    std::vector<std::size_t> sizes;       ///< of each block given
    std::size_t refuse_above = SIZE_MAX;  ///< sizes that it does not give
    bool resizes = false;                 ///< grows blocks in place
    bool remaps = false;                  ///< grows blocks by moving them

    ~Upstream() override {
        // What is still here was leaked, or belongs to an arena that outlives its upstream.
        if (live_blocks != 0) std::abort();
    }

  private:
    static constexpr std::size_t room = 1 << 16;  // behind each block, for resize

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        if (size > refuse_above) return nullptr;
        if (size > SIZE_MAX / 4) return nullptr;
        // At an odd multiple of the alignment: what is aligned better is so by accident.
        auto* base = static_cast<std::byte*>(
            zigmund::alloc::heap().try_allocate(size + 2 * align + (resizes ? room : 0), 2 * align));
        if (base == nullptr) return nullptr;
        ++calls, ++live_blocks, live_bytes += size;
        sizes.push_back(size);
        return base + align;
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        ++calls, --live_blocks, live_bytes -= size;
        std::memset(p, 0xdd, size);
        zigmund::alloc::heap().deallocate(static_cast<std::byte*>(p) - align,
                                          size + 2 * align + (resizes ? room : 0), 2 * align);
    }
    bool do_resize(void* /*p*/, std::size_t old_size, std::size_t /*align*/,
                   std::size_t new_size) noexcept override {
        if (!resizes || new_size > refuse_above || new_size > old_size + room / 4) return false;
        ++calls, live_bytes += new_size - old_size;
        return true;
    }
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        if (do_resize(p, old_size, align, new_size)) return p;
        if (!remaps) return nullptr;
        const std::size_t before = calls;
        void* moved = do_try_allocate(new_size, align);
        if (moved == nullptr) return nullptr;
        std::memcpy(moved, p, std::min(old_size, new_size));
        do_deallocate(p, old_size, align);
        calls = before + 1;
        return moved;
    }
};

}  // namespace arena_test
