#include <algorithm>
#include <array>

#include "process_memory.hpp"
#include "site_report.hpp"
#include "stack_report.hpp"

namespace zigmund::alloc::detail {
namespace {

/// Bytes of the UTF-8 sequence that `text` begins with; 0: it begins with none.
std::size_t sequence(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t size = first >= 0xC2 && first < 0xE0   ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte(i) & 0xC0U) != 0x80U) return 0;
    // Longer than needed, a surrogate, beyond the last character.
    if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
        (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F))
        return 0;
    return size;
}

void write_amount(TextWriter& out, const Amount& amount) {
    out << R"("bytes":)";
    out.integer(amount.bytes, false) << R"(,"blocks":)";
    out.integer(amount.blocks, false);
}

void write_example(TextWriter& out, const SiteReport& report, const CallSite& site) {
    out << R"(,"example":{"address":")";
    out.hex(site.example) << R"(","thread":)";
    out.decimal(site.thread);
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

void write_frame(TextWriter& out, const SourceFrame& frame) {
    out << '{';
    if (!frame.function.empty()) {
        out << R"("function":)";
        write_json_string(out, frame.function);
        out << ',';
    }
    if (!frame.file.empty()) {
        out << R"("file":)";
        write_json_string(out, frame.file);
        out << R"(,"line":)";
        out.decimal(static_cast<std::uint64_t>(frame.line)) << ',';
    }
    out << R"("inlined":)" << (frame.inlined ? "true" : "false") << R"(,"address":")";
    out.hex(frame.address) << '"';
    if (!frame.module.empty()) {
        out << R"(,"module":)";
        write_json_string(out, frame.module);
        out << R"(,"offset":")";
        out.hex(frame.offset) << '"';
    }
    out << '}';
}

}  // namespace

void write_json_string(TextWriter& out, std::string_view text) {
    out << '"';
    while (!text.empty()) {
        const std::size_t size = sequence(text);
        const char c = text.front();
        if (size == 0) {
            out << "\\ufffd";
        } else if (c == '"' || c == '\\') {
            out << '\\' << c;
        } else if (size == 1 && static_cast<unsigned char>(c) < 0x20) {
            out << "\\u00";
            out.hex_byte(static_cast<unsigned char>(c));
        } else {
            out << text.substr(0, size);
        }
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    out << '"';
}

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
        out << R"(,"stack":[)";
        bool innermost = true;
        for_each_shown(stack_frames(site.stack), [&](const SourceFrame& frame) {
            if (!innermost) out << ',';
            innermost = false;
            write_frame(out, frame);
        });
        out << "]}";
    }
    out << "]}\n";
}

}  // namespace zigmund::alloc::detail
