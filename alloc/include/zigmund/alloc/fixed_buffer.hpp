// FixedBuffer: allocations from memory that the caller owns.
//
//     std::array<std::byte, 4096> memory;
//     FixedBuffer buffer{memory};
//     std::string_view line = buffer.allocator().print("{}:{}", host, port);
//
// A cursor moves through the buffer. The newest block grows and is freed in place; another one that is freed
// leaves its bytes unused until all blocks are freed, in whatever order: then the buffer is empty again. So a
// buffer that is used like a stack, or filled and emptied in turns, never runs dry.
//
// Under AddressSanitizer and memcheck what is not a live block must not be touched, and the tool says so; the
// buffer is the caller's again when the FixedBuffer dies.
//
// Threads: one at a time (AtomicFixedBuffer for more). Cost: one compare, two additions and a counter. Never: takes
// memory from anywhere else, writes into the buffer on its own account, moves a block.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

namespace zigmund::alloc::inline v0 {

namespace detail {
/// Whether a memory checker watches this process; the library knows.
ZIGMUND_EXPORT extern const bool memory_is_watched;
}  // namespace detail

class ZIGMUND_EXPORT FixedBuffer final : public Resource {
  public:
    /// Hands out `buffer`, which must outlive every block, to the last byte. It may have any alignment.
    explicit FixedBuffer(std::span<std::byte> buffer) noexcept
        // Without a buffer there are blocks of size 0 all the same, which need an address.
        : cursor_{buffer.data() != nullptr ? buffer.data() : reinterpret_cast<std::byte*>(this)},
          limit_{cursor_ + buffer.size()},
          begin_{cursor_},
          end_{limit_} {
        if (watched_) [[unlikely]]
            watch_reset();
    }
    /// Ends every block.
    ~FixedBuffer() override {
        if (watched_) [[unlikely]]
            watch_end();
    }

    /// The value to pass around. It must not outlive this.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

    // ---- the verbs of Resource, inline: see there for their contracts ----

    /// Null when what is left of the buffer is too small. The block lives until it is deallocated, or until
    /// reset(). O(1).
    [[nodiscard]] void* try_allocate(std::size_t size, std::size_t align = default_align) noexcept {
        // One compare for the padding and the size: a sum beyond the end of all addresses is the only other way to
        // have no room. That of the alignment stays below it, as no address is within largest_inline of it.
        const std::uintptr_t block =
            (reinterpret_cast<std::uintptr_t>(cursor_) + (align - 1)) & ~(std::uintptr_t{align} - 1);
        std::uintptr_t next = 0;
        if (align > largest_inline || __builtin_add_overflow(block, size, &next) ||
            next > reinterpret_cast<std::uintptr_t>(limit_)) [[unlikely]]
            return allocate_slow(size, align);
        if (block == 0) __builtin_unreachable();  // so that callers do not ask again
        cursor_ = reinterpret_cast<std::byte*>(next);
        ++live_;
        return reinterpret_cast<std::byte*>(block);
    }

    /// try_allocate() that throws std::bad_alloc instead of returning null.
    [[nodiscard]] void* allocate(std::size_t size, std::size_t align = default_align) {
        void* const block = try_allocate(size, align);
        if (block == nullptr) [[unlikely]]
            detail::throw_bad_alloc();
        return block;
    }

    /// True for every smaller size; for a bigger one if the block is the newest and the buffer has room.
    /// O(1).
    [[nodiscard]] bool resize(void* p, std::size_t old_size, std::size_t /*align*/,
                              std::size_t new_size) noexcept {
        if (watched_) [[unlikely]]
            return resize_watched(p, old_size, new_size);
        return change(static_cast<std::byte*>(p), old_size, new_size);
    }

    /// What resize() can do: a block of this buffer never moves.
    [[nodiscard]] void* remap(void* p, std::size_t old_size, std::size_t align,
                              std::size_t new_size) noexcept {
        return resize(p, old_size, align, new_size) ? p : nullptr;
    }

    /// Takes the block back if it is the newest, and the whole buffer if it is the last one. O(1).
    void deallocate(void* p, std::size_t size, std::size_t /*align*/ = default_align) noexcept {
        assert(live_ != 0 && owns(p) && "zigmund: FixedBuffer: not one of its live blocks");
        if (watched_) [[unlikely]]
            return deallocate_watched(p, size);
        give_back(static_cast<std::byte*>(p), size);
    }

    // ---- all at once, and what it holds ----

    /// Frees every block. O(1).
    void reset() noexcept {
        cursor_ = begin_;
        live_ = 0;
        if (watched_) [[unlikely]]
            watch_reset();
    }

    /// Bytes up to the end of the newest block, padding and blocks freed in vain included. O(1).
    [[nodiscard]] std::size_t bytes_used() const noexcept {
        return static_cast<std::size_t>(cursor_ - begin_);
    }
    /// Bytes that one more block of alignment 1 could have. O(1).
    [[nodiscard]] std::size_t bytes_left() const noexcept { return static_cast<std::size_t>(end_ - cursor_); }
    /// Bytes of the buffer.
    [[nodiscard]] std::size_t capacity() const noexcept { return static_cast<std::size_t>(end_ - begin_); }
    /// Blocks that are live. O(1).
    [[nodiscard]] std::size_t live_blocks() const noexcept { return live_; }
    /// Whether `p` may be a block of this buffer: true also for the address just behind it, which an empty
    /// block can have.
    [[nodiscard]] bool owns(const void* p) const noexcept {
        return reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>(begin_) <= capacity();
    }

  private:
    static constexpr std::size_t largest_inline = std::size_t{1} << 30;
    static_assert(sizeof(std::uintptr_t) == 8);

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    bool change(std::byte* block, std::size_t old_size, std::size_t new_size) noexcept {
        if (block + old_size != cursor_) return new_size <= old_size;
        if (new_size > static_cast<std::size_t>(end_ - block)) return false;
        cursor_ = block + new_size;
        return true;
    }

    void give_back(std::byte* block, std::size_t size) noexcept {
        if (block + size == cursor_) cursor_ = block;
        if (--live_ == 0) cursor_ = begin_;
    }

    [[gnu::cold, gnu::noinline]] void* allocate_slow(std::size_t size, std::size_t align) noexcept;
    [[gnu::cold, gnu::noinline]] bool resize_watched(void* p, std::size_t old_size,
                                                     std::size_t new_size) noexcept;
    [[gnu::cold, gnu::noinline]] void deallocate_watched(void* p, std::size_t size) noexcept;
    [[gnu::cold, gnu::noinline]] void watch_reset() noexcept;
    [[gnu::cold, gnu::noinline]] void watch_end() noexcept;

    std::byte* cursor_;
    std::byte* limit_;  ///< of what try_allocate gives inline: the end; when watched, the cursor
    std::byte* begin_;
    std::byte* end_;
    std::size_t live_ = 0;
    bool watched_ = detail::memory_is_watched;
};

}  // namespace zigmund::alloc::inline v0
