// The form of a trace: what zigmund-leaks --trace writes and zigmund-bench reads.
//
//     head     4096 bytes: Head, then zeros
//     chunk    64 KiB: ChunkHead, then records, then zeros; as many chunks as it took
//
// A chunk belongs to one writer at a time. A record begins with a byte that is not 0 and that was written
// last: what lies before the first 0 is whole, also when the process was killed while it wrote. After it come
// numbers, seven bits a byte, the lowest first, the eighth bit set in all but the last:
//
//     allocate  order address size [alignment] [site]
//     free      order address
//     resize    order address size                     in place
//     move      order address address size [site]      what realloc() does: from the first to the second
//     thread    number                                 of whom the records that follow are
//     name      site length, then so many bytes        of a call site, UTF-8
//
// `order` is what the operation's number in the order of all is above that of the one before in the chunk, or
// above ChunkHead::before. A free has the number that it had before the memory was given back, an allocation
// one that it had after it was taken: of two operations on the same memory the earlier has the smaller one.
// An address is divided by 16; what is written is the difference to the one before in the chunk, at first to
// 0, its sign in the lowest bit. An alignment is its logarithm. Byte order is that of the machine, and a file
// of another one has another version for who reads it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace zigmund::replay::format {

inline constexpr std::array<char, 16> magic{"zigmund trace\n"};
inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t head_bytes = 4096;
inline constexpr std::size_t chunk_bytes = std::size_t{64} << 10;
inline constexpr std::uint32_t chunk_magic = 0x6b6e4843;

/// The alignment that is not written.
inline constexpr std::size_t usual_align = 16;
/// Records but `name` are shorter.
inline constexpr std::size_t most_record = 64;
/// Bytes of a call site's name.
inline constexpr std::size_t most_name = 255;
/// Writers at a time: so many operations may lack in what a killed process left.
inline constexpr std::size_t writers = 64;

/// Why the records end.
enum class End : std::uint32_t {
    killed,  ///< nobody has written anything else: a signal, exec()
    exited,
    limit,     ///< the file had its greatest size
    no_space,  ///< the file could not be made larger, or was gone
};

struct Head {
    std::array<char, 16> magic;
    std::uint32_t version;
    End end;
    std::uint32_t has_sites;
    std::uint32_t reserved;
    std::array<char, 256> program;  ///< the file's name, terminated by a zero
    std::uint64_t process = 0;      ///< the same in traces of one process only; 0: not known
};

struct ChunkHead {
    std::uint32_t magic;  ///< 0: the chunk was never written
    std::uint32_t reserved;
    std::uint64_t before;  ///< what the order of the first record is counted from
};

enum class Kind : std::uint8_t { none, allocate, free, resize, move, thread, name };
/// The first byte of a record is its kind and these.
inline constexpr unsigned kind_mask = 7;
inline constexpr unsigned has_alignment = 8;
inline constexpr unsigned has_site = 16;

/// Numbers after each other. The caller sees to the room: 10 bytes a number.
inline std::byte* put_number(std::byte* to, std::uint64_t number) noexcept {
    for (; number >= 0x80; number >>= 7) *to++ = static_cast<std::byte>(number | 0x80);
    *to++ = static_cast<std::byte>(number);
    return to;
}

inline constexpr std::uint64_t fold_sign(std::int64_t number) noexcept {
    return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}
inline constexpr std::int64_t unfold_sign(std::uint64_t number) noexcept {
    return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

}  // namespace zigmund::replay::format
