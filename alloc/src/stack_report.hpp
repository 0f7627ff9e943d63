// How a stack is shown: named, one frame a line, without the frames of the allocators themselves.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "stack_depot.hpp"
#include "text_writer.hpp"

namespace zigmund::alloc::detail {

/// Lines like `    #0 load(char const*) at src/cache.cpp:41`. The innermost frames that belong to
/// zigmund::alloc or to the standard library are left out, as is what calls main. At most `depth` lines that
/// are not inlined ones. Nothing known: `    (no stack)`.
void write_stack(TextWriter& out, StackId id, unsigned depth);
/// The same of return addresses, innermost first.
void write_stack(TextWriter& out, std::span<const std::uintptr_t> frames, unsigned depth);

/// Equal for stacks that are shown alike: a compiler that unrolls a loop makes several calls of one line.
[[nodiscard]] std::uint64_t hash_as_shown(StackId id);

/// True for a function whose frames are left out: `name` is demangled, with or without its return type.
[[nodiscard]] bool is_plumbing(std::string_view name) noexcept;

}  // namespace zigmund::alloc::detail
