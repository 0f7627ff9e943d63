// What the machine has for a process.
#pragma once

#include <cstdint>

namespace zigmund::replay {

/// Bytes that the process may still take: what the machine has free, or what the limit of its address space leaves
/// (`ulimit -v`), if that is less. 0: not known.
[[nodiscard]] std::uint64_t available_bytes();

}  // namespace zigmund::replay
