#include "site_report.hpp"

#include <algorithm>
#include <array>

#include "process_memory.hpp"
#include "stack_report.hpp"
#include "thread_names.hpp"

namespace zigmund::alloc::inline v0::detail {
namespace {

/// `192 bytes in 3 blocks`; with a sign where it is growth.
void write_amount(TextWriter& out, const Amount& amount, bool sign) {
    out.integer(amount.bytes, sign) << " bytes in ";
    out.integer(amount.blocks, sign) << (amount.blocks == 1 || amount.blocks == -1 ? " block" : " blocks");
}

/// `  192 bytes (100.0 %) in 3 blocks of 64 bytes`
void write_site(TextWriter& out, const SiteReport& report, const CallSite& site) {
    out << "  ";
    if (report.is_growth()) {
        write_amount(out, site.amount, true);
        if (site.stack != 0) return;
        out << " of ";
        out.decimal(site.smallest) << " bytes";
        return;
    }
    out.integer(site.amount.bytes, false) << " bytes (";
    const auto total = static_cast<std::uint64_t>(std::max<std::int64_t>(report.total.bytes, 1));
    out.tenths((static_cast<std::uint64_t>(site.amount.bytes) * 1000 + total / 2) / total) << " %) in ";
    out.integer(site.amount.blocks, false) << (site.amount.blocks == 1 ? " block of " : " blocks of ");
    out.decimal(site.smallest);
    if (site.smallest != site.largest) {
        out << " to ";
        out.decimal(site.largest);
    }
    out << " bytes";
    if (site.held.blocks == 0) return;
    out << ", ";
    out.integer(site.held.blocks, false) << " of them held by the others";
}

void write_example(TextWriter& out, const SiteReport& report, const CallSite& site) {
    out << "    one of them, at ";
    out.hex(site.example);
    if (report.aged) {
        out << ", made ";
        out.decimal(report.seconds - site.seconds) << " s ago";
    }
    write_thread(out, site.thread, report.birth + site.seconds);
    std::array<unsigned char, 16> content{};
    const std::size_t size = std::min(site.smallest, content.size());
    if (size != 0 && read_memory(reinterpret_cast<const void*>(site.example), content.data(), size)) {
        out << ", holds";
        for (std::size_t i = 0; i < size; ++i) {
            out << ' ';
            out.hex_byte(content[i]);
        }
    }
    out << '\n';
}

/// One call site with its stack and an example.
void write_in_full(TextWriter& out, const SiteReport& report, const CallSite& site, unsigned stack_lines) {
    write_site(out, report, site);
    out << (site.stack == 0 ? "\n" : ", allocated at\n");
    if (site.stack != 0) (void)write_stack(out, site.stack, report.frames, stack_lines);
    if (!report.is_growth()) write_example(out, report, site);
}

void write_on_one_line(TextWriter& out, const SiteReport& report, const CallSite& site) {
    write_site(out, report, site);
    if (site.stack != 0) {
        out << ", allocated at ";
        write_top_frame(out, site.stack);
    }
    out << '\n';
}

/// As many call sites in full as fit, the first one in any case; then one line each; then how many more.
void write_sites(TextWriter& out, const SiteReport& report, std::size_t room) {
    const std::span<const CallSite> sites = report.sites;
    const std::size_t around = report.is_growth() ? 1 : 2;  // lines beside the stack
    constexpr std::size_t kept_for_others = 9;
    std::size_t i = 0;
    for (; i < sites.size(); ++i) {
        const std::size_t others = std::min(sites.size() - i - 1, kept_for_others);
        const std::size_t stack = sites[i].stack == 0 ? 0 : lines_of_stack(sites[i].stack, report.frames);
        if (i != 0 && around + stack + others > room) break;
        const std::size_t most = std::max(room - std::min(room, around + others), std::size_t{1});
        const auto granted = static_cast<unsigned>(std::min(stack, most));
        write_in_full(out, report, sites[i], granted);
        room -= std::min(room, around + granted);
    }
    for (; i < sites.size() && room > (i + 1 < sites.size() ? 1U : 0U); ++i, --room)
        write_on_one_line(out, report, sites[i]);
    if (i == sites.size()) return;
    Amount rest;
    for (const CallSite& site : sites.subspan(i)) rest += site.amount;
    out << "  ... and ";
    out.decimal(sites.size() - i) << (sites.size() - i == 1 ? " more call site: " : " more call sites: ");
    write_amount(out, rest, report.is_growth());
    out << '\n';
}

}  // namespace

void write_left_out(TextWriter& out, const SiteReport& report) {
    const auto line = [&](std::string_view what, const Amount& amount) {
        if (amount.blocks == 0) return;
        out << what;
        write_amount(out, amount, false);
        out << '\n';
    };
    line("  suppressed: ", report.suppressed);
    line("  before the mark: ", report.before_mark);
    line("  still reachable: ", report.reachable);
}

void write_text(TextWriter& out, const SiteReport& report) {
    out << "zigmund: " << report.name << ": " << report.kind << ": ";
    write_amount(out, report.total, report.is_growth());
    out << " from ";
    out.decimal(report.sites.size()) << (report.sites.size() == 1 ? " call site\n" : " call sites\n");

    const std::size_t others = 1U + (report.suppressed.blocks != 0) + (report.before_mark.blocks != 0) +
                               (report.reachable.blocks != 0);
    constexpr std::size_t unlimited = SIZE_MAX / 2;
    write_sites(out, report, report.lines == 0 ? unlimited : std::max<std::size_t>(report.lines, 8) - others);

    write_left_out(out, report);
}

void write_report(int descriptor, ReportFormat format, const SiteReport& report) {
    TextWriter out{descriptor, format == ReportFormat::text ? Colours::on_terminals : Colours::never};
    switch (format) {
        case ReportFormat::text:
            return write_text(out, report);
        case ReportFormat::json:
            return write_json(out, report);
        case ReportFormat::folded:
            return write_folded(out, report);
        case ReportFormat::pprof:
            return write_pprof(out, report);
    }
}

}  // namespace zigmund::alloc::inline v0::detail
