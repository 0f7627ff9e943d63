// ArenaBase: what arenas of every smallest alignment have in common; see <zigmund/alloc/arena.hpp>.
//
// Everything but the verbs that are inline there: chunks, reset, savepoints, and the look inside. A function
// that empties, rewinds or inspects an arena, and does not allocate from it directly, may take an ArenaBase&.
//
// Threads: one at a time. Cost: see each function. Never: moves.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/arena_options.hpp>
#include <zigmund/alloc/detail/free_lists.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/resource.hpp>
#include <zigmund/alloc/savepoint.hpp>
#include <zigmund/alloc/transaction.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

namespace zigmund::alloc::inline v0 {

/// One piece of an arena's memory, as for_each_chunk() shows it. Valid until the arena changes.
struct ArenaChunk {
    std::span<const std::byte> used;  ///< from its first block to the end of its last one
    std::size_t capacity;             ///< bytes for blocks, `used` among them
};

class ZIGMUND_EXPORT ArenaBase : public Resource {
  public:
    /// The value to pass around. It must not outlive the arena.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

    // ---- all at once ----

    /// Frees every block, after the registered destructors have run; `mode` says what memory stays for the
    /// next round. True: it got what it wanted. False: the upstream refused the one large chunk, and the
    /// largest of the chunks that there were is kept; the arena is empty and usable either way. Not while a
    /// savepoint is open. O(chunks and destructors).
    bool reset(Reset mode) noexcept;

    /// Where the arena is now, to go back to: see <zigmund/alloc/savepoint.hpp>. Close it once, by rewind()
    /// or release(). ArenaScope does it by itself. O(1).
    [[nodiscard]] Savepoint savepoint() noexcept;
    /// Frees every block made since, after running the destructors registered since. O(chunks and
    /// destructors since).
    void rewind(const Savepoint& savepoint) noexcept;
    /// Keeps every block made since, and forgets the savepoint. O(1).
    void release(const Savepoint& savepoint) noexcept;
    /// A scope that rewinds unless it is committed: see <zigmund/alloc/transaction.hpp>. O(1).
    [[nodiscard]] Transaction transaction() noexcept;

    // ---- what it holds ----

    /// Bytes of the blocks in use, each rounded up to the arena's smallest alignment and with the padding
    /// before it, and of those that were freed in vain. O(1).
    [[nodiscard]] std::size_t bytes_used() const noexcept { return closed_ + (real().cursor - real().begin); }
    /// Bytes that are held from the upstream, headers included; the initial buffer is not. O(1).
    [[nodiscard]] std::size_t bytes_reserved() const noexcept { return reserved_; }
    /// The largest bytes_used() of its life. Exact. O(1).
    [[nodiscard]] std::size_t peak_bytes_used() const noexcept;
    /// Bytes at the ends of chunks that no allocation reaches before the next rewind or reset. O(chunks).
    [[nodiscard]] std::size_t bytes_wasted() const noexcept;
    /// Pieces of memory that it holds: the initial buffer, chunks, and blocks with memory of their own.
    /// O(chunks).
    [[nodiscard]] std::size_t chunk_count() const noexcept;
    /// How often in its life the upstream gave it memory. A warm arena adds none. O(1).
    [[nodiscard]] std::size_t spill_count() const noexcept { return spills_; }
    /// Whether `p` points into memory that the arena has handed out, or has freed in vain. O(chunks).
    [[nodiscard]] bool owns(const void* p) const noexcept;
    /// Calls `visit` with the ArenaChunk of each piece of memory that it holds: the chunks, newest first, the
    /// initial buffer, then the blocks with memory of their own. `visit` must not use the arena. O(chunks).
    template <class Visit>
    void for_each_chunk(Visit&& visit) const {
        for (const Chunk* list : {chunks_, bigs_, spare_})
            for (; list != nullptr; list = list->older) visit(view(list));
    }

  protected:
    /// \cond
    using Chunk = detail::Chunk;
    using Window = detail::Window;
    using Cleanup = detail::Cleanup;

    ArenaBase(std::size_t min_align, std::span<std::byte> buffer, Allocator upstream,
              ArenaOptions options) noexcept;

    ~ArenaBase() override = default;
    /// What the destructor of the whole arena does: those that it runs may still use the verbs.
    void end() noexcept;

    static constexpr std::size_t rounded(std::size_t size, std::size_t min_align) noexcept {
        return (size + (min_align - 1)) & ~(min_align - 1);
    }

    static bool is_newest(const Window& window, std::uintptr_t block, std::size_t size,
                          std::size_t min_align) noexcept {
        return block + rounded(size, min_align) == window.cursor && block >= window.floor;
    }

    static void take_back(Window& window, std::uintptr_t block) noexcept {
        if (window.top < window.cursor) window.top = window.cursor;
        window.cursor = block;
    }

    static bool resize_newest(Window& window, void* p, std::size_t old_size, std::size_t new_size,
                              std::size_t min_align) noexcept {
        const auto block = reinterpret_cast<std::uintptr_t>(p);
        // A block of size 0 may share its address with the first one behind a savepoint.
        if (!is_newest(window, block, old_size, min_align) || old_size == 0 ||
            new_size > window.limit - block)
            return false;
        take_back(window, block + rounded(new_size, min_align));
        return true;
    }

    /// For alignments beyond 16, to which the limit is none: the padding may be larger than the room.
    [[gnu::always_inline]] static inline bool bump_aligned(Window& window, std::size_t size,
                                                           std::size_t align, std::size_t min_align,
                                                           std::uintptr_t& block) noexcept {
        const std::size_t room = window.limit - window.cursor;
        const std::size_t padding = (0 - window.cursor) & (align - 1);
        if (padding > room || size > room - padding) [[unlikely]]
            return false;
        block = window.cursor + padding;
        window.cursor = block + rounded(size, min_align);
        return true;
    }

    [[gnu::cold, gnu::noinline]] void* allocate_slow(std::size_t size, std::size_t align) noexcept;
    [[gnu::cold, gnu::noinline]] void* allocate_or_throw(std::size_t size, std::size_t align);
    [[gnu::noinline]] bool resize_slow(void* p, std::size_t old_size, std::size_t align,
                                       std::size_t new_size) noexcept;
    [[gnu::noinline]] void* remap_slow(void* p, std::size_t old_size, std::size_t align,
                                       std::size_t new_size) noexcept;
    [[gnu::noinline]] void deallocate_slow(void* p, std::size_t size, std::size_t align) noexcept;

    void add_cleanup(void* memory, void (*run)(Cleanup*) noexcept) noexcept {
        cleanups_ = ::new (memory) Cleanup{.older = cleanups_, .run = run};
    }
    [[nodiscard]] Window& real() noexcept { return diverted_ ? hidden_ : window_; }
    [[nodiscard]] const Window& real() const noexcept { return diverted_ ? hidden_ : window_; }

    Window window_;  ///< what the inline verbs see
    bool frees_;     ///< deallocate() has more to do than taking back the newest block
                     /// \endcond

  private:
    [[gnu::cold, gnu::noinline]] void* allocate_from_chunks(std::size_t size, std::size_t align) noexcept;
    [[gnu::cold, gnu::noinline]] void* allocate_from_chunks_or_throw(std::size_t size, std::size_t align);
    void* cut(std::size_t size, std::size_t align) noexcept;
    void* reuse(std::size_t size, std::size_t align, std::size_t most) noexcept;
    void* cut_from_new_chunk(std::size_t size, std::size_t align, std::size_t need) noexcept;
    void* allocate_big(std::size_t size, std::size_t align, std::size_t need) noexcept;
    Chunk** find_big(void* p, std::size_t size) noexcept;
    void account_big(Chunk* big, std::size_t new_size) noexcept;
    [[nodiscard]] std::size_t next_chunk() const noexcept;
    [[nodiscard]] std::size_t budget() const noexcept { return options_.limit - bytes_used(); }

    /// Of what the upstream gave; not asked of the initial buffer.
    static std::size_t total_size(const Chunk* chunk) noexcept {
        return chunk->end - reinterpret_cast<std::uintptr_t>(chunk);
    }
    static constexpr std::size_t smallest_chunk = sizeof(Chunk) + default_align;

    Chunk* take(std::size_t total) noexcept;
    void give_back(Chunk* chunk) noexcept;
    void put_aside(Chunk* chunk) noexcept;
    void enter(Chunk* chunk) noexcept;
    void leave() noexcept;
    void set_limit() noexcept;
    bool retain(std::size_t limit) noexcept;
    [[nodiscard]] bool is_alone(const Chunk* chunk) const noexcept;
    Chunk* regrow(Chunk* chunk, std::size_t total) noexcept;

    void close(const Savepoint& savepoint) noexcept;
    [[nodiscard]] bool is_above_floor(std::uintptr_t block) const noexcept;
    void update_frees() noexcept { frees_ = diverted_ || bigs_ != nullptr; }
    void check_innermost(const Savepoint& savepoint) const noexcept;
    void check_no_savepoint() const noexcept;
    void run_cleanups(const Cleanup* last) noexcept;
    void note_peak() noexcept;

    [[nodiscard]] ArenaChunk view(const Chunk* chunk) const noexcept;

    /// Whether the top chunk still gives blocks.
    [[nodiscard]] bool in_window() const noexcept {
        return chunks_ != nullptr && real().begin == chunks_->begin;
    }
    void show(std::uintptr_t begin, std::size_t size) const noexcept;
    void hide(std::uintptr_t begin, std::uintptr_t end) const noexcept;

    std::size_t min_align_;
    bool diverted_;    ///< no block is cut inline: window_ is empty for ever
    bool watched_;     ///< by a memory checker, which must hear of each block
    Window hidden_;    ///< when diverted, the window in use
    Chunk initial_{};  ///< of the caller's buffer
    Allocator upstream_;
    ArenaOptions options_;
    Chunk* chunks_ = nullptr;  ///< newest first; the window lies in the first
    Chunk* bigs_ = nullptr;    ///< blocks with memory of their own, newest first
    Chunk* spare_ = nullptr;   ///< an empty chunk, kept by a rewind
    Cleanup* cleanups_ = nullptr;
    std::size_t closed_ = 0;  ///< bytes used outside the window
    std::size_t reserved_ = 0;
    std::size_t smallest_big_ = 0;  ///< no block of bigs_ is smaller
    Chunk* bigs_floor_ = nullptr;   ///< from here on, bigs_ are older than the innermost savepoint
    Chunk* floor_chunk_ = nullptr;  ///< the newest chunk at the innermost savepoint
    std::uintptr_t floor_ = 0;      ///< and its cursor then
    std::uint64_t last_serial_ = 0;
    std::uint64_t innermost_ = 0;  ///< the serial of the innermost open savepoint
    std::size_t open_savepoints_ = 0;
    std::size_t spills_ = 0;
    std::size_t round_peak_ = 0;  ///< of bytes_used(), since the last reset, as of the last note_peak()
    std::size_t peak_ = 0;        ///< of its life, as of the last note_peak()
    std::size_t high_water_ = 0;  ///< the peak of rounds, ageing: for Reset::decay
    detail::FreeLists free_lists_;
};

}  // namespace zigmund::alloc::inline v0
