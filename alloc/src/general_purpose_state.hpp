// What a GeneralPurposeAllocator knows: its books, and the paths over them. Private to the library.
//
//     general_purpose_allocator.cpp   the class, and the short way of a small block
//     general_purpose_blocks.cpp      the way of any block, and of one that was given back
//     general_purpose_resize.cpp      of one that changes its size
//     general_purpose_guarded.cpp     of one on pages of its own
//     general_purpose_errors.cpp      what is wrong with a pointer or a block
//     general_purpose_damaged.cpp     what is left of a block whose header was overwritten
//     general_purpose_reports.cpp     how that is said
//     general_purpose_leaks.cpp       what is left at the end
//     general_purpose_state.cpp       the beginning and the end of the books
#pragma once

#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <time.h>

#include <algorithm>
#include <array>
#include <span>

#include "block_map.hpp"
#include "clock.hpp"
#include "error_report.hpp"
#include "freed_history.hpp"
#include "guard_pages.hpp"
#include "guarded_block.hpp"
#include "live_counters.hpp"
#include "stack_depot.hpp"
#include "text_writer.hpp"

namespace zigmund::alloc::inline v0 {

namespace detail {
struct SiteReport;
}  // namespace detail

struct ZIGMUND_HIDDEN GeneralPurposeAllocator::State {
    using Kind = MemoryErrorKind;

    State(const GeneralPurposeOptions& given, const Resource& used_through) noexcept;
    ~State();
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    /// For fork(): no other thread is at what several write, once it is locked.
    static void lock_all() noexcept;
    static void unlock_all() noexcept;

    /// False: no address space for the books.
    [[nodiscard]] bool open() noexcept;

    // ---- the way of a block; `frame` is that of the function that the user called ----

    void* allocate(std::size_t size, std::size_t align, const void* frame,
                   detail::Family family = detail::Family::allocator) noexcept;
    void deallocate(void* p, std::size_t size, std::size_t align, const void* frame,
                    detail::Family family = detail::Family::allocator) noexcept;
    /// The same, for threads whose context has this one's number, of a common block where nothing is wrong.
    void* allocate_short(std::size_t size, std::size_t align, const void* frame,
                         detail::Family family) noexcept;
    void deallocate_short(void* p, std::size_t size, std::size_t align, const void* frame,
                          detail::Family family) noexcept;
    /// And of any: a strict alignment, a limit, pages of its own, something wrong.
    [[gnu::noinline]] void* allocate_any(std::size_t size, std::size_t align, const void* frame,
                                         detail::Family family) noexcept;
    [[gnu::noinline]] void deallocate_any(void* p, std::size_t size, std::size_t align, const void* frame,
                                          detail::Family family) noexcept;
    bool resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size, const void* frame,
                detail::Family family = detail::Family::allocator) noexcept;
    void* remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size,
                const void* frame) noexcept;

    /// The thread's own shard; without memory for one, the shared one.
    struct Seat {
        detail::Shard& shard;
        std::uint32_t thread;
        bool shared;
    };
    [[nodiscard]] Seat seat() noexcept {
        const std::uint32_t thread = detail::thread_context().number;
        detail::Shard* const own = counters.shard(thread);
        if (own == nullptr) [[unlikely]]
            return {.shard = *counters.shard(detail::shared_thread), .thread = thread, .shared = true};
        return {.shard = *own, .thread = thread, .shared = thread == detail::shared_thread};
    }
    /// Whether the calls of this thread may take the short way from now on.
    [[nodiscard]] bool seat_for_short_way() noexcept;
    /// What a block's header says of who makes it, and after which mark.
    [[nodiscard]] std::uint32_t origin_of(std::uint32_t thread) const noexcept {
        return thread | marks.load(std::memory_order_relaxed) * detail::max_threads;
    }
    [[nodiscard]] std::uint32_t age() const noexcept;
    /// The same, within a second, for the shard's owner: asks for it when the wall clock's second is another.
    [[nodiscard]] std::uint32_t age_for(detail::Shard& shard) const noexcept;
    [[nodiscard]] bool reserve(std::size_t more) noexcept { return !limited || reserve_limited(more); }
    [[nodiscard]] bool reserve_limited(std::size_t more) noexcept;
    void unreserve(std::size_t less) noexcept {
        if (limited) requested.fetch_sub(less, std::memory_order_relaxed);
    }
    [[gnu::noinline]] void* allocate_traced(std::uint64_t size_align, const void* frame) noexcept;
    /// Of a backing that is not the heap.
    [[gnu::noinline]] void* allocate_from_other(std::uint64_t size_align, const void* frame) noexcept;
    /// Makes a small block of what the backing gave. Null: there is no memory for the map, it went back.
    template <bool with_stack>
    void* enter(detail::Shard& shard, std::byte* base, std::uint64_t size_align, const void* frame) noexcept;
    [[gnu::noinline]] void* enter_on_new_ground(detail::Shard& shard, std::byte* base,
                                                std::uint64_t size_align, const void* frame) noexcept;
    void give_small(void* user, std::size_t total) noexcept {
        void* const base = static_cast<std::byte*>(user) - sizeof(detail::Header);
        if (give != nullptr) [[likely]]
            return give(base);
        options.backing.deallocate(base, total, default_align);
    }
    [[gnu::noinline]] void fall_and_give(void* user, std::size_t total) noexcept;
    [[nodiscard]] bool is_as_said(void* p, std::size_t size, std::size_t align, detail::Family family,
                                  std::atomic<std::uint8_t>*& cell) const noexcept;
    [[gnu::noinline]] void deallocate_traced(void* p, std::size_t size, std::size_t align, const void* frame,
                                             detail::Family family) noexcept;
    void write_header(void* user, std::size_t size, std::size_t align, const detail::Extent& extent,
                      detail::StackId stack, std::uint32_t origin, std::uint32_t seconds,
                      detail::Family family = detail::Family::allocator) noexcept;
    [[nodiscard]] bool intact(void* user, std::size_t size, std::size_t align,
                              detail::Family family) const noexcept;
    void hold(const Seat& here, void* user, std::size_t size, std::size_t align, const detail::Extent& extent,
              const void* frame) noexcept;
    bool let_go_small(const detail::Quarantine::Held& held) noexcept;
    void let_go(const detail::Quarantine::Held& held, const void* frame) noexcept;
    /// Lets go of what the thread's own quarantine has too much.
    [[gnu::noinline]] void let_go_until_it_fits(detail::Shard& shard, const void* frame) noexcept;
    [[gnu::noinline]] void* allocate_guarded(std::size_t size, std::size_t align, const void* frame,
                                             detail::Family family) noexcept;
    [[gnu::noinline]] void deallocate_guarded(void* p, std::size_t size, std::size_t align, const void* frame,
                                              detail::Family family) noexcept;
    void* allocate_sampled(std::size_t size, std::size_t align, const void* frame,
                           detail::Family family) noexcept;
    /// The header of the live block that begins at `p`, empty if it was overwritten. False: none begins
    /// there.
    [[nodiscard]] bool find_header(void* p, detail::Header& header) noexcept;
    /// Whether the thread's next block is a sample.
    [[nodiscard]] bool chooses() noexcept;
    [[nodiscard]] bool passes_to_heap() const noexcept {
        return samples && guard_pages.in_window() &&
               &options.backing.resource() == detail::heap_calls.resource;
    }
    void empty_quarantines(const void* frame) noexcept;

    // ---- what is wrong ----

    /// The size and alignment that the block at `p` really has, after everything that is wrong was
    /// reported. Not a block: it is to be left alone.
    struct Claim {
        bool is_block;
        bool has_place;  // where its memory begins is known; otherwise, of the size, only what could be found
        std::size_t size;
        std::size_t align;
    };
    /// `family`: of the call that names the block.
    [[gnu::cold, gnu::noinline]] Claim examine(void* p, std::size_t size, std::size_t align,
                                               std::string_view verb, const void* frame,
                                               detail::Family family = detail::Family::allocator) noexcept;
    /// What can still be told of a live block whose header was overwritten. Size and alignment, if the bytes
    /// behind the block confirm what is claimed, or else what the header says; otherwise the size alone, by
    /// where those bytes are; 0: they were overwritten too. Not the age.
    struct Left {
        detail::Header header;
        bool has_place;
    };
    [[gnu::cold]] Left recover(void* user, const detail::Header& damaged, std::size_t size,
                               std::size_t align) const noexcept;
    /// The size of the live block, by where the bytes that nobody may write begin behind it; 0: nowhere.
    [[gnu::cold]] std::size_t measure(const void* user) const noexcept;
    /// The block is live no more, but nobody knows where its memory begins: that stays where it is.
    [[gnu::cold]] void abandon(void* p, std::size_t size, const void* frame) noexcept;
    /// Reports what is wrong with the live block at `p` as a call of `family` finds it, and puts right what
    /// is around it: a block of that family, of which nothing is told again.
    struct Settled {
        std::size_t size;  // 0: it has none, or nobody knows
        std::size_t align;
        bool is_block;  // not if another thread gave it back meanwhile
        bool has_place;
        bool is_whole;  // what was known of it still is
    };
    [[gnu::cold]] Settled settle(void* p, detail::Family family, std::string_view verb,
                                 const void* frame) noexcept;
    /// Reports damage around the live block at `user`; true: there was some. `header`: of the block; `size`
    /// and `align`: what is claimed of it.
    [[gnu::cold]] bool report_damage_around(void* user, const detail::Header& header, std::size_t size,
                                            std::size_t align, std::string_view verb,
                                            const void* frame) noexcept;
    /// The same of blocks on pages of their own. Slot null: none begins at `p`, which was reported.
    struct Guarded {
        detail::GuardPages::Slot* slot;
        std::size_t size;
        std::size_t align;
        detail::StackId stack;
    };
    [[gnu::cold]] Guarded examine_guarded(void* p, std::size_t size, std::size_t align, std::string_view verb,
                                          const void* frame, detail::Family family) noexcept;
    [[gnu::cold]] bool resize_guarded(void* p, std::size_t old_size, std::size_t align, std::size_t new_size,
                                      std::string_view verb, const void* frame,
                                      detail::Family family) noexcept;
    /// What a guard page stopped: `access` is "read" or "written". Async-signal context.
    [[gnu::cold]] void report_stopped(const void* address, std::string_view access, detail::StackId here,
                                      bool ends) noexcept;
    /// Reports a pointer into pages where its block does not begin, or lives no more.
    [[gnu::cold]] void report_guarded_pointer(void* p, const detail::GuardPages::Story& story,
                                              std::string_view verb, const void* frame) noexcept;
    [[gnu::cold]] bool report_padding(const detail::GuardPages::Story& story, std::string_view verb,
                                      const void* frame) noexcept;
    void report_mismatch(void* p, const detail::Header& header, std::size_t size, std::size_t align,
                         detail::Family family, std::string_view verb, const void* frame) noexcept;
    /// Reports writes into the freed block. True: there was one.
    [[gnu::cold]] bool report_late_write(const detail::Quarantine::Held& held, const void* frame) noexcept;
    [[gnu::cold]] void report_unknown(void* p, std::string_view verb, const void* frame) noexcept;
    /// The block, live or held back, that `address` lies inside of; 0: there is none.
    [[nodiscard]] std::uintptr_t find_around(std::uintptr_t address) const noexcept;
    /// Of a pointer into the block at `begin`. `earlier`: a block that was freed and had begun there; null:
    /// nothing is known of one. `freed`: who gave back the block; 0: it is live.
    void report_interior(void* p, void* begin, const detail::Header& header,
                         const detail::FreedBlock* earlier, detail::StackId freed, std::string_view verb,
                         const void* frame) noexcept;
    /// Who gave back the block that is held back at `address`; 0: nobody knows.
    [[nodiscard]] detail::StackId held_by(std::uintptr_t address) noexcept;
    [[gnu::cold]] void report_dead(std::string_view verb, const void* frame) noexcept;
    [[gnu::cold]] void report_size_overflow(std::size_t size, const void* frame) noexcept;
    std::size_t check_all(const void* frame) noexcept;

    void begin_report(detail::ErrorReport& out, Kind kind) const noexcept;
    void write_address(detail::TextWriter& out, const void* p) const noexcept;
    void write_block(detail::ErrorReport& out, const void* user, const detail::Header& header) const noexcept;
    /// The name of the allocator that the block at `p` belongs to, if it is a living one of this process, and
    /// what is known of the block. False: nobody's.
    [[nodiscard]] bool write_owner(detail::ErrorReport& out, void* p) const noexcept;
    /// What the history tells of a block that was freed.
    void write_freed_block(detail::ErrorReport& out, const detail::FreedBlock& block) const noexcept;
    void write_bytes(detail::ErrorReport& out, std::span<const unsigned char> found,
                     unsigned char expected) const noexcept;
    void write_stack_of(detail::ErrorReport& out, std::string_view what,
                        detail::StackId stack) const noexcept;
    void write_here(detail::ErrorReport& out, std::string_view what, const void* frame) const noexcept;
    /// Tells the error; ends the process where nobody collects them.
    void end_report(detail::ErrorReport& out, Kind kind, const void* p, std::size_t size) noexcept;
    /// To the handler; without one, to the report descriptor. `ends`: and the process ends after it.
    void tell(detail::ErrorReport& report, Kind kind, const void* p, std::size_t size,
              bool ends) const noexcept;

    // ---- the end ----

    LeakCheck deinit(std::uint32_t since, const void* frame) noexcept;
    void free_leaks() noexcept;

    // ---- all that is live ----

    /// Calls `visit(address, header)` for each live block. What other threads do meanwhile is met or not.
    /// `alone`: there are no others, and what does not look like a header was damaged.
    void for_each_live(bool alone, auto&& visit);
    /// Reports the blocks that are newer than the mark; returns how many are neither older nor suppressed.
    std::size_t report_blocks(std::string_view kind, std::uint32_t since) noexcept;
    void write_blocks(const detail::SiteReport& report);
    /// Where reports of blocks go: the descriptor, or a file, which the caller closes.
    [[nodiscard]] int open_report() noexcept;

    const Resource& front;  // that users call
    /// The short way is for threads whose context has this number. It never comes again; 0: this is dead.
    std::uint64_t number;
    GeneralPurposeOptions options;
    std::array<char, 47> name_buffer{};
    // The heap's, where that is the backing and small blocks may go there straight; null where not.
    void* (*take)(std::size_t) noexcept = nullptr;
    void (*give)(void*) noexcept = nullptr;
    std::size_t holds_up_to;  // bytes of a block in quarantine; 0: none is held
    unsigned depth;           // raw frames of a stack, those of the toolkit included; 0: none are taken
    bool traced;              // ages, stacks, history
    bool guards;              // blocks on pages of their own: all, or
    bool samples;             // some
    bool limited;
    bool dead = false;
    LeakCheck verdict = LeakCheck::ok;
    std::uint64_t birth;
    std::atomic<std::uint32_t> marks = 0;    // that were set
    std::atomic<std::size_t> requested = 0;  // live bytes, counted in one place; only if limited
    detail::BlockMap map;
    detail::FreedHistory history;
    detail::GuardPages guard_pages;
    detail::LiveCounters counters;
    State* next = nullptr;  // of all that live in the process, newest first
    State** self = nullptr;
};

namespace detail {

inline constexpr std::uint32_t default_align_bits = std::countr_zero(default_align);

/// Frames of the toolkit and of containers that lie between the user's code and the allocator.
inline constexpr unsigned plumbing_frames = 8;

inline std::uint64_t pack(std::size_t size, std::size_t align, Family family = Family::allocator) noexcept {
    return size | static_cast<std::uint64_t>(__builtin_ctzll(align)) << 56 |
           static_cast<std::uint64_t>(family) << 62;
}

}  // namespace detail

inline std::uint32_t GeneralPurposeAllocator::State::age() const noexcept {
    return static_cast<std::uint32_t>(detail::now_seconds() - birth);
}

inline std::uint32_t GeneralPurposeAllocator::State::age_for(detail::Shard& shard) const noexcept {
    if (const std::time_t clock = ::time(nullptr); clock != shard.clock) [[unlikely]] {
        shard.clock = clock;
        shard.seconds = age();
    }
    return shard.seconds;
}

}  // namespace zigmund::alloc::inline v0
