// BlockMap: what an address means to one allocator, answered without touching the memory behind it.
//
// One byte for each 32 bytes of address space, in leaves of 2 MiB that cover 64 MiB each and are mapped
// when the first block appears there. Blocks are at least 48 bytes apart, so a byte never has to speak for
// two of them. Bytes of neighbours are written by different threads without a lock or an atomic
// read-modify-write. Cost: two loads a lookup, 1/32 of the memory that holds blocks.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "page_memory.hpp"

namespace zigmund::alloc::detail {

enum class BlockState : std::uint8_t {
    unknown,      // no block ever began here
    live,         // handed out
    quarantined,  // given back, its memory still held to catch late writes
    freed,        // given back; the memory is the backing's again
};

class BlockMap {
  public:
    static constexpr std::size_t spacing = 48;  // smallest distance between two blocks

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
    [[nodiscard]] bool set(std::uintptr_t address, BlockState state) noexcept {
        Leaf* leaf = root_[address >> leaf_bits].load(std::memory_order_acquire);
        if (leaf == nullptr) [[unlikely]] {
            leaf = add_leaf(address >> leaf_bits);
            if (leaf == nullptr) return false;
        }
        set(leaf->cells[cell(address)], address, state);
        leaf->used[cell(address) >> page_bits].store(1, std::memory_order_relaxed);
        return true;
    }

    /// Where the state of a block that begins at `address` is kept; null: none ever began near it. Any value
    /// of the pointer is fine.
    [[nodiscard]] std::atomic<std::uint8_t>* cell_at(std::uintptr_t address) noexcept {
        const std::uintptr_t index = address >> leaf_bits;
        if (index >= leaves) [[unlikely]]
            return nullptr;
        Leaf* const leaf = root_[index].load(std::memory_order_acquire);
        return leaf == nullptr ? nullptr : &leaf->cells[cell(address)];
    }
    /// The same for a block that is going to be there; null: set() must make a leaf first.
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

    /// True: the next set() succeeds, wherever it is. False: no memory.
    [[nodiscard]] bool reserve() noexcept;

    /// What is known of a block that begins at `address`. Any value of the pointer is fine.
    [[nodiscard]] BlockState get(std::uintptr_t address) const noexcept {
        if ((address >> address_bits) != 0 || (address & 15U) != 0) [[unlikely]]
            return BlockState::unknown;
        const Leaf* leaf = root_[address >> leaf_bits].load(std::memory_order_acquire);
        if (leaf == nullptr) [[unlikely]]
            return BlockState::unknown;
        const unsigned found = leaf->cells[cell(address)].load(std::memory_order_relaxed);
        return (found & 1U) == ((address >> 4) & 1U) ? static_cast<BlockState>(found >> 1)
                                                     : BlockState::unknown;
    }

    /// The last block in `state` that begins at or before `address`, within `reach` bytes; 0: none.
    [[nodiscard]] std::uintptr_t find_before(std::uintptr_t address, BlockState state,
                                             std::uintptr_t reach) const noexcept;

    /// Calls `visit(address)` for each block in `state`, in no particular order of leaves.
    template <class Visit>
    void for_each(BlockState state, Visit&& visit) const {
        for (const Leaf* leaf = leaves_.load(std::memory_order_acquire); leaf != nullptr; leaf = leaf->next) {
            for (std::size_t page = 0; page < pages_per_leaf; ++page) {
                if (leaf->used[page].load(std::memory_order_relaxed) == 0) continue;
                const std::size_t first = page << page_bits;
                for (std::size_t i = first; i < first + (1U << page_bits); i += 8) {
                    if (eight_cells(&leaf->cells[i]) == 0) continue;
                    for (std::size_t k = i; k < i + 8; ++k) {
                        const unsigned found = leaf->cells[k].load(std::memory_order_relaxed);
                        if (static_cast<BlockState>(found >> 1) != state) continue;
                        visit((leaf->index << leaf_bits) + (k << cell_bits) + ((found & 1U) << 4));
                    }
                }
            }
        }
    }

  private:
    static constexpr unsigned address_bits = 48;
    static constexpr unsigned leaf_bits = 26;
    static constexpr unsigned cell_bits = 5;
    static constexpr std::size_t cells_per_leaf = std::size_t{1} << (leaf_bits - cell_bits);
    static constexpr unsigned page_bits = 12;
    static constexpr std::size_t pages_per_leaf = cells_per_leaf >> page_bits;
    static constexpr std::size_t leaves = std::size_t{1} << (address_bits - leaf_bits);
    static constexpr std::size_t root_size = sizeof(void*) * leaves;

    struct Leaf {
        std::atomic<std::uint8_t> cells[cells_per_leaf];
        std::atomic<std::uint8_t> used[pages_per_leaf];  // pages of cells that were written
        std::uintptr_t index;
        Leaf* next;
    };

    /// Zero: none of the eight is set.
    static std::uint64_t eight_cells(const std::atomic<std::uint8_t>* cells) noexcept {
        using Word [[gnu::may_alias]] = std::uint64_t;
        return __atomic_load_n(reinterpret_cast<const Word*>(cells), __ATOMIC_RELAXED);
    }
    static std::size_t cell(std::uintptr_t address) noexcept {
        return (address >> cell_bits) & (cells_per_leaf - 1);
    }
    [[gnu::cold]] Leaf* add_leaf(std::uintptr_t index) noexcept;

    std::atomic<Leaf*>* root_ = nullptr;
    std::atomic<Leaf*> leaves_ = nullptr;
    std::atomic<Leaf*> spare_ = nullptr;
};

}  // namespace zigmund::alloc::detail
