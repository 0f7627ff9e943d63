#include "stack_report.hpp"

#include <zigmund/alloc/symbolizer.hpp>

#include <algorithm>
#include <array>
#include <functional>

namespace zigmund::alloc::detail {
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

struct Shown {
    TextWriter* out;
    unsigned depth;
    unsigned number = 0;
    bool inside = true;    // still among the innermost frames, which are plumbing
    bool at_main = false;  // what follows calls main
};

void write_frame(const SourceFrame& frame, void* context) {
    Shown& shown = *static_cast<Shown*>(context);
    if (shown.at_main || shown.number == shown.depth) return;
    if (shown.inside && is_plumbing(frame.function)) return;
    shown.inside = false;
    TextWriter& out = *shown.out;
    out << "    #";
    out.decimal(shown.number) << ' ';
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
    if (frame.inlined) out << " (inlined)";
    out << '\n';
    shown.at_main = frame.function == "main";
    if (!frame.inlined) ++shown.number;
}

}  // namespace

bool is_plumbing(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 6> prefixes{
        "zigmund::alloc::", "std::", "__gnu_cxx::", "operator new", "operator delete", "__interceptor_"};
    const std::string_view function = without_return_type(name);
    return std::ranges::any_of(prefixes,
                               [&](std::string_view prefix) { return function.starts_with(prefix); });
}

std::uint64_t hash_as_shown(StackId id) {
    std::uint64_t hash = 0;
    const auto add = [](const SourceFrame& frame, void* context) {
        auto& sum = *static_cast<std::uint64_t*>(context);
        const auto mix = [&](std::uint64_t value) { sum = (sum ^ value) * 0x9E3779B97F4A7C15U; };
        mix(std::hash<std::string_view>{}(frame.function));
        mix(std::hash<std::string_view>{}(frame.file));
        mix(frame.file.empty() ? frame.address : static_cast<std::uint64_t>(frame.line));
    };
    for (const std::uintptr_t address : stack_frames(id)) symbolize(address - 1, add, &hash);
    return hash;
}

void write_stack(TextWriter& out, StackId id, unsigned depth) { write_stack(out, stack_frames(id), depth); }

void write_stack(TextWriter& out, std::span<const std::uintptr_t> frames, unsigned depth) {
    Shown shown{.out = &out, .depth = depth};
    for (const std::uintptr_t address : frames) symbolize(address - 1, write_frame, &shown);
    if (shown.number == 0 && !frames.empty()) {  // plumbing all the way: better shown than nothing
        shown = {.out = &out, .depth = depth, .inside = false};
        for (const std::uintptr_t address : frames) symbolize(address - 1, write_frame, &shown);
    }
    if (frames.empty()) out << "    (no stack)\n";
}

}  // namespace zigmund::alloc::detail
