// How a stack is shown: named, one frame a line, without the frames of the allocators themselves.
#pragma once

#include <zigmund/alloc/symbolizer.hpp>

#include <cstdint>
#include <span>
#include <string_view>

#include "stack_depot.hpp"
#include "text_writer.hpp"

namespace zigmund::alloc::inline v0::detail {

/// True for a function whose frames are left out: `name` is demangled, with or without its return type.
[[nodiscard]] bool is_plumbing(std::string_view name) noexcept;

/// Calls `visit(frame)` for each frame of a stack that is shown, innermost first: not for the innermost ones
/// that belong to zigmund::alloc or to the standard library, unless all do, and not for what calls main.
/// `frames`: return addresses.
template <class Visit>
void for_each_shown(std::span<const std::uintptr_t> frames, Visit&& visit) {
    struct Walk {
        Visit* visit;
        bool inside;  // still among the innermost frames, which are plumbing
        bool shown = false;
        bool at_main = false;
    };
    for (const bool skip : {true, false}) {
        Walk walk{.visit = &visit, .inside = skip};
        for (const std::uintptr_t address : frames) {
            if (walk.at_main) break;
            symbolize(
                address - 1,
                [](const SourceFrame& frame, void* context) {
                    Walk& at = *static_cast<Walk*>(context);
                    if (at.at_main || (at.inside && is_plumbing(frame.function))) return;
                    at.inside = false;
                    at.shown = true;
                    at.at_main = frame.function == "main";
                    (*at.visit)(frame);
                },
                &walk);
        }
        if (walk.shown) return;
    }
}

/// Lines like `    #0 load(char const*) at src/cache.cpp:41`, and ` (inlined)` behind them where that is so.
/// At most `depth` lines that are not inlined ones, and at most `lines` in all, the last of which is
/// `    ...` then. Nothing known: `    (no stack)`. Returns the number of lines.
unsigned write_stack(TextWriter& out, StackId id, unsigned depth, unsigned lines = UINT32_MAX);
/// The same of return addresses, innermost first.
unsigned write_stack(TextWriter& out, std::span<const std::uintptr_t> frames, unsigned depth,
                     unsigned lines = UINT32_MAX);

/// What write_stack() would write.
[[nodiscard]] unsigned lines_of_stack(StackId id, unsigned depth);

/// `load(char const*) at src/cache.cpp:41`: the innermost frame that is shown. Nothing known: nothing.
void write_top_frame(TextWriter& out, StackId id);

}  // namespace zigmund::alloc::inline v0::detail
