// Reading this process's memory where another thread may take it away meanwhile: the kernel copies, and says
// what is gone instead of stopping the reader.
#pragma once

#include <cstddef>

namespace zigmund::alloc::inline v0::detail {

/// Copies `size` bytes. False: not all of them are there. Where the kernel forbids that (an old container's
/// seccomp filter), it reads for itself.
[[nodiscard]] bool read_memory(const void* from, void* to, std::size_t size) noexcept;

}  // namespace zigmund::alloc::inline v0::detail
