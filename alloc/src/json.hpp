// How reports are written as JSON.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "text_writer.hpp"

namespace zigmund::alloc::inline v0::detail {

/// `"text"`; what is no UTF-8 in it becomes U+FFFD.
void write_json_string(TextWriter& out, std::string_view text);

/// The frames of a stack that are shown, innermost first:
/// `[{"function":"load","file":"cache.cpp","line":41,"inlined":false,"address":"0x1234",...}]`.
/// `frames`: return addresses.
void write_json_stack(TextWriter& out, std::span<const std::uintptr_t> frames);

/// `,"thread":3` and, if it had a name of its own, `,"thread_name":"loader"`. `seconds`: when, by
/// now_seconds().
void write_json_thread(TextWriter& out, std::uint32_t thread, std::uint64_t seconds);

}  // namespace zigmund::alloc::inline v0::detail
