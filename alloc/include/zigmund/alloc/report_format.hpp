// ReportFormat: how a report of memory by call site is written: leaks, live memory, growth.
#pragma once

#include <cstdint>

namespace zigmund::alloc::inline v0 {

/// How a report of leaks, or of what is live or has grown, is written.
enum class ReportFormat : std::uint8_t {
    /// For people, coloured where the descriptor is a terminal, the environment variable NO_COLOR is not set
    /// or empty, and TERM is not `dumb`. The first line is fixed, for scripts to match.
    text,
    /// One object on one line:
    ///
    ///     {"report": "leak", "allocator": "cache", "bytes": 192, "blocks": 3,
    ///      "suppressed": {"bytes": 0, "blocks": 0}, "before_mark": {"bytes": 0, "blocks": 0},
    ///      "call_sites": [{"bytes": 192, "blocks": 3, "smallest": 64, "largest": 64,
    ///        "example": {"address": "0x7f10", "thread": 1, "age_seconds": 0, "content": "5a00"},
    ///        "stack": [{"function": "load(char const*)", "file": "src/cache.cpp", "line": 41,
    ///          "inlined": false, "address": "0x4011d6", "module": "/usr/bin/app", "offset": "0x11d6"}]}]}
    ///
    /// An error that ends the process is an object, too: {"report": "error", "allocator": "cache",
    /// "kind": "double free", "address": "0x7f10", "size": 64, "message": the text of the whole report}.
    /// In the other formats errors are text.
    ///
    /// `report` is leak, live or growth; growth has neither `suppressed` and `before_mark` nor sizes and an
    /// example. What is not known is left out: function, file and line, module and offset. Names are UTF-8:
    /// what is not is replaced by U+FFFD.
    json,
    /// A line for each call site, `main;load(char const*);read() 192`: outermost first, then the bytes. What
    /// flamegraph.pl, inferno and speedscope read. Of growth, only the call sites that grew.
    folded,
    /// A profile.proto message, not compressed, with sample types inuse_objects and inuse_space as Go's heap
    /// profiles have them: what `go tool pprof`, speedscope and Perfetto open.
    pprof,
};

}  // namespace zigmund::alloc::inline v0
