// StackUnwinding: stacks by what the unwind tables say of them: true of any code that has some, and slow.
#pragma once

#include <cstdint>
#include <span>

#include "stack_entries.hpp"
#include "thread_context.hpp"

namespace zigmund::alloc::inline v0::detail {

/// The stack of a capture at `frame`, whose chain of frame pointers is `chain`. `unreliable`: the entry of a
/// chain that is known to skip callers; null: it was never met. It learns which stack it was part of.
[[gnu::cold, gnu::noinline]] StackId unwind(const void* frame, const ThreadContext& context, unsigned depth,
                                            std::span<const std::uintptr_t> chain, std::uint64_t chain_hash,
                                            Entry* unreliable) noexcept;

}  // namespace zigmund::alloc::inline v0::detail
