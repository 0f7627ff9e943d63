// ArenaOptions and Reset: how an Arena grows, and what it keeps when it is emptied.
//
// Threads: plain values. Cost: none on the path of an allocation. Never: allocates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace zigmund::alloc::inline v0 {

/// How an Arena takes memory from its upstream. The defaults suit a request or a parse: a page at first,
/// then doubling up to a mebibyte.
struct ArenaOptions {
    /// Bytes of the first chunk taken from the upstream, the arena's own header (32 bytes) included.
    /// Nothing is taken before the first allocation.
    std::size_t first_chunk = 4096;
    /// Each chunk after it has this many percent of the one before: 200 doubles, 100 keeps the size.
    unsigned growth_percent = 200;
    /// No chunk of the schedule is larger. A block that needs more than half of the next chunk gets memory
    /// of its own and leaves the schedule as it was.
    std::size_t max_chunk = std::size_t{1} << 20;
    /// The most bytes that may be in use at once, as bytes_used() counts them, the caller's initial buffer
    /// included. Exact: the allocation that would cross it fails as if the upstream were empty.
    std::size_t limit = std::numeric_limits<std::size_t>::max();
    /// Freed blocks of 32 bytes and more, such as the outgrown arrays of containers, are used again. Each
    /// allocation then costs a call and a look at the lists; without it, the free of any block but the
    /// newest does nothing.
    bool recycle = false;
};

/// What Arena::reset() keeps for the next round.
class Reset {
  public:
    /// Everything goes back to the upstream.
    static const Reset free_all;
    /// All chunks become one of the summed size: a round like the last one then asks the upstream nothing.
    static const Reset retain_capacity;
    /// As retain_capacity, of a capacity that follows the largest round while that is recent: what was
    /// kept for a larger one is given back, an eighth at each reset that did not need it.
    static const Reset decay;
    /// As retain_capacity, but no more than `bytes` stay reserved; 0 is free_all.
    [[nodiscard]] static constexpr Reset retain_with_limit(std::size_t bytes) noexcept {
        return Reset{Mode::retain, bytes};
    }

  private:
    friend class ArenaBase;
    enum class Mode : std::uint8_t { retain, decay };

    constexpr Reset(Mode mode, std::size_t limit) noexcept : limit_{limit}, mode_{mode} {}

    std::size_t limit_;
    Mode mode_;
};

inline constexpr Reset Reset::free_all{Mode::retain, 0};
inline constexpr Reset Reset::retain_capacity{Mode::retain, std::numeric_limits<std::size_t>::max()};
inline constexpr Reset Reset::decay{Mode::decay, std::numeric_limits<std::size_t>::max()};

}  // namespace zigmund::alloc::inline v0
