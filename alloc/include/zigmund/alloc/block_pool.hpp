// BlockPool: blocks of one size, taken and given back in constant time. Pool<T> is the typed form.
//
// Free blocks form a list that runs through the blocks themselves; a block that was given back is the next
// one taken, while it is still in the cache. Chunks of blocks come from the upstream, each twice as big as
// the one before (4 KiB to 4 MiB), and go back when the pool dies.
//
// Threads: one at a time (put Locked on top of it for more). Cost: three or four instructions a verb while
// there are free blocks; no header, but a block has room for at least one pointer. Never: gives a chunk back
// before it dies, clears a block.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/heap.hpp>

#include <cstddef>
#include <limits>
#include <new>

namespace zigmund::alloc::inline v0 {

/// Of a Pool, and of the BlockPool below it.
struct PoolOptions {
    /// Whether misuse ends the process unless the options say otherwise: not with NDEBUG.
#if defined(NDEBUG)
    static constexpr bool checked_by_default = false;
#else
    static constexpr bool checked_by_default = true;
#endif
    /// Blocks that may be live at a time. What exceeds it is refused.
    std::size_t capacity = std::numeric_limits<std::size_t>::max();
    /// Ends the process, with a message, when a block is given back twice or to the wrong pool. Costs a bit
    /// a block and a search through the chunks a verb. Always on under AddressSanitizer and memcheck, which
    /// are told, too, that a free block must not be touched.
    bool checked = checked_by_default;
};

class ZIGMUND_EXPORT BlockPool final : public Resource {
  public:
    /// Blocks of `block_size` bytes (0 counts as 1) aligned to `block_align`, from `upstream`, which must
    /// outlive it. Takes nothing before the first block.
    BlockPool(std::size_t block_size, std::size_t block_align, Allocator upstream = heap(),
              PoolOptions options = {}) noexcept;
    /// Gives all chunks back to the upstream; blocks that are still live die with them.
    ~BlockPool() override;

    /// The value to pass around, for users that ask for sizes and alignments up to the block's (bigger ones
    /// are refused): std::pmr::list and its like. It must not outlive this.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

    /// A block, or null when the capacity is reached or the upstream refuses. It lives until it is given
    /// back or the pool dies. O(1), but for the calls to the upstream.
    [[nodiscard]] void* take() noexcept {
        Free* const block = free_;
        if (block == nullptr) [[unlikely]]
            return take_slow();
        free_ = block->next;
        ++live_;
        return block;
    }

    /// Gives back what take() returned. O(1). When checked, ends the process by abort() after one of
    ///
    ///     zigmund: pool: double free of the 48-byte block at 0x7f5c9c3e1040
    ///     zigmund: pool: 0x7ffd1c2b3a48 is not one of its 48-byte blocks
    void give(void* p) noexcept {
        if (checked_) [[unlikely]]
            return give_checked(p);
        free_ = ::new (p) Free{free_};
        --live_;
    }

    /// When checked, ends the process as give() would if `p` is not a live block of this pool; else nothing.
    void check_live(const void* p) const noexcept {
        if (checked_) [[unlikely]]
            (void)find_live(p);
    }

    /// Makes sure that the next `n` blocks need no call to the upstream. False: they would exceed the
    /// capacity or the upstream refused; the pool is usable either way.
    [[nodiscard]] bool preheat(std::size_t n) noexcept;

    /// Bytes of a block that its user may use: what was asked for at construction.
    [[nodiscard]] std::size_t block_size() const noexcept { return block_size_; }
    /// Blocks that are live. O(1).
    [[nodiscard]] std::size_t live_blocks() const noexcept { return live_; }
    /// Blocks that there is memory for, live ones included. O(1).
    [[nodiscard]] std::size_t reserved_blocks() const noexcept { return reserved_; }

  private:
    struct Free {
        Free* next;
    };
    struct Chunk;

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    [[gnu::cold, gnu::noinline]] void* take_slow() noexcept;
    [[gnu::cold, gnu::noinline]] void give_checked(void* p) noexcept;
    void* take_checked() noexcept;
    bool grow(std::size_t blocks) noexcept;
    void list_fresh(std::size_t most) noexcept;
    [[nodiscard]] std::size_t chunk_bytes(std::size_t blocks) const noexcept;
    /// Where it is noted whether a block is live.
    struct Note {
        unsigned char* byte;
        unsigned char bit;
    };
    [[nodiscard]] Note find_note(const void* p) const noexcept;
    [[gnu::cold]] Note find_live(const void* p) const noexcept;

    Free* free_ = nullptr;  ///< when checked, empty for ever
    std::size_t live_ = 0;
    bool checked_;
    Free* checked_free_ = nullptr;  ///< when checked, the list in use
    std::byte* fresh_ = nullptr;    ///< blocks of the newest chunk that were never taken
    std::byte* fresh_end_ = nullptr;
    Chunk* chunks_ = nullptr;  ///< newest first
    Allocator upstream_;
    std::size_t block_size_;
    std::size_t align_;   ///< of chunks and blocks
    std::size_t stride_;  ///< from a block to the next
    std::size_t capacity_;
    std::size_t reserved_ = 0;
    std::size_t next_chunk_;  ///< bytes
};

}  // namespace zigmund::alloc::inline v0
