#include "json.hpp"

#include <algorithm>

#include "stack_report.hpp"
#include "thread_names.hpp"

namespace zigmund::alloc::inline v0::detail {
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

void write_json_stack(TextWriter& out, std::span<const std::uintptr_t> frames) {
    out << '[';
    bool first = true;
    for_each_shown(frames, [&](const SourceFrame& frame) {
        if (!first) out << ',';
        first = false;
        write_frame(out, frame);
    });
    out << ']';
}

void write_json_thread(TextWriter& out, std::uint32_t thread, std::uint64_t seconds) {
    out << R"(,"thread":)";
    out.decimal(thread);
    const ThreadName name{thread, seconds};
    if (name.text().empty()) return;
    out << R"(,"thread_name":)";
    write_json_string(out, name.text());
}

}  // namespace zigmund::alloc::inline v0::detail
