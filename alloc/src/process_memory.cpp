#include "process_memory.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace zigmund::alloc::detail {
namespace {

/// Byte by byte, past AddressSanitizer: what is read is poisoned for users.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread]]
void copy_directly(std::uintptr_t from, std::byte* to, std::size_t size) noexcept {
    const auto* const source = reinterpret_cast<const volatile std::byte*>(from);
    for (std::size_t i = 0; i < size; ++i) to[i] = source[i];
}

}  // namespace

void read_memory(std::span<const std::uintptr_t> places, std::size_t size, std::byte* to,
                 std::span<bool> read) noexcept {
    std::array<iovec, most_places> sources;
    for (std::size_t i = 0; i < places.size(); ++i) {
        sources[i] = {.iov_base = reinterpret_cast<void*>(places[i]), .iov_len = size};
        read[i] = false;
    }
    for (std::size_t next = 0; next < places.size();) {
        const iovec target{.iov_base = to + next * size, .iov_len = (places.size() - next) * size};
        const ssize_t got =
            ::process_vm_readv(::getpid(), &target, 1, &sources[next], places.size() - next, 0);
        if (got < 0 && errno != EFAULT) {
            for (; next < places.size(); ++next) {
                copy_directly(places[next], to + next * size, size);
                read[next] = true;
            }
            return;
        }
        // It stops at the first place that is not there.
        const std::size_t whole = got < 0 ? 0 : static_cast<std::size_t>(got) / size;
        for (std::size_t i = 0; i < whole; ++i) read[next++] = true;
        ++next;
    }
}

}  // namespace zigmund::alloc::detail
