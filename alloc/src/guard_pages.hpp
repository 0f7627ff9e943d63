// GuardPages: blocks on pages of their own, flush to a page that nobody may touch.
//
//     side after:   | guard | pages ... canary, block | guard |      a step past the end stops
//     side before:  | guard | block, canary ... pages | guard |      a step before the start stops
//
// One range of address space is reserved at the start, so that one comparison tells whether a pointer is one
// of these. A freed block's pages are fenced, oldest reused first, within a number of blocks.
//
// Pages are guarded by markers in the page table where the kernel has them (MADV_GUARD_INSTALL, Linux 6.13): they
// split no mapping, of which a process may have 65,530, and threads set them at the same time. Else, and for what a
// program has locked into memory, by rights: two mappings a block, changed by one thread of the process at a time. A
// place is guarded by markers until they fail there once, and by rights from then on.
//
// New places are made by the chunk, 2 MiB of one size at a time, which is guarded as a whole and outside of the lock.
//
// Cost: a call of the kernel when a block is made and one when it is fenced. Either way a processor that uses the
// process's memory is interrupted for each block that is fenced, so that it forgets the page: two threads that do
// nothing but allocate hinder each other. One lock, not held in the kernel.
#pragma once

#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "guarded_block.hpp"
#include "page_memory.hpp"
#include "spin_lock.hpp"

namespace zigmund::alloc::inline v0::detail {

class GuardPages {
  public:
    static constexpr std::size_t page = 4096;

    enum class State : std::uint8_t { unused, live, fenced };
    /// How the pages of a place are guarded; none: they are as they were reserved.
    enum class Way : std::uint8_t { none, markers, rights };

    /// A block, and all that is told of it.
    struct Slot {
        std::atomic<State> state;
        std::uint8_t size_class;
        Way way;
        std::uintptr_t region;  // the guard page before its pages
        std::uintptr_t user;
        Header header;  // size, alignment, stack, thread, age; check and canary are not used
        StackId freed;
        std::uint32_t next;  // in the list that it is in
    };

    /// What was written into the padding on one side of a block.
    struct Damage {
        std::size_t distance = 0;  // of the first byte: before the block from 1 on, behind it from 0 on
        std::size_t count = 0;     // bytes that are shown; 0: there is no damage
        std::array<unsigned char, 16> bytes{};
    };

    /// What is known of a block at one moment.
    struct Story {
        State state;
        std::uintptr_t user;
        Header header;
        StackId freed;
        unsigned char padding;  // what each byte of it should be
        Damage before;          // of a live block
        Damage behind;
    };

    GuardPages() = default;
    GuardPages(const GuardPages&) = delete;
    GuardPages& operator=(const GuardPages&) = delete;
    ~GuardPages();

    /// False: no address space.
    /// `few`: blocks are made so seldom that those of a page keep it when they are fenced, which saves two
    /// page faults out of the eight microseconds that a block takes.
    [[nodiscard]] bool open(GuardSide side, std::size_t fenced_blocks, bool few) noexcept;
    /// Whether the range lies where is_sampled() looks.
    [[nodiscard]] bool in_window() const noexcept { return is_sampled(reinterpret_cast<void*>(begin_)); }

    [[nodiscard]] bool contains(const void* p) const noexcept {
        return reinterpret_cast<std::uintptr_t>(p) - begin_ < size_;
    }
    /// The range that all of them lie in; its unused part has no rights.
    [[nodiscard]] std::span<const std::byte> whole() const noexcept {
        return {reinterpret_cast<const std::byte*>(begin_), size_};
    }
    /// Null: too large, too strictly aligned, or too many.
    [[nodiscard]] void* allocate(const Header& header) noexcept;
    /// The block whose pages or guards `p` lies in. Null: none was ever there. `p` must be contained.
    [[nodiscard]] Slot* find(const void* p) noexcept;
    /// The story of its present block: no block comes or goes meanwhile.
    [[nodiscard]] Story tell(const Slot& slot) noexcept;
    /// Fences the live block that begins at `user`, whose pages nobody can touch when it returns, and reuses the oldest fenced one's place if there are too
    /// many. False: it is live no more, another thread was faster.
    [[nodiscard]] bool free(Slot& slot, std::uintptr_t user, StackId freed) noexcept;
    /// Makes the live block that begins at `user` one of that family, with nothing written around it.
    void put_right(Slot& slot, std::uintptr_t user, Family family) noexcept;

    /// Held while blocks come and go.
    [[nodiscard]] SpinLock& lock() noexcept { return lock_; }

    void for_each_live(auto&& visit) {
        const std::uint32_t made = made_.load(std::memory_order_acquire);
        for (std::uint32_t i = 1; i <= made; ++i)
            if (slots_[i].state.load(std::memory_order_acquire) == State::live) visit(slots_[i]);
    }

  private:
    static constexpr std::size_t range = std::size_t{64} << 30;
    static constexpr std::size_t chunk_size = std::size_t{2} << 20;
    static constexpr std::uint32_t max_marked = 1'000'000;
    static constexpr std::uint32_t max_mapped = 28'000;  // a process may have 65,530 mappings, two for each
    static constexpr unsigned classes = 20;              // 2^class pages

    /// New slots, numbered in a row, that nobody knows of yet; 0: there is no room.
    struct Chunk {
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };

    [[nodiscard]] std::uint32_t take(unsigned size_class) noexcept;
    // With the lock.
    [[nodiscard]] Chunk make(unsigned size_class) noexcept;
    void make_idle(std::uint32_t number) noexcept;
    [[nodiscard]] bool mark_region(void* region, std::size_t size) const noexcept;
    void mark(const Chunk& chunk) noexcept;
    void give_back(std::uint32_t number) noexcept;
    // Of a slot that nobody else uses: no lock is held.
    [[nodiscard]] bool prepare(Slot& slot) noexcept;
    [[nodiscard]] bool unfence(Slot& slot, std::size_t bytes) noexcept;
    void fence(Slot& slot, std::size_t bytes) noexcept;
    [[nodiscard]] static std::size_t region_size(unsigned size_class) noexcept {
        return ((std::size_t{1} << size_class) + 2) * page;
    }
    [[nodiscard]] static std::size_t region_size(const Slot& slot) noexcept {
        return region_size(slot.size_class);
    }
    static std::size_t pages_of(std::size_t bytes) noexcept { return (bytes + page - 1) / page; }
    // The bytes of its pages before and behind the block that are filled, and checked when it is freed: those
    // on the side of the guard page all, on the other those next to the block.
    [[nodiscard]] static std::span<unsigned char> padding_before(const Slot& slot) noexcept;
    [[nodiscard]] static std::span<unsigned char> padding_behind(const Slot& slot) noexcept;
    static void fill_padding(const Slot& slot) noexcept;

    SpinLock lock_;
    GuardSide side_ = GuardSide::after;
    bool few_ = false;
    std::uintptr_t begin_ = 0;
    std::size_t size_ = 0;
    bool has_markers_ = false;               // since open()
    std::atomic<std::uint32_t> mapped_ = 0;  // slots that are guarded by rights
    std::atomic<std::size_t> used_ = 0;      // of the range; published after what is known of it
    std::uint32_t* slot_at_ = nullptr;       // by page of the range; only a region's first is set
    Slot* slots_ = nullptr;                  // number 0 is none
    std::atomic<std::uint32_t> made_ = 0;
    std::uint32_t idle_[classes] = {};  // regions without a block, by class
    std::uint32_t oldest_ = 0;          // fenced, in order
    std::uint32_t newest_ = 0;
    std::size_t fenced_ = 0;
    std::size_t most_fenced_ = 0;
};

}  // namespace zigmund::alloc::inline v0::detail
