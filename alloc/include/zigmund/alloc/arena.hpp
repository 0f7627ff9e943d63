// Arena: memory that is freed all at once.
//
// An allocation moves a cursor through a chunk of memory taken from the upstream; freeing one block does
// nothing, except that the newest block is taken back and may grow in place; reset() frees them all and
// can keep the memory for the next round.
//
//     chunk:  | header | block | block |  ...  cursor ->            limit |
//
// The limit is a multiple of 16 and the cursor never passes it, so that for every alignment up to 16 the
// one test `size <= limit - aligned cursor` is exact and cannot overflow. An arena that owns nothing has
// cursor and limit at the same static address: it needs no test for null.
//
//     Arena arena;                                    // owns nothing yet
//     std::pmr::vector<int> v{arena.allocator()};     // pmr containers, or any Allocator user
//     void* p = arena.allocate(100);                  // inline: no virtual call
//     arena.reset(Reset::retain_capacity);            // everything above is dead, the memory is kept
//
// Threads: one at a time; no locks, no atomics. Cost: a handful of instructions an allocation, one compare
// among them; through Allocator or pmr one virtual call more. Never: moves (blocks and containers point to
// it), frees a block of its own accord, runs a destructor that was not registered by create().
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/arena_options.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/resource.hpp>

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

namespace zigmund::alloc {

class Arena final : public Resource {
  public:
    /// An arena over `upstream`, which must outlive it. Takes nothing before the first allocation.
    explicit Arena(Allocator upstream = heap(), ArenaOptions options = {}) noexcept;
    /// The same, which uses `buffer` first: the caller's memory (stack, static), which must outlive the
    /// arena and is never freed. What of it lies below the first multiple of 16 is not used.
    explicit Arena(std::span<std::byte> buffer, Allocator upstream = heap(),
                   ArenaOptions options = {}) noexcept;
    /// Gives everything back to the upstream.
    ~Arena() override;

    /// The value to pass around. It must not outlive the arena.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

    // ---- the verbs of Resource, inline: see there for their contracts ----

    /// Null when the upstream refuses or the limit is reached; the arena is then as it was before.
    /// The block lives until it is deallocated or the arena is reset or destroyed. O(1), amortised over
    /// the chunks.
    [[nodiscard]] void* try_allocate(std::size_t size, std::size_t align = default_align) noexcept {
        std::uintptr_t block;
        if (bump(size, align, block)) [[likely]]
            return reinterpret_cast<void*>(block);
        return allocate_slow(size, align);
    }

    /// try_allocate() that throws std::bad_alloc instead of returning null.
    [[nodiscard]] void* allocate(std::size_t size, std::size_t align = default_align) {
        std::uintptr_t block;
        if (bump(size, align, block)) [[likely]]
            return reinterpret_cast<void*>(block);
        return allocate_or_throw(size, align);
    }

    /// True for any smaller size; for a larger one if the block is the newest one and its chunk has room,
    /// or if it has memory of its own that the upstream can grow in place. O(1) for both.
    [[nodiscard]] bool resize(void* p, std::size_t old_size, std::size_t align,
                              std::size_t new_size) noexcept {
        return resize_newest(window_, p, old_size, new_size) || resize_slow(p, old_size, align, new_size);
    }

    /// What resize() can do, and what the upstream's remap() can do for a block with memory of its own.
    [[nodiscard]] void* remap(void* p, std::size_t old_size, std::size_t align,
                              std::size_t new_size) noexcept {
        if (resize_newest(window_, p, old_size, new_size)) return p;
        return remap_slow(p, old_size, align, new_size);
    }

    /// Takes the newest block back, gives a block with memory of its own to the upstream, and ignores any
    /// other until the next reset(). O(1) for the newest.
    void deallocate(void* p, std::size_t size, std::size_t align = default_align) noexcept {
        assert(std::has_single_bit(align));
        const auto block = reinterpret_cast<std::uintptr_t>(p);
        if (is_newest(window_, block, size))
            window_.cursor = block;
        else if (frees_) [[unlikely]]
            deallocate_slow(p, size, align);
    }

    // ---- all at once ----

    /// Frees every block; `mode` says what memory stays for the next round. True: it got what it wanted.
    /// False: the upstream refused the one large chunk, and the largest of the chunks that there were is
    /// kept; the arena is empty and usable either way. O(chunks).
    bool reset(Reset mode) noexcept;

    // ---- what it holds ----

    /// Bytes of the blocks in use, the padding between them included, and of those that were freed in
    /// vain. O(1).
    [[nodiscard]] std::size_t bytes_used() const noexcept;
    /// Bytes that are held from the upstream, headers included; the initial buffer is not. O(1).
    [[nodiscard]] std::size_t bytes_reserved() const noexcept { return reserved_; }

  private:
    /// The head of a block of memory from the upstream, or of the initial buffer.
    struct Chunk {
        Chunk* older;
        std::uintptr_t begin;   ///< of the memory for blocks
        std::uintptr_t end;     ///< of the memory that the upstream gave
        std::uintptr_t cursor;  ///< the first byte that is not in use, once the window has left
    };

    /// The part of the newest chunk that allocations are cut from, as addresses.
    struct Window {
        std::uintptr_t cursor;  ///< the first free byte
        std::uintptr_t limit;   ///< a multiple of 16, not below the cursor
        std::uintptr_t floor;   ///< blocks that begin below it are neither freed nor grown
        std::uintptr_t begin;   ///< of the chunk
    };

    bool bump(std::size_t size, std::size_t align, std::uintptr_t& block) noexcept {
        assert(std::has_single_bit(align));
        if (align > default_align) [[unlikely]]
            return false;
        block = (window_.cursor + (align - 1)) & ~(std::uintptr_t{align} - 1);
        if (size > window_.limit - block) [[unlikely]]
            return false;
        window_.cursor = block + size;
        return true;
    }

    static bool is_newest(const Window& window, std::uintptr_t block, std::size_t size) noexcept {
        return block + size == window.cursor && block >= window.floor;
    }

    static bool resize_newest(Window& window, void* p, std::size_t old_size, std::size_t new_size) noexcept {
        const auto block = reinterpret_cast<std::uintptr_t>(p);
        if (!is_newest(window, block, old_size) || new_size > window.limit - block) return false;
        window.cursor = block + new_size;
        return true;
    }

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void* do_allocate(std::size_t size, std::size_t align) override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;

    [[gnu::cold, gnu::noinline]] void* allocate_slow(std::size_t size, std::size_t align) noexcept;
    [[gnu::cold, gnu::noinline]] void* allocate_or_throw(std::size_t size, std::size_t align);
    [[gnu::noinline]] bool resize_slow(void* p, std::size_t old_size, std::size_t align,
                                       std::size_t new_size) noexcept;
    [[gnu::noinline]] void* remap_slow(void* p, std::size_t old_size, std::size_t align,
                                       std::size_t new_size) noexcept;
    [[gnu::noinline]] void deallocate_slow(void* p, std::size_t size, std::size_t align) noexcept;

    void* cut(std::size_t size, std::size_t align) noexcept;
    void* cut_from_new_chunk(std::size_t size, std::size_t align, std::size_t need) noexcept;
    void* allocate_big(std::size_t size, std::size_t align, std::size_t need) noexcept;
    Chunk** find_big(void* p, std::size_t size) noexcept;
    [[nodiscard]] std::size_t next_chunk() const noexcept;
    [[nodiscard]] std::size_t budget() const noexcept { return options_.limit - bytes_used(); }

    /// Of what the upstream gave; not asked of the initial buffer.
    static std::size_t total_size(const Chunk* chunk) noexcept {
        return chunk->end - reinterpret_cast<std::uintptr_t>(chunk);
    }
    static constexpr std::size_t smallest_chunk = sizeof(Chunk) + default_align;

    Chunk* take(std::size_t total) noexcept;
    void give_back(Chunk* chunk) noexcept;
    void enter(Chunk* chunk) noexcept;
    void leave() noexcept;
    void set_limit() noexcept;
    bool retain(std::size_t limit) noexcept;
    Chunk* regrow(Chunk* chunk, std::size_t total) noexcept;

    [[nodiscard]] Window& real() noexcept { return watched_ ? hidden_ : window_; }
    [[nodiscard]] const Window& real() const noexcept { return watched_ ? hidden_ : window_; }
    void show(std::uintptr_t begin, std::size_t size) const noexcept;
    void hide(std::uintptr_t begin, std::uintptr_t end) const noexcept;

    Window window_;    ///< what the inline verbs see
    bool watched_;     ///< by a memory checker, which must hear of each block: window_ is empty for ever
    bool frees_;       ///< deallocate() has more to do than taking back the newest block
    Window hidden_;    ///< when watched, the window in use
    Chunk initial_{};  ///< of the caller's buffer
    Allocator upstream_;
    ArenaOptions options_;
    Chunk* chunks_ = nullptr;       ///< newest first; the window lies in the first
    Chunk* bigs_ = nullptr;         ///< blocks with memory of their own, newest first
    std::size_t smallest_big_ = 0;  ///< no block of bigs_ is smaller
    std::size_t closed_ = 0;        ///< bytes used outside the window
    std::size_t reserved_ = 0;
    std::size_t high_water_ = 0;  ///< of bytes_used(), ageing: for Reset::decay
};

}  // namespace zigmund::alloc
