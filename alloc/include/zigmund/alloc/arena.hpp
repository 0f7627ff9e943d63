// Arena: memory that is freed all at once.
//
// An allocation moves a cursor through a chunk of memory taken from the upstream; freeing one block does
// nothing, except that the newest block is taken back and may grow in place; reset() frees them all and
// can keep the memory for the next round.
//
//     chunk:  | header | block | block |  ...  cursor ->            limit |
//
// The cursor is a multiple of 8, and sizes are rounded up to one: for alignments up to 8 the cursor needs no
// arithmetic. The limit is a multiple of 16 that the cursor never passes, so that for every alignment up to
// 16 the one test `size <= limit - block` is exact and cannot overflow. An arena that owns nothing has cursor
// and limit at the same static address: it needs no test for null.
//
//     Arena arena;                                    // owns nothing yet
//     std::pmr::vector<int> v{arena.allocator()};     // pmr containers, or any Allocator user
//     void* p = arena.allocate(100);                  // inline: no virtual call
//     Node* node = arena.create<Node>();              // its destructor runs at the reset
//     arena.reset(Reset::retain_capacity);            // everything above is dead, the memory is kept
//
// Threads: one at a time; no locks, no atomics. Cost: a handful of instructions an allocation, one compare
// among them; through Allocator or pmr one virtual call more. Never: moves (blocks and containers point to
// it), frees a block of its own accord, runs a destructor that was not registered by its own create().
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/arena_options.hpp>
#include <zigmund/alloc/detail/free_lists.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/resource.hpp>
#include <zigmund/alloc/savepoint.hpp>
#include <zigmund/alloc/transaction.hpp>

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace zigmund::alloc {

/// One piece of an arena's memory, as for_each_chunk() shows it. Valid until the arena changes.
struct ArenaChunk {
    std::span<const std::byte> used;  ///< from its first block to the end of its last one
    std::size_t capacity;             ///< bytes for blocks, `used` among them
};

class Arena final : public Resource {
  public:
    /// An arena over `upstream`, which must outlive it. Takes nothing before the first allocation.
    explicit Arena(Allocator upstream = heap(), ArenaOptions options = {}) noexcept;
    /// The same, which uses `buffer` first: the caller's memory (stack, static), which must outlive the
    /// arena and is never freed. What of it lies below the first multiple of 16 is not used.
    explicit Arena(std::span<std::byte> buffer, Allocator upstream = heap(),
                   ArenaOptions options = {}) noexcept;
    /// Runs the registered destructors and gives everything back to the upstream.
    ~Arena() override;

    /// The value to pass around. It must not outlive the arena.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

    // ---- the verbs of Resource, inline: see there for their contracts ----

    /// Null when the upstream refuses or the limit is reached; the arena is then as it was before.
    /// The block lives until it is deallocated or the arena is rewound, reset or destroyed. O(1), amortised
    /// over the chunks.
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
    /// or if it has memory of its own that the upstream can grow in place. O(1) for the newest.
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

    /// Takes the newest block back, gives a block with memory of its own to the upstream, keeps any other for
    /// recycling where the options say so, and ignores it otherwise. O(1) for the newest.
    void deallocate(void* p, std::size_t size, std::size_t align = default_align) noexcept {
        assert(std::has_single_bit(align));
        const auto block = reinterpret_cast<std::uintptr_t>(p);
        if (is_newest(window_, block, size))
            window_.cursor = block;
        else if (frees_) [[unlikely]]
            deallocate_slow(p, size, align);
    }

    // ---- objects: the arena runs their destructors ----

    /// A new `T`, built from `args`; a `T` that takes a pmr allocator gets this arena. If T's destructor
    /// does something, the arena runs it: at rewind(), at reset() or when it dies itself, the last object
    /// first. So the object is not to be destroyed otherwise. Throws std::bad_alloc, and what the
    /// constructor throws, after the memory was given back, padding included; if the constructor left newer
    /// blocks in the arena, that is not possible, and a transaction() undoes all of it. O(1).
    template <class T, class... Args>
    [[nodiscard]] T* create(Args&&... args);

    /// create() that returns Error::out_of_memory instead of throwing. T's constructor must be noexcept.
    template <class T, class... Args>
    [[nodiscard]] Result<T*> try_create(Args&&... args) noexcept;

    /// create() for types without a destructor that does something, checked at compile time: what is made
    /// this way costs its size and nothing at reset.
    template <class T, class... Args>
    [[nodiscard]] T* create_trivial(Args&&... args);

    /// `n` value-initialised objects, whose destructors run like those of create(). Throws std::bad_alloc,
    /// and what a constructor throws, after the objects before it were destroyed and the memory was given
    /// back. O(n).
    template <class T>
    [[nodiscard]] std::span<T> create_array(std::size_t n);

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

    /// Bytes of the blocks in use, each rounded up to 8 and with the padding before it, and of those that
    /// were freed in vain. O(1).
    [[nodiscard]] std::size_t bytes_used() const noexcept { return closed_ + (real().cursor - real().begin); }
    /// Bytes that are held from the upstream, headers included; the initial buffer is not. O(1).
    [[nodiscard]] std::size_t bytes_reserved() const noexcept { return reserved_; }
    /// The largest bytes_used() of its life, as seen at a reset, a rewind and now: a newest block that was
    /// taken back in between does not show. O(1).
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

  private:
    using Chunk = detail::Chunk;
    using Window = detail::Window;
    using Cleanup = detail::Cleanup;

    template <class T>
    struct Object;  // a T behind its Cleanup
    template <class T>
    struct Array;  // the head of an array, its Cleanup first
    class Unfinished;

    template <class T>
    static constexpr void check_object();
    template <class T, class... Args>
    T* build(void* memory, std::uintptr_t before, Args&&... args);
    template <class T, class... Args>
    T* construct(T* place, Args&&... args) {
        return std::uninitialized_construct_using_allocator(place, std::pmr::polymorphic_allocator<>{this},
                                                            std::forward<Args>(args)...);
    }

    /// The cursor stays a multiple of it: sizes are rounded up, which does not wait for the cursor, rather
    /// than the cursor, for which the next allocation waits. (Measured: a third to a half less time a block.)
    static constexpr std::size_t min_align = 8;
    static constexpr std::size_t rounded(std::size_t size) noexcept {
        return (size + (min_align - 1)) & ~(min_align - 1);
    }

    bool bump(std::size_t size, std::size_t align, std::uintptr_t& block) noexcept {
        assert(std::has_single_bit(align));
        block = window_.cursor;
        // Through Allocator, where `align` is no constant, the common path then takes no jump.
        if (align > min_align) [[unlikely]] {
            if (align > default_align) [[unlikely]]
                return false;
            block = (block + (align - 1)) & ~(std::uintptr_t{align} - 1);
        }
        if (size > window_.limit - block) [[unlikely]]
            return false;
        window_.cursor = block + rounded(size);
        return true;
    }

    static bool is_newest(const Window& window, std::uintptr_t block, std::size_t size) noexcept {
        return block + rounded(size) == window.cursor && block >= window.floor;
    }

    static bool resize_newest(Window& window, void* p, std::size_t old_size, std::size_t new_size) noexcept {
        const auto block = reinterpret_cast<std::uintptr_t>(p);
        // A block of size 0 may share its address with the first one behind a savepoint.
        if (!is_newest(window, block, old_size) || old_size == 0 || new_size > window.limit - block)
            return false;
        window.cursor = block + rounded(new_size);
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
    void add_cleanup(void* memory, void (*run)(Cleanup*) noexcept) noexcept {
        cleanups_ = ::new (memory) Cleanup{.older = cleanups_, .run = run};
    }
    void note_peak() noexcept;

    [[nodiscard]] ArenaChunk view(const Chunk* chunk) const noexcept;

    [[nodiscard]] Window& real() noexcept { return diverted_ ? hidden_ : window_; }
    [[nodiscard]] const Window& real() const noexcept { return diverted_ ? hidden_ : window_; }
    /// Whether the top chunk still gives blocks.
    [[nodiscard]] bool in_window() const noexcept {
        return chunks_ != nullptr && real().begin == chunks_->begin;
    }
    void show(std::uintptr_t begin, std::size_t size) const noexcept;
    void hide(std::uintptr_t begin, std::uintptr_t end) const noexcept;

    Window window_;    ///< what the inline verbs see
    bool diverted_;    ///< no block is cut inline: window_ is empty for ever
    bool watched_;     ///< by a memory checker, which must hear of each block
    bool frees_;       ///< deallocate() has more to do than taking back the newest block
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
    std::size_t round_peak_ = 0;  ///< of bytes_used(), since the last reset
    std::size_t peak_ = 0;        ///< of its life, as far as noted
    std::size_t high_water_ = 0;  ///< the peak of rounds, ageing: for Reset::decay
    detail::FreeLists free_lists_;
};

}  // namespace zigmund::alloc

#include <zigmund/alloc/detail/arena_objects.hpp>
