#include "block_map.hpp"

#include <algorithm>

namespace zigmund::alloc::inline v0::detail {

BlockMap::Leaf* BlockMap::add_leaf(std::uintptr_t index) noexcept {
    auto* leaf = static_cast<Leaf*>(map_pages(sizeof(Leaf)));
    if (leaf == nullptr) leaf = spare_.exchange(nullptr, std::memory_order_acq_rel);
    if (leaf == nullptr) return nullptr;
    leaf->index = index;
    Leaf* expected = nullptr;
    if (!root_[index].compare_exchange_strong(expected, leaf, std::memory_order_acq_rel)) {
        unmap_pages(leaf, sizeof(Leaf));
        return expected;
    }
    leaf->next = leaves_.load(std::memory_order_relaxed);
    while (!leaves_.compare_exchange_weak(leaf->next, leaf, std::memory_order_release,
                                          std::memory_order_relaxed)) {
    }
    return leaf;
}

bool BlockMap::reserve() noexcept {
    if (spare_.load(std::memory_order_acquire) != nullptr) return true;
    auto* const fresh = static_cast<Leaf*>(map_pages(sizeof(Leaf)));
    if (fresh == nullptr) return false;
    Leaf* expected = nullptr;
    if (!spare_.compare_exchange_strong(expected, fresh, std::memory_order_acq_rel))
        unmap_pages(fresh, sizeof(Leaf));
    return true;
}

bool BlockMap::set(std::uintptr_t address, std::size_t distance, BlockState state) noexcept {
    Leaf* leaf = root_[address >> leaf_bits].load(std::memory_order_acquire);
    if (leaf == nullptr) [[unlikely]] {
        leaf = add_leaf(address >> leaf_bits);
        if (leaf == nullptr) return false;
    }
    if (distance < small_below) {
        leaf->used[cell(address) >> page_bits].store(1, std::memory_order_relaxed);
        set(leaf->cells[cell(address)], address, state);
        return true;
    }
    const std::size_t level = level_of(distance);
    const std::size_t place = wide_cell(address, level);
    leaf->wide_used[place >> wide_page_bits].store(1, std::memory_order_relaxed);
    leaf->wide_cells[place].store(static_cast<std::uint16_t>(wide_value(address, level, state)),
                                  std::memory_order_relaxed);
    return true;
}

void BlockMap::change(std::uintptr_t address, std::size_t from, std::size_t to) noexcept {
    (void)set(address, from, BlockState::freed);
    (void)set(address, to, BlockState::live);
}

void BlockMap::release(std::uintptr_t address) noexcept {
    Leaf& leaf = *root_[address >> leaf_bits].load(std::memory_order_acquire);
    std::atomic<std::uint8_t>& small = leaf.cells[cell(address)];
    if (small.load(std::memory_order_relaxed) > value(address, BlockState::freed))
        set(small, address, BlockState::freed);
    for (std::size_t level = 0; level < wide_bits.size(); ++level) {
        std::atomic<std::uint16_t>& wide = leaf.wide_cells[wide_cell(address, level)];
        const unsigned freed = wide_value(address, level, BlockState::freed);
        const unsigned found = wide.load(std::memory_order_relaxed);
        if (found >> 2 == freed >> 2 && found > freed)
            wide.store(static_cast<std::uint16_t>(freed), std::memory_order_relaxed);
    }
}

BlockState BlockMap::get(std::uintptr_t address) const noexcept {
    if ((address >> address_bits) != 0 || (address & 15U) != 0) [[unlikely]]
        return BlockState::unknown;
    const Leaf* const leaf = root_[address >> leaf_bits].load(std::memory_order_acquire);
    if (leaf == nullptr) [[unlikely]]
        return BlockState::unknown;
    auto known = BlockState::unknown;
    const unsigned found = leaf->cells[cell(address)].load(std::memory_order_relaxed);
    if ((found & 1U) == ((address >> 4) & 1U)) known = static_cast<BlockState>(found >> 1);
    for (std::size_t level = 0; level < wide_bits.size() && known != BlockState::live; ++level) {
        const unsigned wide = leaf->wide_cells[wide_cell(address, level)].load(std::memory_order_relaxed);
        if (wide >> 2 == wide_value(address, level, BlockState::unknown) >> 2)
            known = std::max(known, static_cast<BlockState>(wide & 3U));
    }
    return known;
}

BlockMap::Distances BlockMap::distances(std::uintptr_t address) const noexcept {
    const Leaf& leaf = *root_[address >> leaf_bits].load(std::memory_order_acquire);
    for (std::size_t level = 0; level < wide_bits.size(); ++level) {
        const unsigned found = leaf.wide_cells[wide_cell(address, level)].load(std::memory_order_relaxed);
        if (found != wide_value(address, level, BlockState::live)) continue;
        const bool last = level + 1 == wide_bits.size();
        return {.least = std::size_t{1} << wide_bits[level],
                .below = last ? SIZE_MAX : std::size_t{1} << wide_bits[level + 1]};
    }
    return {.least = spacing, .below = small_below};
}

std::uintptr_t BlockMap::find_before(std::uintptr_t address, std::uintptr_t lowest, unsigned bits,
                                     auto&& begin) const noexcept {
    for (std::uintptr_t at = address >> bits << bits; at >= lowest && at != 0;) {
        const Leaf* const leaf = root_[at >> leaf_bits].load(std::memory_order_acquire);
        if (leaf == nullptr) {
            const std::uintptr_t first = at >> leaf_bits << leaf_bits;
            if (first == 0) return 0;
            at = first - (std::uintptr_t{1} << bits);
            continue;
        }
        if (const std::uintptr_t found = begin(*leaf, at); found != 0 && found <= address) return found;
        at -= std::uintptr_t{1} << bits;
    }
    return 0;
}

std::uintptr_t BlockMap::find_before(std::uintptr_t address, BlockState state,
                                     std::uintptr_t reach) const noexcept {
    if ((address >> address_bits) != 0) return 0;
    std::uintptr_t lowest = address > reach ? address - reach : 0;
    std::uintptr_t last =
        find_before(address, lowest, cell_bits, [&](const Leaf& leaf, std::uintptr_t at) -> std::uintptr_t {
            const unsigned found = leaf.cells[cell(at)].load(std::memory_order_relaxed);
            return static_cast<BlockState>(found >> 1) == state ? at + ((found & 1U) << 4) : 0;
        });
    for (std::size_t level = 0; level < wide_bits.size(); ++level) {
        lowest = std::max(lowest, last);
        last = std::max(
            last, find_before(address, lowest >> wide_bits[level] << wide_bits[level], wide_bits[level],
                              [&](const Leaf& leaf, std::uintptr_t at) -> std::uintptr_t {
                                  const unsigned found =
                                      leaf.wide_cells[wide_cell(at, level)].load(std::memory_order_relaxed);
                                  return static_cast<BlockState>(found & 3U) == state
                                             ? at + (std::uintptr_t{found >> 2} << 4)
                                             : 0;
                              }));
    }
    return last;
}

}  // namespace zigmund::alloc::inline v0::detail
