// The form of a tracked block: what is known of it, then bytes that nobody may write, then the user's
// memory, then such bytes again.
//
//     backing block:  [ padding | Header (32) | user's size bytes | canary (8 to 23) ]
//                                              ^ a multiple of the alignment
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

#include "block_map.hpp"
#include "memory_checker.hpp"
#include "stack_depot.hpp"
#include "thread_context.hpp"

namespace zigmund::alloc::inline v0::detail {

/// By what means a block was made; it is to be given back by the same.
enum class Family : std::uint8_t { allocator, malloc, new_object, new_array };

/// Of the word `size_align` of a header.
constexpr std::size_t size_in(std::uint64_t size_align) noexcept {
    return size_align & 0x00FF'FFFF'FFFF'FFFFU;
}

/// In the order in which a report would miss them: what is written before a block begins next to it.
struct Header {
    StackId stack;
    std::uint32_t origin;      // the thread's number below, the mark that came before in the top 20 bits
    std::uint64_t size_align;  // size below, log2 of the alignment in 6 bits, the family in the top 2
    std::uint32_t seconds;     // since the allocator was made
    std::uint32_t check;       // of the members above and the address
    std::uint64_t canary;

    [[nodiscard]] std::size_t size() const noexcept { return size_in(size_align); }
    [[nodiscard]] std::size_t align() const noexcept { return std::size_t{1} << ((size_align >> 56) & 63U); }
    [[nodiscard]] Family family() const noexcept { return static_cast<Family>(size_align >> 62); }
    void set_family(Family family) noexcept {
        size_align = (size_align & ~(std::uint64_t{3} << 62)) | static_cast<std::uint64_t>(family) << 62;
    }
    [[nodiscard]] std::uint32_t thread() const noexcept { return origin % max_threads; }
    [[nodiscard]] std::uint32_t mark() const noexcept { return origin / max_threads; }
};
static_assert(sizeof(Header) == 32);

inline Header& header_of(void* user) noexcept {
    return *reinterpret_cast<Header*>(static_cast<std::byte*>(user) - sizeof(Header));
}

/// What the backing is asked for.
struct Extent {
    std::size_t prefix;  // from the backing's block to the user's memory
    std::size_t total;   // 0: the size cannot exist
    std::size_t align;
};

inline Extent extent_of(std::size_t size, std::size_t align) noexcept {
    Extent extent{
        .prefix = std::max(align, sizeof(Header)), .total = 0, .align = std::max<std::size_t>(align, 16)};
    constexpr std::size_t largest = std::size_t{1} << 47;
    if (size < largest && align < largest) [[likely]]
        extent.total = (extent.prefix + size + 8 + 15) & ~std::size_t{15};
    return extent;
}

/// The backing's part of a block that is aligned to default_align, header included. Of any other, the least
/// distance to where the next block begins.
constexpr std::size_t plain_total(std::size_t size) noexcept {
    return (sizeof(Header) + size + 8 + 15) & ~std::size_t{15};
}

/// One byte, repeated: an overflow may end anywhere in it. Never zero, and never a letter or a small number.
inline std::uint64_t canary_of(const void* user) noexcept {
    const std::uint64_t mixed = reinterpret_cast<std::uintptr_t>(user) * 0x9E3779B97F4A7C15U;
    return (0xA0 | (mixed >> 60)) * 0x0101'0101'0101'0101U;
}

/// Stack and origin as one word.
inline std::uint64_t maker_of(StackId stack, std::uint32_t origin) noexcept {
    return std::uint64_t{origin} << 32 | stack;
}

inline std::uint32_t check_of(std::uint64_t size_align, std::uint64_t maker, std::uint32_t seconds,
                              const void* user) noexcept {
    const std::uint64_t mixed =
        size_align ^ (maker + reinterpret_cast<std::uintptr_t>(user)) ^ (std::uint64_t{seconds} << 17);
    return static_cast<std::uint32_t>((mixed * 0x9E3779B97F4A7C15U) >> 32);
}
inline std::uint32_t check_of(const Header& header, const void* user) noexcept {
    return check_of(header.size_align, maker_of(header.stack, header.origin), header.seconds, user);
}

inline void write_tail(void* user, std::size_t size, std::size_t room, std::uint64_t canary) noexcept {
    std::byte* const tail = static_cast<std::byte*>(user) + size;
    std::memcpy(tail, &canary, 8);
    std::memcpy(tail + std::min<std::size_t>(8, room - 8), &canary, 8);
    std::memcpy(tail + room - 8, &canary, 8);
}

/// Where a byte differs from `byte`; the size if none does.
[[nodiscard]] std::size_t first_other(std::span<const unsigned char> bytes, unsigned char byte) noexcept;

/// The header and the bytes behind a new block, of which the user has written none yet.
inline void write_frame(void* user, std::size_t size, std::size_t total, std::uint64_t size_align,
                        std::uint64_t maker, std::uint32_t seconds) noexcept {
    const std::uint64_t canary = canary_of(user);
    const std::uint64_t check = check_of(size_align, maker, seconds, user);
    static_assert(std::endian::native == std::endian::little);
    std::byte* const header = reinterpret_cast<std::byte*>(&header_of(user));
    const std::uint64_t last = check << 32 | seconds;
    static_assert(offsetof(Header, origin) == offsetof(Header, stack) + 4);
    static_assert(offsetof(Header, check) == offsetof(Header, seconds) + 4);
    std::memcpy(header + offsetof(Header, stack), &maker, 8);
    std::memcpy(header + offsetof(Header, size_align), &size_align, 8);
    std::memcpy(header + offsetof(Header, seconds), &last, 8);
    std::memcpy(header + offsetof(Header, canary), &canary, 8);
    std::byte* const end = header + total;
    // At most 23 bytes: what lies before them is the block's own.
    std::memcpy(end - 16, &canary, 8);
    std::memcpy(end - 8, &canary, 8);
    std::memcpy(static_cast<std::byte*>(user) + size, &canary, 8);
}

inline bool tail_intact(const void* user, std::size_t size, std::size_t room, std::uint64_t canary) noexcept {
    const std::byte* const tail = static_cast<const std::byte*>(user) + size;
    const auto is_canary = [=](const std::byte* at) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        return word == canary;
    };
    return is_canary(tail) && is_canary(tail + room - 8) &&
           is_canary(tail + std::min<std::size_t>(8, room - 8));
}

/// Whether nothing was written around a block whose size its header holds.
inline bool frame_intact(void* user, std::size_t size, std::size_t total) noexcept {
    const Header& header = header_of(user);
    if (header.check != check_of(header, user)) return false;
    const std::uint64_t canary = canary_of(user);
    const std::byte* const tail = static_cast<const std::byte*>(user) + size;
    const std::byte* const end = static_cast<const std::byte*>(user) + (total - sizeof(Header));
    const auto is_canary = [=](const void* at) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        return word == canary;
    };
    return is_canary(&header.canary) && is_canary(tail) && is_canary(end - 8) &&
           (end - tail <= 16 || is_canary(tail + 8));
}

// Where AddressSanitizer or memcheck watches, the bytes around the user's memory are hidden: it stops at the
// very access, and is told before they are read here.
inline void fence(void* base, const Extent& extent, std::size_t size) noexcept {
    if (!memory_checker::watches()) return;
    auto* const begin = static_cast<std::byte*>(base);
    memory_checker::hide(begin, extent.prefix);
    memory_checker::hide(begin + extent.prefix + size, extent.total - extent.prefix - size);
}
inline void unfence(void* base, const Extent& extent, std::size_t size) noexcept {
    if (!memory_checker::watches()) return;
    auto* const begin = static_cast<std::byte*>(base);
    memory_checker::reveal(begin, extent.prefix);
    memory_checker::reveal(begin + extent.prefix + size, extent.total - extent.prefix - size);
}

/// A copy of the header of a live block; the fence stays.
inline Header peek_header(void* user) noexcept {
    Header& header = header_of(user);
    const bool watched = memory_checker::watches();
    if (watched) memory_checker::reveal(&header, sizeof header);
    const Header copy = header;
    if (watched) memory_checker::hide(&header, sizeof header);
    return copy;
}

}  // namespace zigmund::alloc::inline v0::detail
