// FreeLists: the freed blocks of an arena that recycles, by size class.
//
// One list for each power of two holds the blocks from that size up to the next, the newest first; the
// links lie in the blocks themselves. Each block remembers the savepoint that was open when it was freed:
// those freed since a savepoint are the first ones of each list.
//
// Threads: those of the arena. Cost: a handful of blocks looked at. Never: merges neighbours, allocates.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace zigmund::alloc::inline v0::detail {

class ZIGMUND_EXPORT FreeLists {
  public:
    /// A smaller block does not hold its own link and is not kept.
    static constexpr std::size_t smallest = 32;

    /// Keeps the memory from `begin` on, freed while the savepoint `serial` was the innermost one.
    void push(std::uintptr_t begin, std::size_t size, std::uint64_t serial, bool watched) noexcept;

    /// A block that was freed since the savepoint `serial` and has no more than `most` bytes, or 0. What it
    /// has beyond `size` is kept again.
    [[nodiscard]] std::uintptr_t pop(std::size_t size, std::size_t align, std::size_t most,
                                     std::uint64_t serial, bool watched) noexcept;

    /// Forgets what was freed since the savepoint `serial`.
    void drop(std::uint64_t serial, bool watched) noexcept;

    /// Forgets all.
    void clear() noexcept {
        heads_ = {};
        filled_ = 0;
    }

  private:
    struct Block {
        std::uintptr_t older;  ///< 0: none
        std::size_t size;
        std::uint64_t serial;
    };
    static constexpr std::size_t classes = 32;

    static std::size_t class_of(std::size_t size) noexcept;
    void set_head(std::size_t list, std::uintptr_t block) noexcept;

    std::array<std::uintptr_t, classes> heads_{};
    std::uint32_t filled_ = 0;  ///< a bit for each list that is not empty
};

}  // namespace zigmund::alloc::inline v0::detail
