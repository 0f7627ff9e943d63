#include "stack_report.hpp"

#include <algorithm>
#include <array>

namespace zigmund::alloc::inline v0::detail {
namespace {

/// The function's qualified name: a demangled template begins with its return type.
std::string_view without_return_type(std::string_view name) noexcept {
    int depth = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (name.substr(i).starts_with("operator")) break;
        if (name.substr(i).starts_with("(anonymous namespace)")) {
            i += std::string_view{"(anonymous namespace)"}.size() - 1;
            continue;
        }
        if (c == '(' && depth == 0) break;
        if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
        if (c == '>' || c == ')' || c == '}' || c == ']') --depth;
        if (c == ' ' && depth == 0) begin = i + 1;
    }
    return name.substr(begin);
}

void write_frame(TextWriter& out, const SourceFrame& frame) noexcept {
    if (frame.function.empty()) {
        out.hex(frame.address);
    } else {
        out << frame.function;
    }
    if (!frame.file.empty()) {
        out << " at " << frame.file << ':';
        out.decimal(static_cast<std::uint64_t>(frame.line));
    } else if (!frame.module.empty()) {
        out << " in " << frame.module << '+';
        out.hex(frame.offset);
    }
}

unsigned lines_of(std::span<const std::uintptr_t> frames, unsigned depth) {
    unsigned number = 0;
    unsigned lines = 0;
    for_each_shown(frames, [&](const SourceFrame& frame) {
        if (number == depth) return;
        ++lines;
        if (!frame.inlined) ++number;
    });
    return lines;
}

}  // namespace

bool is_plumbing(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 6> prefixes{
        "zigmund::alloc::", "std::", "__gnu_cxx::", "operator new", "operator delete", "__interceptor_"};
    const std::string_view function = without_return_type(name);
    return std::ranges::any_of(prefixes,
                               [&](std::string_view prefix) { return function.starts_with(prefix); });
}

unsigned write_stack(TextWriter& out, StackId id, unsigned depth, unsigned lines) {
    return write_stack(out, stack_frames(id), depth, lines);
}

unsigned write_stack(TextWriter& out, std::span<const std::uintptr_t> frames, unsigned depth,
                     unsigned lines) {
    if (frames.empty()) {
        out << "    (no stack)\n";
        return 1;
    }
    const bool cut = lines != UINT32_MAX && lines_of(frames, depth) > lines;
    unsigned number = 0;
    unsigned written = 0;
    for_each_shown(frames, [&](const SourceFrame& frame) {
        if (number == depth || written == lines) return;
        if (++written == lines && cut) {
            out << "    ...\n";
            return;
        }
        out << "    #";
        out.decimal(number) << ' ';
        write_frame(out, frame);
        out << (frame.inlined ? " (inlined)\n" : "\n");
        if (!frame.inlined) ++number;
    });
    return written;
}

unsigned lines_of_stack(StackId id, unsigned depth) {
    const std::span<const std::uintptr_t> frames = stack_frames(id);
    return frames.empty() ? 1 : lines_of(frames, depth);
}

void write_top_frame(TextWriter& out, StackId id) {
    bool first = true;
    for_each_shown(stack_frames(id), [&](const SourceFrame& frame) {
        if (first) write_frame(out, frame);
        first = false;
    });
}

}  // namespace zigmund::alloc::inline v0::detail
