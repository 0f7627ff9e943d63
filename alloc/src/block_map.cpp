#include "block_map.hpp"

namespace zigmund::alloc::detail {

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

std::uintptr_t BlockMap::find_before(std::uintptr_t address, BlockState state,
                                     std::uintptr_t reach) const noexcept {
    if ((address >> address_bits) != 0) return 0;
    const std::uintptr_t lowest = address > reach ? address - reach : 0;
    for (std::uintptr_t at = address >> cell_bits << cell_bits; at >= lowest && at != 0;) {
        const Leaf* leaf = root_[at >> leaf_bits].load(std::memory_order_acquire);
        if (leaf == nullptr) {
            const std::uintptr_t first = at >> leaf_bits << leaf_bits;
            if (first == 0) return 0;
            at = first - (std::uintptr_t{1} << cell_bits);
            continue;
        }
        const unsigned found = leaf->cells[cell(at)].load(std::memory_order_relaxed);
        const std::uintptr_t begin = at + ((found & 1U) << 4);
        if (static_cast<BlockState>(found >> 1) == state && begin <= address) return begin;
        at -= std::uintptr_t{1} << cell_bits;
    }
    return 0;
}

}  // namespace zigmund::alloc::detail
