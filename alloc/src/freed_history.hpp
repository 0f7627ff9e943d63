// FreedHistory: who freed the blocks that have gone back to the backing, for the double frees to come.
//
// One entry for each hash of an address, the newest free wins. Writers take no lock: an entry that two of
// them mixed up does not fit its check, and counts as unknown.
#pragma once

#include <atomic>
#include <cstdint>

#include "page_memory.hpp"
#include "stack_depot.hpp"

namespace zigmund::alloc::inline v0::detail {

struct FreedBlock {
    std::uintptr_t address;
    std::size_t size;
    StackId allocated;
    StackId freed;
};

class FreedHistory {
  public:
    FreedHistory() = default;
    FreedHistory(const FreedHistory&) = delete;
    FreedHistory& operator=(const FreedHistory&) = delete;
    ~FreedHistory() {
        if (entries_ != nullptr) unmap_pages(entries_, count * sizeof(Entry));
    }
    [[nodiscard]] bool open() noexcept {
        entries_ = static_cast<Entry*>(map_pages(count * sizeof(Entry)));
        return entries_ != nullptr;
    }

    void remember(const FreedBlock& block) noexcept {
        Entry& entry = entries_[index(block.address)];
        const std::uint64_t stacks = std::uint64_t{block.allocated} << 32 | block.freed;
        entry.address.store(block.address, std::memory_order_relaxed);
        entry.size.store(block.size, std::memory_order_relaxed);
        entry.stacks.store(stacks, std::memory_order_relaxed);
        entry.check.store(check(block.address, block.size, stacks), std::memory_order_relaxed);
    }

    /// False: nothing is known of a block at `address`.
    [[nodiscard]] bool recall(std::uintptr_t address, FreedBlock& block) const noexcept {
        if (entries_ == nullptr) return false;
        const Entry& entry = entries_[index(address)];
        const std::uint64_t stacks = entry.stacks.load(std::memory_order_relaxed);
        block = {.address = entry.address.load(std::memory_order_relaxed),
                 .size = entry.size.load(std::memory_order_relaxed),
                 .allocated = static_cast<StackId>(stacks >> 32),
                 .freed = static_cast<StackId>(stacks)};
        return block.address == address &&
               entry.check.load(std::memory_order_relaxed) == check(address, block.size, stacks);
    }

  private:
    static constexpr std::size_t count = 8192;

    struct Entry {
        std::atomic<std::uintptr_t> address;
        std::atomic<std::size_t> size;
        std::atomic<std::uint64_t> stacks;
        std::atomic<std::uint64_t> check;
    };

    static std::size_t index(std::uintptr_t address) noexcept {
        return (address * 0x9E3779B97F4A7C15U) >> 51;  // the top 13 bits
    }
    static std::uint64_t check(std::uintptr_t address, std::size_t size, std::uint64_t stacks) noexcept {
        return (address ^ stacks) * 0xD6E8FEB86659FD93U + size;
    }

    Entry* entries_ = nullptr;
};

}  // namespace zigmund::alloc::inline v0::detail
