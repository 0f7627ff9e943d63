// BlockMap: what an address means to one allocator, answered without touching the memory behind it.
//
// A leaf speaks for 64 MiB of address space, and is mapped when the first block appears there. Blocks that
// take less than 512 bytes have one byte in it for each 32 bytes of memory. The larger ones have two bytes
// for each 512, 4096, 32,768 or 262,144 bytes, the most that their size allows: two blocks of one level
// always begin farther apart than its cells are wide, so a cell never has to speak for two of them. Cells of
// neighbours are written by different threads without a lock or an atomic read-modify-write. Cost: two loads
// a lookup of a small block; of memory at most 16 bytes a block, and a page for each 64 MiB of large ones.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <utility>

#include "page_memory.hpp"

namespace zigmund::alloc::inline v0::detail {

/// Where several cells speak of one address, the greatest is true.
enum class BlockState : std::uint8_t {
    unknown,      // no block ever began here
    freed,        // given back; the memory is the backing's again
    quarantined,  // given back, its memory still held to catch late writes
    live,         // handed out
};

class BlockMap {
  public:
    static constexpr std::size_t spacing = 48;  // smallest distance between two blocks
    /// What a small block takes less than. Below: `distance`, from a block to where the next may begin, at
    /// least.
    static constexpr std::size_t small_below = 512;

    BlockMap() = default;
    BlockMap(const BlockMap&) = delete;
    BlockMap& operator=(const BlockMap&) = delete;
    ~BlockMap() {
        for (Leaf* leaf = leaves_.load(std::memory_order_acquire); leaf != nullptr;)
            unmap_pages(std::exchange(leaf, leaf->next), sizeof(Leaf));
        if (Leaf* leaf = spare_.load(std::memory_order_acquire); leaf != nullptr)
            unmap_pages(leaf, sizeof(Leaf));
        if (root_ != nullptr) unmap_pages(root_, root_size);
    }

    /// False: no memory for the root.
    [[nodiscard]] bool open() noexcept {
        root_ = static_cast<std::atomic<Leaf*>*>(map_pages(root_size));
        return root_ != nullptr;
    }

    /// Records the state of the block at `address`, a multiple of 16. False: no memory for a leaf; never
    /// when the address was recorded before.
    [[nodiscard]] bool set(std::uintptr_t address, std::size_t distance, BlockState state) noexcept;
    /// The same of a block that is recorded, which changes its size without moving.
    void change(std::uintptr_t address, std::size_t from, std::size_t to) noexcept;

    /// Records that the block at `address`, which is live or quarantined, is neither any more.
    void release(std::uintptr_t address) noexcept;

    // ---- the short way, for small blocks ----

    /// The cell of a small block at `address`, any value of a pointer. Null: no block ever began near it.
    [[nodiscard]] std::atomic<std::uint8_t>* cell_at(std::uintptr_t address) const noexcept {
        if ((address >> address_bits) != 0) [[unlikely]]
            return nullptr;
        Leaf* const leaf = root_[address >> leaf_bits].load(std::memory_order_acquire);
        return leaf == nullptr ? nullptr : &leaf->cells[cell(address)];
    }
    /// The same of a block that was recorded.
    [[nodiscard]] std::atomic<std::uint8_t>& known_cell(std::uintptr_t address) const noexcept {
        return root_[address >> leaf_bits].load(std::memory_order_acquire)->cells[cell(address)];
    }
    /// The same of an address that a block is about to have. Null: there is no leaf for it.
    [[nodiscard]] std::atomic<std::uint8_t>* cell_for(std::uintptr_t address) noexcept {
        Leaf* const leaf = root_[address >> leaf_bits].load(std::memory_order_acquire);
        if (leaf == nullptr) [[unlikely]]
            return nullptr;
        leaf->used[cell(address) >> page_bits].store(1, std::memory_order_relaxed);
        return &leaf->cells[cell(address)];
    }
    /// What a cell holds: the state, and in which half of the 32 bytes the block begins.
    static unsigned value(std::uintptr_t address, BlockState state) noexcept {
        return (static_cast<unsigned>(state) << 1) ^ (static_cast<unsigned>(address >> 4) & 1U);
    }
    /// Whether a live block begins exactly at `address`, whose cell it is.
    static bool is_live(const std::atomic<std::uint8_t>& its_cell, std::uintptr_t address) noexcept {
        const unsigned found = its_cell.load(std::memory_order_relaxed);
        return (found ^ (static_cast<unsigned>(BlockState::live) << 1)) << 4 ==
               static_cast<unsigned>(address & 31U);
    }
    static void set(std::atomic<std::uint8_t>& its_cell, std::uintptr_t address, BlockState state) noexcept {
        its_cell.store(static_cast<std::uint8_t>(value(address, state)), std::memory_order_relaxed);
    }

    // ---- the others ----

    /// True: the next set() succeeds, wherever it is. False: no memory.
    [[nodiscard]] bool reserve() noexcept;

    /// What is known of a block that begins at `address`. Any value of the pointer is fine.
    [[nodiscard]] BlockState get(std::uintptr_t address) const noexcept;

    /// What set() was told of the distance behind the live block at `address`: at least, and less than.
    struct Distances {
        std::size_t least;
        std::size_t below;
    };
    [[nodiscard]] Distances distances(std::uintptr_t address) const noexcept;

    /// The last block in `state` that begins at or before `address`, within `reach` bytes; 0: none.
    [[nodiscard]] std::uintptr_t find_before(std::uintptr_t address, BlockState state,
                                             std::uintptr_t reach) const noexcept;

    /// Calls `visit(address)` for each block in `state`, in no particular order.
    template <class Visit>
    void for_each(BlockState state, Visit&& visit) const {
        for (const Leaf* leaf = leaves_.load(std::memory_order_acquire); leaf != nullptr; leaf = leaf->next) {
            const std::uintptr_t begin = leaf->index << leaf_bits;
            for_each_used(leaf->cells, leaf->used, [&](std::size_t i, unsigned found) {
                if (static_cast<BlockState>(found >> 1) == state)
                    visit(begin + (i << cell_bits) + ((found & 1U) << 4));
            });
            for_each_used(leaf->wide_cells, leaf->wide_used, [&](std::size_t i, unsigned found) {
                if (static_cast<BlockState>(found & 3U) == state)
                    visit(begin + address_of_wide(i) + (static_cast<std::uintptr_t>(found >> 2) << 4));
            });
        }
    }

  private:
    static constexpr unsigned address_bits = 48;
    static constexpr unsigned leaf_bits = 26;
    static constexpr std::size_t leaves = std::size_t{1} << (address_bits - leaf_bits);
    static constexpr std::size_t root_size = sizeof(void*) * leaves;

    static constexpr unsigned cell_bits = 5;
    static constexpr std::size_t cells_per_leaf = std::size_t{1} << (leaf_bits - cell_bits);
    static constexpr unsigned page_bits = 12;

    // Of wide cells, a level after the other. What they hold: the state in the lowest two bits, above them
    // the place within the cell in units of 16 bytes: 14 bits of the widest.
    static constexpr std::array<unsigned, 4> wide_bits{9, 12, 15, 18};
    static constexpr std::array<std::size_t, 5> wide_begin = [] {
        std::array<std::size_t, 5> begin{};
        for (std::size_t level = 0; level < wide_bits.size(); ++level)
            begin[level + 1] = begin[level] + (std::size_t{1} << (leaf_bits - wide_bits[level]));
        return begin;
    }();
    static constexpr unsigned wide_page_bits = 11;
    static_assert(small_below == std::size_t{1} << wide_bits[0]);

    struct Leaf {
        std::atomic<std::uint8_t> cells[cells_per_leaf];
        std::atomic<std::uint16_t> wide_cells[wide_begin.back()];
        // Pages of cells that were written.
        std::atomic<std::uint8_t> used[cells_per_leaf >> page_bits];
        std::atomic<std::uint8_t> wide_used[(wide_begin.back() >> wide_page_bits) + 1];
        std::uintptr_t index;
        Leaf* next;
    };

    static std::size_t cell(std::uintptr_t address) noexcept {
        return (address >> cell_bits) & (cells_per_leaf - 1);
    }
    static std::size_t level_of(std::size_t distance) noexcept {
        return std::min<std::size_t>((static_cast<unsigned>(std::bit_width(distance)) - 10) / 3,
                                     wide_bits.size() - 1);
    }
    static std::size_t wide_cell(std::uintptr_t address, std::size_t level) noexcept {
        return wide_begin[level] + ((address & ((std::uintptr_t{1} << leaf_bits) - 1)) >> wide_bits[level]);
    }
    static std::uintptr_t address_of_wide(std::size_t cell) noexcept {
        std::size_t level = 0;
        while (cell >= wide_begin[level + 1]) ++level;
        return (cell - wide_begin[level]) << wide_bits[level];
    }
    static unsigned wide_value(std::uintptr_t address, std::size_t level, BlockState state) noexcept {
        const std::uintptr_t within = address & ((std::uintptr_t{1} << wide_bits[level]) - 1);
        return static_cast<unsigned>(within >> 4 << 2) | static_cast<unsigned>(state);
    }

    /// Calls `visit(i, cell)` for those that are set.
    template <class Cell, std::size_t count, std::size_t pages>
    static void for_each_used(const std::atomic<Cell> (&cells)[count],
                              const std::atomic<std::uint8_t> (&used)[pages], auto&& visit) {
        constexpr std::size_t at_once = 8 / sizeof(Cell);
        static_assert(count % at_once == 0);
        constexpr std::size_t page = 4096 / sizeof(Cell);
        for (std::size_t first = 0; first < count; first += page) {
            if (used[first / page].load(std::memory_order_relaxed) == 0) continue;
            for (std::size_t i = first; i < std::min(first + page, count); i += at_once) {
                using Word [[gnu::may_alias]] = std::uint64_t;
                if (__atomic_load_n(reinterpret_cast<const Word*>(&cells[i]), __ATOMIC_RELAXED) == 0)
                    continue;
                for (std::size_t k = i; k < i + at_once; ++k)
                    if (const unsigned found = cells[k].load(std::memory_order_relaxed); found != 0)
                        visit(k, found);
            }
        }
    }

    /// The last block in `state` at or before `address` of one level; 0: none from `lowest` on. `bits`: of a
    /// cell; `begin(leaf, at)`: of the block in the cell that `at` lies in; 0: none in that state.
    std::uintptr_t find_before(std::uintptr_t address, std::uintptr_t lowest, unsigned bits,
                               auto&& begin) const noexcept;

    [[gnu::cold]] Leaf* add_leaf(std::uintptr_t index) noexcept;

    std::atomic<Leaf*>* root_ = nullptr;
    std::atomic<Leaf*> leaves_ = nullptr;
    std::atomic<Leaf*> spare_ = nullptr;
};

}  // namespace zigmund::alloc::inline v0::detail
