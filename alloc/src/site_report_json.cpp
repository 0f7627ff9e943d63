#include <algorithm>
#include <array>

#include "json.hpp"
#include "process_memory.hpp"
#include "site_report.hpp"
#include "stack_depot.hpp"

namespace zigmund::alloc::inline v0::detail {
namespace {

void write_amount(TextWriter& out, const Amount& amount) {
    out << R"("bytes":)";
    out.integer(amount.bytes, false) << R"(,"blocks":)";
    out.integer(amount.blocks, false);
}

void write_example(TextWriter& out, const SiteReport& report, const CallSite& site) {
    out << R"(,"example":{"address":")";
    out.hex(site.example) << '"';
    write_json_thread(out, site.thread, report.birth + site.seconds);
    if (report.aged) {
        out << R"(,"age_seconds":)";
        out.decimal(report.seconds - site.seconds);
    }
    std::array<unsigned char, 16> content{};
    const std::size_t size = std::min(site.smallest, content.size());
    if (read_memory(reinterpret_cast<const void*>(site.example), content.data(), size)) {
        out << R"(,"content":")";
        for (std::size_t i = 0; i < size; ++i) out.hex_byte(content[i]);
        out << '"';
    }
    out << '}';
}

}  // namespace

void write_json(TextWriter& out, const SiteReport& report) {
    out << R"({"report":)";
    write_json_string(out, report.kind);
    out << R"(,"allocator":)";
    write_json_string(out, report.name);
    out << ',';
    write_amount(out, report.total);
    if (!report.is_growth()) {
        out << R"(,"suppressed":{)";
        write_amount(out, report.suppressed);
        out << R"(},"before_mark":{)";
        write_amount(out, report.before_mark);
        out << '}';
        if (report.reachable.blocks != 0) {
            out << R"(,"reachable":{)";
            write_amount(out, report.reachable);
            out << '}';
        }
    }
    out << R"(,"call_sites":[)";
    bool first = true;
    for (const CallSite& site : report.sites) {
        out << (first ? "{" : ",{");
        first = false;
        write_amount(out, site.amount);
        if (!report.is_growth()) {
            out << R"(,"smallest":)";
            out.decimal(site.smallest) << R"(,"largest":)";
            out.decimal(site.largest);
            if (site.held.blocks != 0) {
                out << R"(,"held":{)";
                write_amount(out, site.held);
                out << '}';
            }
            write_example(out, report, site);
        }
        out << R"(,"stack":)";
        write_json_stack(out, stack_frames(site.stack));
        out << '}';
    }
    out << "]}\n";
}

}  // namespace zigmund::alloc::inline v0::detail
