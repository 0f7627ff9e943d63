// Reading this process's memory where another thread may take it away meanwhile: the kernel copies, and says
// what is gone instead of stopping the reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace zigmund::alloc::detail {

/// Most places that read_memory() takes.
inline constexpr std::size_t most_places = 256;

/// Copies `size` bytes from each of `places` to `to`, one after the other, and says in `read` which of them
/// were there. Where the kernel forbids that (an old container's seccomp filter), it reads for itself.
void read_memory(std::span<const std::uintptr_t> places, std::size_t size, std::byte* to,
                 std::span<bool> read) noexcept;

/// The same of one place. True: it was there.
[[nodiscard]] inline bool read_memory(const void* from, void* to, std::size_t size) noexcept {
    const auto place = reinterpret_cast<std::uintptr_t>(from);
    bool read = false;
    read_memory({&place, 1}, size, static_cast<std::byte*>(to), {&read, 1});
    return read;
}

}  // namespace zigmund::alloc::detail
