// Quarantine: freed blocks that one thread holds back, oldest first.
//
// The owner writes without a lock; a report of another thread may look an address up, and overlooks what
// changes under it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "stack_depot.hpp"

namespace zigmund::alloc::detail {

/// Lives in zeroed pages, which are its first state; a constructor would touch them all.
class Quarantine {
  public:
    static constexpr std::size_t capacity = 4096;

    struct Held {
        std::uintptr_t address;
        std::size_t total;  // bytes of the backing
        StackId freed;
        std::uint32_t align;  // log2
    };

    [[nodiscard]] bool full(std::size_t most_bytes, std::size_t most_blocks) const noexcept {
        return bytes_ > most_bytes || last_ - first_ > most_blocks;
    }
    [[nodiscard]] bool empty() const noexcept { return first_ == last_; }

    void push(const Held& held) noexcept {
        Slot& slot = slots_[last_ % capacity];
        slot.freed.store(held.freed, std::memory_order_relaxed);
        slot.total = held.total;
        slot.align = held.align;
        slot.address.store(held.address, std::memory_order_release);
        ++last_;
        bytes_ += held.total;
    }
    Held pop() noexcept {
        const Held oldest = at(first_);
        slots_[first_ % capacity].address.store(0, std::memory_order_release);
        ++first_;
        bytes_ -= oldest.total;
        // The block after the next leaves soon, and nobody has touched it for long.
        if (last_ - first_ > 1) {
            const auto* const soon = reinterpret_cast<const std::byte*>(
                slots_[(first_ + 1) % capacity].address.load(std::memory_order_relaxed));
            __builtin_prefetch(soon - 32);
            __builtin_prefetch(soon + 64);
        }
        return oldest;
    }
    void for_each(auto&& visit) const {
        for (std::size_t i = first_; i != last_; ++i) visit(at(i));
    }

    /// True: the block at `address` is held here, and was freed by `freed`.
    [[nodiscard]] bool holds(std::uintptr_t address, StackId& freed) const noexcept {
        for (const Slot& slot : slots_) {
            if (slot.address.load(std::memory_order_acquire) != address) continue;
            freed = slot.freed.load(std::memory_order_acquire);
            if (slot.address.load(std::memory_order_relaxed) == address) return true;
        }
        return false;
    }

  private:
    struct Slot {
        std::atomic<std::uintptr_t> address;
        std::size_t total;
        std::atomic<StackId> freed;
        std::uint32_t align;
    };

    [[nodiscard]] Held at(std::size_t i) const noexcept {
        const Slot& slot = slots_[i % capacity];
        return {.address = slot.address.load(std::memory_order_relaxed),
                .total = slot.total,
                .freed = slot.freed.load(std::memory_order_relaxed),
                .align = slot.align};
    }
    std::size_t first_ = 0;
    std::size_t last_ = 0;
    std::size_t bytes_ = 0;
    std::array<Slot, capacity> slots_;
};

}  // namespace zigmund::alloc::detail
