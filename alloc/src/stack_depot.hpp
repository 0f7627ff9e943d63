// StackDepot: call stacks, each stored once and named by a number.
//
// Capturing follows the chain of frame pointers, a few nanoseconds a frame, and looks the chain up. A chain
// that was never seen is compared with what the unwind tables say. If both agree, each function on the way
// keeps a frame pointer; that is a property of its code, so the same chain is true whenever it is met
// again. If they differ, some caller keeps none: the chain is marked and remembers where on the stack the
// true return addresses lay; a capture that meets it compares those places, and asks the unwind tables,
// slower but true, when they hold something else. Nothing is looked up on a stack that the program has made
// itself (a coroutine's, a signal's) but the first return address: there the unwind tables are always asked.
//
//     stack_entries.hpp     the stacks, and what is known of chains
//     stack_capture.cpp     following the chain
//     stack_memory.cpp      what a thread captured lately
//     stack_unwinding.cpp   the unwind tables
//
// Threads: any; reading takes no lock. Memory: grows with the number of different stacks, for the life of
// the process.
#pragma once

#include <cstdint>
#include <span>

namespace zigmund::alloc::inline v0::detail {

using StackId = std::uint32_t;  // 0: no stack

inline constexpr unsigned max_stack_frames = 64;

/// The stack of the caller of the function whose frame is `frame` (__builtin_frame_address(0) of a function
/// that was compiled to keep a frame pointer), at most `depth` return addresses, innermost first.
[[nodiscard]] StackId capture_stack(const void* frame, unsigned depth) noexcept;

/// The stack that a signal interrupted at `pc`. Call it from the signal's handler.
[[nodiscard]] StackId capture_interrupted_stack(std::uintptr_t pc, unsigned depth) noexcept;

/// True for the number of a stack: `id` may be any that was found in memory.
[[nodiscard]] bool is_stack(StackId id) noexcept;

/// Return addresses, innermost first. They live as long as the process.
[[nodiscard]] std::span<const std::uintptr_t> stack_frames(StackId id) noexcept;

}  // namespace zigmund::alloc::inline v0::detail
