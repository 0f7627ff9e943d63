// UnsizedAccess: a GeneralPurposeAllocator for callers that do not know what they give back, which is what
// malloc's interface and operator delete make of them. Private to the library and to
// zigmund::alloc_interpose.
#pragma once

#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <span>

#include "guarded_block.hpp"

namespace zigmund::alloc::inline v0 {

/// All functions want an allocator that tracks: its tier is not `off`. `frame` is that of the function that
/// the program called. Of the tier `sampled` they know the sampled blocks only.
struct UnsizedAccess {
    /// What somebody who gives a block back says of it.
    struct Claimed {
        detail::Family family;
        std::size_t size = unknown;
        std::size_t align = unknown;
    };
    static constexpr std::size_t unknown = SIZE_MAX;

    struct Block {
        void* address;
        std::size_t size;
        std::size_t align;
        detail::Family family;
        detail::StackId stack;
    };

    /// A block that nothing refers to any more, and the blocks that only it refers to.
    struct Lost {
        void* address;
        std::size_t smallest;  // of all of them
        std::size_t largest;
        std::size_t held_bytes;
        std::size_t held_blocks;
    };
    struct LostReport {
        std::string_view kind;  // leak, or reachable
        std::span<const Lost> blocks;
        std::size_t reachable_bytes;
        std::size_t reachable_blocks;
        int descriptor;
    };

    [[nodiscard]] static void* allocate(GeneralPurposeAllocator& from, std::size_t size, std::size_t align,
                                        detail::Family family, const void* frame) noexcept;

    /// The live block that begins at `p`, any value of a pointer. Address null: none does. A block whose
    /// header was overwritten has the size 0; free() reports that.
    [[nodiscard]] static Block find(const GeneralPurposeAllocator& of, void* p) noexcept;

    /// Gives back what begins at `p`, after all that is wrong with it was reported.
    static void free(GeneralPurposeAllocator& from, void* p, const Claimed& claimed,
                     const void* frame) noexcept;

    /// A live block that a realloc() found, after all that is wrong with it was reported and put right: it is
    /// malloc's, and nothing is told of it again.
    struct Settled {
        Block block;     // address null: another thread gave it back. Size 0: it has none, or nobody knows
        bool has_place;  // where its memory begins is known: it can be given back
        bool is_whole;   // what was known of it still is: it can be resized
    };
    [[nodiscard]] static Settled settle(GeneralPurposeAllocator& of, void* p, const void* frame) noexcept;

    /// The end of a block that has no place: its memory is given to nobody.
    static void abandon(GeneralPurposeAllocator& of, const Block& block, const void* frame) noexcept;

    /// Resizes in place, as Resource::resize() does, for realloc(); what is wrong with the block is reported.
    [[nodiscard]] static bool resize(GeneralPurposeAllocator& from, const Block& block, std::size_t new_size,
                                     const void* frame) noexcept;

    /// Reports a pointer that no live block begins at.
    static void report_unknown(GeneralPurposeAllocator& of, void* p, std::string_view verb,
                               const void* frame) noexcept;

    /// True for an address where blocks have pages of their own.
    [[nodiscard]] static bool is_guarded(const GeneralPurposeAllocator& of, const void* p) noexcept;

    /// Each live block, in no particular order. No other thread may use the allocator meanwhile.
    static void for_each_live(const GeneralPurposeAllocator& of,
                              void (*visit)(const Block& block, void* context), void* context) noexcept;

    /// Writes a leak report of those blocks, in the form and with the suppressions of the allocator's
    /// options. Returns how many blocks it tells of; 0: it has written nothing.
    static std::size_t report_lost(GeneralPurposeAllocator& of, const LostReport& lost) noexcept;

    /// The address space of the blocks that have pages of their own.
    [[nodiscard]] static std::span<const std::byte> guarded_range(const GeneralPurposeAllocator& of) noexcept;
};

}  // namespace zigmund::alloc::inline v0
