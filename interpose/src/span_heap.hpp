// SpanHeap: memory from the kernel for a process whose malloc is ours, so that nothing below it is.
//
//     region:  | granule 64 KiB | granule | ...            one range of address space, opened from the front
//     span:    one or more granules that hold blocks of one size class; a class is at most 1/4 above the last
//     shard:   the spans that a thread number allocates from, under a lock that only frees of other
//              threads' blocks contend for
//
// What lies in the region is told by one comparison, and the block that an address lies in by its span. It
// knows the size of each block, therefore it ignores the sizes that come back. Empty spans are reused by
// their class; big ones give their memory to the kernel at once and keep the addresses.
//
// Threads: any. Cost: one lock, free of contention, and a free list. Never: calls malloc, touches
// thread-local memory that would be allocated, throws.
#pragma once

#include <zigmund/alloc/resource.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "spin_lock.hpp"

namespace zigmund::alloc::inline v0::interpose {

/// Four classes to each doubling: 16 32 48 64, 80 96 112 128, 160 192 ...
namespace size_class {

constexpr unsigned of(std::size_t size) noexcept {
    if (size <= 64) return static_cast<unsigned>((std::max<std::size_t>(size, 1) - 1) / 16);
    const auto doubling = static_cast<unsigned>(std::bit_width(size - 1)) - 1;  // 2^doubling < size
    const auto quarter = static_cast<unsigned>((size - 1 - (std::size_t{1} << doubling)) >> (doubling - 2));
    return 4 * (doubling - 5) + quarter;
}

constexpr std::size_t size(unsigned kind) noexcept {
    if (kind < 4) return std::size_t{16} * (kind + 1);
    const unsigned doubling = kind / 4 + 5;
    return (std::size_t{1} << doubling) + (std::size_t{kind % 4 + 1} << (doubling - 2));
}

}  // namespace size_class

class SpanHeap final : public Resource {
  public:
    constexpr SpanHeap() noexcept = default;
    /// Blocks outlive everything; the region is never given back.
    ~SpanHeap() override = default;

    /// Reserves address space, `most` bytes or what the process may have of it. False: none.
    [[nodiscard]] bool open(std::size_t most) noexcept;

    /// The region, and the part of it that may be accessed.
    [[nodiscard]] bool contains(const void* p) const noexcept {
        return reinterpret_cast<std::uintptr_t>(p) - begin_ < size_;
    }
    [[nodiscard]] std::span<const std::byte> region() const noexcept {
        return {reinterpret_cast<const std::byte*>(begin_), size_};
    }

    /// Usable bytes of the block that begins at `p`; 0: no block that is in use begins there.
    [[nodiscard]] std::size_t usable_size(const void* p) const noexcept;

    /// Bytes from `p`, which lies in a block that is in use, to where that ends.
    [[nodiscard]] std::size_t room_from(const void* p) const noexcept;

    /// True for a block that was just allocated and whose memory the kernel has zeroed and nobody has
    /// touched.
    [[nodiscard]] bool is_zeroed(const void* p) const noexcept;

    // ---- small blocks, of which many share a granule: see ThreadCache ----

    static constexpr unsigned small_classes = 20;
    static constexpr std::size_t largest_small = 1024;

    static constexpr unsigned class_of(std::size_t size) noexcept { return size_class::of(size); }
    static constexpr std::size_t size_of(unsigned kind) noexcept { return size_class::size(kind); }

    /// `count` blocks of a class, or what there is, linked; `count` tells how many. One lock.
    [[nodiscard]] void* take(unsigned kind, std::uint32_t& count) noexcept;
    /// Blocks that are linked. A lock for each shard in a row.
    void give_back(void* blocks) noexcept;
    [[nodiscard]] static void* next_of(const void* block) noexcept {
        return *static_cast<void* const*>(block);
    }
    static void set_next(void* block, void* next) noexcept { *static_cast<void**>(block) = next; }

    /// The class of the block that begins at `p`; small_classes: no block of a small class that is in use does.
    [[nodiscard]] unsigned small_class_at(const void* p) const noexcept {
        const auto address = reinterpret_cast<std::uintptr_t>(p);
        if (address - begin_ >= size_) return small_classes;
        const Span& span = spans_[(address - begin_) >> granule_bits];  // a granule has no other span
        const unsigned kind = span.kind;
        if (kind >= small_classes || !span.open.load(std::memory_order_relaxed)) return small_classes;
        const auto offset = static_cast<std::uint32_t>(address & (granule - 1));
        const auto number = static_cast<std::uint32_t>((std::uint64_t{offset} * inverse_[kind]) >> 32);
        return number * static_cast<std::uint32_t>(size_of(kind)) == offset && number < span.carved
                   ? kind
                   : small_classes;
    }

    /// For fork(): no other thread is inside meanwhile.
    void lock_all() noexcept;
    void unlock_all() noexcept;

  private:
    static constexpr unsigned granule_bits = 16;
    static constexpr std::size_t granule = std::size_t{1} << granule_bits;
    static constexpr unsigned classes = 4 * 36;  // up to 2^40 bytes
    static constexpr unsigned shard_count = 64;
    static constexpr std::size_t opened_at_once = std::size_t{4} << 20;
    static constexpr std::size_t kept_of_class = std::size_t{1} << 20;  // bytes of empty spans, still touched

    /// What is known of a granule. Of a span only its first is used, but for `head`.
    struct Span {
        std::uint32_t head;  // the granule that the span begins with
        std::uint8_t kind;   // the size class
        std::uint8_t shard;
        std::atomic<bool> open;  // holds blocks
        bool zeroed;             // all that was not carved yet is as the kernel gave it
        std::uint32_t used;      // blocks handed out
        std::uint32_t carved;    // blocks that were ever handed out since the span was opened
        std::uint32_t room;      // blocks that it can hold
        void* free;              // given back, linked through their first word
        Span* next;
        Span* previous;
    };

    struct alignas(128) Shard {
        detail::SpinLock lock;
        std::array<Span*, classes> partial;  // spans with room, by class
    };

    struct Idle {
        Span* first;
        std::size_t touched;  // bytes that the kernel still backs
    };

    // To divide by a size: exact for what lies in a granule, as both are at most 2^16.
    static constexpr auto inverse_ = [] {
        std::array<std::uint32_t, small_classes> inverse{};
        for (unsigned kind = 0; kind < small_classes; ++kind)
            inverse[kind] =
                static_cast<std::uint32_t>(((std::uint64_t{1} << 32) - 1) / size_class::size(kind) + 1);
        return inverse;
    }();

    static std::size_t span_size(unsigned kind) noexcept;

    [[nodiscard]] Span& span_at(std::uintptr_t address) const noexcept {
        return spans_[spans_[(address - begin_) >> granule_bits].head];
    }
    [[nodiscard]] std::uintptr_t begin_of(const Span& span) const noexcept {
        return begin_ + (static_cast<std::uintptr_t>(&span - spans_) << granule_bits);
    }

    void* allocate_of(unsigned kind) noexcept;
    // With the shard's lock.
    void* allocate_of(unsigned kind, Shard& shard) noexcept;
    void put_back(Span& span, void* p) noexcept;
    Span* new_span(unsigned kind) noexcept;
    void retire(Span& span) noexcept;
    bool open_up_to(std::uintptr_t end) noexcept;

    static void link(Span*& list, Span& span) noexcept;
    static void unlink(Span*& list, Span& span) noexcept;

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    std::uintptr_t begin_ = 0;
    std::size_t size_ = 0;
    Span* spans_ = nullptr;  // by granule
    std::array<Shard, shard_count> shards_{};
    detail::SpinLock lock_;      // of what follows
    std::uintptr_t end_ = 0;     // granules before it were part of a span
    std::uintptr_t opened_ = 0;  // memory before it may be accessed
    std::array<Idle, classes> idle_{};
};

}  // namespace zigmund::alloc::inline v0::interpose
