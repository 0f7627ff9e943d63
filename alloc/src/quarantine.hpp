// Quarantine: freed blocks that one thread holds back, oldest first.
//
// The owner writes without a lock; a report of another thread may look an address up, and overlooks what
// changes under it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "memory_checker.hpp"
#include "stack_depot.hpp"

namespace zigmund::alloc::inline v0::detail {

/// What freed memory is filled with.
inline constexpr unsigned char freed_byte = 0xDF;

/// Sixteen bytes of it at a time, where a block is too small for memset to be worth its call.
using Wide [[gnu::vector_size(16)]] = std::uint64_t;
inline constexpr std::uint64_t freed_word = 0xDFDF'DFDF'DFDF'DFDF;
inline constexpr Wide freed_wide = {freed_word, freed_word};
inline constexpr std::size_t largest_wide = 512;

/// Fills a freed block, the canary before it and what lies behind it: `room` bytes from `user` on. Both are
/// multiples of 16.
inline void poison(void* user, std::size_t room) noexcept {
    auto* const begin = static_cast<std::byte*>(user);
    std::memcpy(begin - 8, &freed_word, 8);
    if (room > largest_wide) {
        std::memset(begin, freed_byte, room);
        memory_checker::forget(begin, room);
        return;
    }
    std::size_t at = room & 16U;
    if (at != 0) std::memcpy(begin, &freed_wide, 16);
    for (; at != room; at += 32) {
        std::memcpy(begin + at, &freed_wide, 16);
        std::memcpy(begin + at + 16, &freed_wide, 16);
    }
    memory_checker::forget(begin, room);
}

/// Whether they are as poison() left them.
inline bool is_poisoned(const void* user, std::size_t room) noexcept {
    const auto* const begin = static_cast<const std::byte*>(user);
    memory_checker::recall(begin, room);
    const auto wide = [=](std::size_t at) {
        Wide found;
        std::memcpy(&found, begin + at, 16);
        return found ^ freed_wide;
    };
    std::uint64_t before;
    std::memcpy(&before, begin - 8, 8);
    std::size_t at = room & 16U;
    Wide damage = at != 0 ? wide(0) : Wide{};
    for (; at != room; at += 32) damage |= wide(at) | wide(at + 16);
    return ((before ^ freed_word) | damage[0] | damage[1]) == 0;
}

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

    /// How much may be held, and how much is let go of at once when that is exceeded: a little more than
    /// what exceeds it, because many cost less than as many times one.
    void limit(std::size_t most_bytes, std::size_t most_blocks) noexcept {
        most_bytes_ = most_bytes;
        most_blocks_ = most_blocks;
        crowded_bytes_ = most_bytes - most_bytes / 32;
        crowded_blocks_ = most_blocks - most_blocks / 32;
    }
    [[nodiscard]] bool full() const noexcept { return bytes_ > most_bytes_ || last_ - first_ > most_blocks_; }
    [[nodiscard]] bool crowded() const noexcept {
        return bytes_ > crowded_bytes_ || last_ - first_ > crowded_blocks_;
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
        const auto* const soon = reinterpret_cast<const std::byte*>(
            slots_[(first_ + 1) % capacity].address.load(std::memory_order_relaxed));
        __builtin_prefetch(soon - 32);
        __builtin_prefetch(soon + 64);
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
    struct alignas(32) Slot {
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
    std::size_t most_bytes_ = 0;
    std::size_t most_blocks_ = 0;
    std::size_t crowded_bytes_ = 0;
    std::size_t crowded_blocks_ = 0;
    std::array<Slot, capacity> slots_;
};

}  // namespace zigmund::alloc::inline v0::detail
