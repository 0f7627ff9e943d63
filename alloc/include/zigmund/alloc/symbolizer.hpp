// Symbolizer: what a code address is called in the source.
//
// Built with libbacktrace (part of GCC) it reads the program's own debug information and names function,
// file and line, and the callers that were inlined there. Without it, or for a program without debug
// information, it names the function that the dynamic linker knows, the module and the offset in it:
// what `addr2line -e MODULE OFFSET` wants.
//
// Threads: any, at the same time. Cost: the first call reads the debug information of the whole program
// (milliseconds to a second), later ones a search in it; for reports, not for hot paths. Never: fails; an
// address that nothing is known of is given back as such.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zigmund::alloc::inline v0 {

/// One line of a stack. All views live until the callback that received them returns.
struct SourceFrame {
    std::uintptr_t address = 0;  ///< of the instruction
    std::string_view function;   ///< demangled, with its parameters; empty: not known
    std::string_view file;       ///< as the compiler wrote it; empty: not known
    int line = 0;                ///< 0: not known
    std::string_view module;     ///< path of the executable or shared object; empty: not known
    std::size_t offset = 0;      ///< of the instruction in the module
    bool inlined = false;        ///< the function was inlined into the one of the next frame
};

/// Calls `visit(frame, context)` for the function at `address`: first for the innermost function that was
/// inlined there, last for the one that owns the code. At least once. For a return address pass one less,
/// so that the call is named and not what follows it.
ZIGMUND_EXPORT void symbolize(std::uintptr_t address, void (*visit)(const SourceFrame& frame, void* context),
                              void* context);

}  // namespace zigmund::alloc::inline v0
