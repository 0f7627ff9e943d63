// Phases: where an arena with resets would suit a program.
//
// A phase is a run of a thread's allocations of which nearly all are dead at its end: there an arena may be
// reset. What is still live then is a survivor and must live elsewhere, with all that was allocated outside
// of phases. Each thread has an arena and phases of its own; who frees a block does not matter, nor does what
// was live when the phase began.
//
// How they are found: phases of a thread are about as long as each other, so they are looked for at one length
// after the other, from 16 allocations on, four times as many each time. At one length W, from a start on, up
// to 4 W allocations are looked at. A phase ends after the first W of them at the first point where nothing is
// alive, or else at the point where the least is, if that is at most one in twenty. Where no point is, or
// the arena would hold more than 64 KiB and more than four times what the phase has live at its peak, both without
// what survives, the start moves on by W. Where a thread ends within W of a phase, the rest is one, too. The
// shortest length is taken at which nearly as many allocations die within their phase as at any.
//
// A program has to know beforehand what survives, and its call sites are all that it knows. Where they were
// recorded, an arena gets what is made at sites of which nearly all dies: 19 of 20 blocks, and all blocks in 19
// of 20 phases. The other allocations that die are mixed. Blocks that come and go one by one through a queue
// have few survivors, but in each phase.
//
// Cost: linear in the operations, a few times for each of a dozen lengths.
#pragma once

#include <zigmund/alloc/pages.hpp>

#include <cstdint>
#include <limits>
#include <memory_resource>
#include <vector>

#include "trace.hpp"

namespace zigmund::replay {

/// All that was allocated in a phase at one call site and outlived it.
struct Survivors {
    std::uint32_t site;
    std::uint64_t blocks;
    std::uint64_t bytes;
};

struct Phases {
    struct Reset {
        std::uint64_t before;  ///< the operation that it stands before
        std::uint16_t thread;
    };
    std::pmr::vector<Reset> resets{&alloc::pages().resource()};  ///< in the order of the operations
    std::pmr::vector<bool> in_arena{std::pmr::polymorphic_allocator<bool>{
        &alloc::pages().resource()}};  ///< by operation: it is on a block of an arena

    std::uint64_t allocations = 0;     ///< in arenas: dead by the next reset
    std::uint64_t survivors = 0;       ///< allocations in phases that are not
    std::uint64_t survivor_bytes = 0;  ///< as they were asked for
    std::uint64_t mixed = 0;           ///< allocations in phases that die at call sites of survivors
    std::uint64_t outside = 0;         ///< allocations in no phase
    /// Survivors are told apart by their call sites, or there are hardly any.
    bool told_apart = true;
    static constexpr std::uint64_t nowhere = std::numeric_limits<std::uint64_t>::max();
    /// Bytes that an arena would hold at least at a point that was refused because they are too many.
    std::uint64_t least_beyond = nowhere;
    std::uint64_t most_held = 0;  ///< bytes that one arena holds at most between two resets
    std::uint64_t median_held = 0;
    std::vector<Survivors>
        sites{};  ///< the most bytes first; those of one name are one; without recorded sites, one

    /// Of all allocations, those that are dead by the next reset. From 0 to 1.
    [[nodiscard]] double share() const noexcept {
        const std::uint64_t all = allocations + survivors + mixed + outside;
        return all == 0 ? 0 : static_cast<double>(allocations) / static_cast<double>(all);
    }
};

[[nodiscard]] Phases find_phases(const Trace& trace);

}  // namespace zigmund::replay
