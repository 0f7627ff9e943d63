// HeapCalls: how an Allocator reaches the heap without a virtual call.
//
// Nearly every Allocator of a release build names the heap, or a GeneralPurposeAllocator that samples: one
// that passes all but one block in thousands on to the heap. The virtual call costs a tenth of mimalloc. An
// Allocator therefore notes, in a bit that the alignment of its resource leaves free, that it may call the
// heap itself; one that names something else pays the test of that bit.
//
// Private to the library, though it is seen from a public header. What the heap is, the library alone
// decides: under a sanitizer or Valgrind no Allocator has the bit, and every call is the virtual one.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/resource.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace zigmund::alloc::inline v0::detail {

/// Up to this size a block is mimalloc's. Above it is a mapping of its own: a block's size alone says where
/// it came from.
inline constexpr std::size_t largest_recycled = std::size_t{16} << 20;

struct HeapCalls {
    const Resource* resource;                      ///< that of heap(); null: its calls are not these
    void* (*allocate)(std::size_t size) noexcept;  ///< aligned to the lesser of size and default_align
    void (*deallocate)(void* p) noexcept;
};

ZIGMUND_EXPORT extern const HeapCalls heap_calls;

/// Where the guarded blocks of allocators that pass the others on to the heap lie: a tebibyte of address
/// space that neither the kernel nor mimalloc uses of its own accord. A pointer tells by itself that it is
/// one.
inline constexpr unsigned sampled_window_bits = 40;
inline constexpr std::uintptr_t sampled_window = std::uintptr_t{0x40} << sampled_window_bits;

[[nodiscard]] inline bool is_sampled(const void* p) noexcept {
    return reinterpret_cast<std::uintptr_t>(p) >> sampled_window_bits ==
           sampled_window >> sampled_window_bits;
}

/// The allocator that samples for the calling thread. One at a time: the first that the thread uses, as long
/// as it lives. The others, and a thread that ends, count in the allocator's books.
class Sampling {
  public:
    /// Whether the allocator at `resource` passes this block on to the heap. Counts it if so.
    [[nodiscard]] bool passes_on(std::uintptr_t resource) noexcept {
        return resource == resource_.load(std::memory_order_relaxed) &&
               !__builtin_sub_overflow(until_sample, 1, &until_sample);
    }

    // ---- for the allocator itself, which says when ----

    [[nodiscard]] bool is_for(const Resource& resource) const noexcept {
        return resource_.load(std::memory_order_relaxed) == reinterpret_cast<std::uintptr_t>(&resource);
    }
    [[nodiscard]] bool is_free() const noexcept { return resource_.load(std::memory_order_relaxed) == 0; }
    /// `until` is where its books keep the count while the thread does not.
    void begin(const Resource& resource, std::uint64_t& until) noexcept {
        books_ = &until;
        until_sample = until;
        resource_.store(reinterpret_cast<std::uintptr_t>(&resource), std::memory_order_relaxed);
    }
    /// By the thread, at its end.
    void end() noexcept {
        if (is_free()) return;
        *books_ = until_sample;
        resource_.store(0, std::memory_order_relaxed);
    }
    /// By any thread, once nobody uses `resource` any more.
    void end(const Resource& resource) noexcept {
        auto expected = reinterpret_cast<std::uintptr_t>(&resource);
        resource_.compare_exchange_strong(expected, 0, std::memory_order_relaxed);
    }

    std::uint64_t until_sample = 0;  ///< blocks until the next that is sampled; below 0: that is due
    static constexpr std::uint64_t due = UINT64_MAX;

  private:
    std::uint64_t* books_ = nullptr;
    std::atomic<std::uintptr_t> resource_ = 0;
};

// The model: also in a library that a program loads later, these 24 bytes are one instruction away.
ZIGMUND_EXPORT extern constinit thread_local Sampling sampling [[gnu::tls_model("initial-exec")]];

}  // namespace zigmund::alloc::inline v0::detail
