// SiteReport: memory by call site, and the four forms in which it is written.
//
//     site_report.cpp          text
//     site_report_json.cpp     JSON
//     site_report_folded.cpp   folded stacks
//     site_report_pprof.cpp    profile.proto
#pragma once

#include <zigmund/alloc/report_format.hpp>

#include <span>
#include <string_view>

#include "call_site.hpp"
#include "text_writer.hpp"

namespace zigmund::alloc::inline v0::detail {

struct SiteReport {
    std::string_view kind;  // leak, live, growth
    std::string_view name;  // of the allocator
    std::span<const CallSite> sites;
    Amount total = {};          // of the sites
    Amount suppressed = {};     // left out
    Amount before_mark = {};    // left out
    Amount reachable = {};      // left out: of a whole program, what it can still get at
    unsigned frames = 8;        // of a stack
    unsigned lines = 24;        // of text; 0: as many as it takes
    std::uint32_t seconds = 0;  // of the allocator's age
    std::uint64_t birth = 0;    // of the allocator, by now_seconds()
    bool aged = true;           // blocks know when they were made

    [[nodiscard]] bool is_growth() const noexcept { return kind == "growth"; }
};

/// Writes to the descriptor. Throws std::bad_alloc (folded, pprof).
void write_report(int descriptor, ReportFormat format, const SiteReport& report);

void write_text(TextWriter& out, const SiteReport& report);
/// The lines of what was suppressed, and of what is older than the mark.
void write_left_out(TextWriter& out, const SiteReport& report);
void write_json(TextWriter& out, const SiteReport& report);
void write_folded(TextWriter& out, const SiteReport& report);
void write_pprof(TextWriter& out, const SiteReport& report);

}  // namespace zigmund::alloc::inline v0::detail
