// StackMemory: what one thread captured lately, so that it need not follow the same chain again.
//
// Only stacks on the thread's own stack are remembered: what a place on it held can always be looked up.
#pragma once

#include <zigmund/alloc/sanitizer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

#include "stack_depot.hpp"
#include "stack_entries.hpp"
#include "thread_context.hpp"

namespace zigmund::alloc::inline v0::detail {

/// Whether the frame pointer `next`, saved in the frame at `at`, points up the stack.
inline bool leads_on(std::uintptr_t next, std::uintptr_t at, std::uintptr_t stack_high) noexcept {
    return next > at + 8 && next <= stack_high - 16 && next % 8 == 0;
}

/// A capture, and the words of the stack that it came from: as long as they hold what they held, capturing
/// from the same frame would give the same. They are compared side by side, where following the chain waits
/// for one load after the other.
struct Remembered {
    using Wide [[gnu::vector_size(16)]] = std::uint64_t;
    static constexpr unsigned most_frames = 24;
    static constexpr unsigned at_once = 4;

    std::uintptr_t frame;  // where the capture began; 0: nothing is remembered
    std::uint32_t depth;   // that was asked for
    StackId stack;
    std::uint32_t links;  // frames that led on: their saved frame pointer and return address; full fours
    std::uint32_t words;  // single return addresses
    std::uint32_t last;   // 1 + where the frame pointer lies that led nowhere; 0: the depth was reached
    alignas(16) std::array<std::uint32_t, most_frames> link_places;  // from the frame on
    alignas(16) std::array<Wide, most_frames> link_values;
    std::array<std::uint32_t, most_frames> word_places;
    std::array<std::uint64_t, most_frames> word_values;
};

struct StackMemory {
    static constexpr unsigned index_bits = 4;

    /// The one place where a capture from `frame` is remembered, by its caller as well.
    [[gnu::no_sanitize_address, gnu::no_sanitize_thread]] ZIGMUND_NO_SANITIZE_MEMORY Remembered& at(
        const void* frame) noexcept {
        const std::uintptr_t caller = static_cast<const std::uintptr_t*>(frame)[1];
        const std::uintptr_t mixed = caller ^ caller >> 4 ^ reinterpret_cast<std::uintptr_t>(frame) >> 4;
        return all_[mixed % all_.size()].remembered;
    }

  private:
    struct alignas(1024) Place {  // a power of two: found by a shift
        Remembered remembered;
    };
    std::array<Place, 1U << index_bits> all_;
};

/// Whether each frame that led on still does, to the same place. `known.frame` is the frame.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread,
  gnu::always_inline]] ZIGMUND_NO_SANITIZE_MEMORY inline bool
links_hold(const Remembered& known) noexcept {
    using Wide = Remembered::Wide;
    const auto* const base = reinterpret_cast<const std::byte*>(known.frame);
    Wide even = {};
    Wide odd = {};
    Wide found;
    const std::uint32_t* places = known.link_places.data();
    const Wide* values = known.link_values.data();
    const Wide* const end = values + known.links;
    static_assert(Remembered::at_once == 4);
    for (; values != end; values += 4, places += 4) {
        __builtin_memcpy(&found, base + places[0], 16);
        even |= found ^ values[0];
        __builtin_memcpy(&found, base + places[1], 16);
        odd |= found ^ values[1];
        __builtin_memcpy(&found, base + places[2], 16);
        even |= found ^ values[2];
        __builtin_memcpy(&found, base + places[3], 16);
        odd |= found ^ values[3];
    }
    even |= odd;
    return (even[0] | even[1]) == 0;
}

/// The rest: what a chain that was cut short, or is no more than a part of the stack, hangs on.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread]] ZIGMUND_NO_SANITIZE_MEMORY inline bool words_hold(
    const Remembered& known, std::uintptr_t stack_high) noexcept {
    const auto* const base = reinterpret_cast<const std::byte*>(known.frame);
    std::uint64_t damage = 0;
    for (std::uint32_t i = 0; i < known.words; ++i)
        damage |= *reinterpret_cast<const std::uint64_t*>(base + known.word_places[i]) ^ known.word_values[i];
    return damage == 0 &&
           (known.last == 0 || !leads_on(*reinterpret_cast<const std::uintptr_t*>(base + (known.last - 1)),
                                         known.frame + (known.last - 1), stack_high));
}

/// Notes the capture of `stack`, whose chain has `count` frames. `recipe`: that told it; null: the chain did.
void remember(ThreadContext& context, const void* frame, unsigned depth, std::size_t count,
              const Recipe* recipe, StackId stack) noexcept;

}  // namespace zigmund::alloc::inline v0::detail
