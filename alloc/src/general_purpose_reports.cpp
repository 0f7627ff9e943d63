#include <cstdlib>

#include "general_purpose_state.hpp"
#include "report_turn.hpp"
#include "stack_report.hpp"
#include "thread_names.hpp"

namespace zigmund::alloc::inline v0 {

using namespace detail;

void GeneralPurposeAllocator::State::begin_report(ErrorReport& out, Kind kind) const noexcept {
    out << "zigmund: " << options.name << ": " << to_string(kind) << ": ";
}

void GeneralPurposeAllocator::State::write_address(TextWriter& out, const void* p) const noexcept {
    out.hex(reinterpret_cast<std::uintptr_t>(p));
}

void GeneralPurposeAllocator::State::write_block(ErrorReport& out, const void* user,
                                                 const Header& header) const noexcept {
    out << "  the block: ";
    out.decimal(header.size()) << " bytes at ";
    write_address(out, user);
    out << ", alignment ";
    out.decimal(header.align());
    if (traced) {
        out << ", made ";
        out.decimal(age() - header.seconds) << " s ago";
    }
    write_thread(out, header.thread(), birth + header.seconds);
    out << '\n';
    out.block = {.address = reinterpret_cast<std::uintptr_t>(user),
                 .size = header.size(),
                 .align = header.align(),
                 .thread = header.thread(),
                 .age = traced ? std::optional{age() - header.seconds} : std::nullopt,
                 .made = birth + header.seconds};
    if (depth != 0) write_stack_of(out, "allocated", header.stack);
}

void GeneralPurposeAllocator::State::write_freed_block(ErrorReport& out,
                                                       const FreedBlock& block) const noexcept {
    out << "  the block: ";
    out.decimal(block.size) << " bytes\n";
    write_stack_of(out, "allocated", block.allocated);
    write_stack_of(out, "first given back", block.freed);
}

void GeneralPurposeAllocator::State::write_bytes(ErrorReport& out, std::span<const unsigned char> found,
                                                 unsigned char expected) const noexcept {
    out << "  found";
    for (const unsigned char byte : found) {
        out << ' ';
        out.hex_byte(byte);
    }
    out << ", where each byte was ";
    out.hex_byte(expected) << '\n';
    out.set_found(found, expected);
}

void GeneralPurposeAllocator::State::write_stack_of(ErrorReport& out, std::string_view what,
                                                    StackId stack) const noexcept {
    out << "  " << what << " at\n";
    write_stack(out, stack, options.stack_frames);
    out.add_stack(what, stack);
}

void GeneralPurposeAllocator::State::write_here(ErrorReport& out, std::string_view what,
                                                const void* frame) const noexcept {
    out << "  " << what << " at\n";
    constexpr unsigned least = 8;  // also where blocks have no stacks: an error is rare
    const StackId here = capture_stack(frame, std::max(depth, plumbing_frames + least));
    write_stack(out, here, std::max(options.stack_frames, least));
    out.add_stack(what, here);
}

void GeneralPurposeAllocator::State::end_report(ErrorReport& out, Kind kind, const void* p,
                                                std::size_t size) noexcept {
    const bool ends = options.on_error == nullptr;
    tell(out, kind, p, size, ends);
    if (ends) std::abort();
}

void GeneralPurposeAllocator::State::tell(ErrorReport& report, Kind kind, const void* p, std::size_t size,
                                          bool ends) const noexcept {
    MemoryError error{.kind = kind, .address = p, .size = size, .message = report.text(), .json = {}};
    TextWriter json{-1};
    if (options.report_format == ReportFormat::json) {
        write_json(json, report, error, options.name);
        error.json = json.text();
    }
    if (options.on_error != nullptr) return options.on_error(error, options.on_error_context);
    ReportTurn turn;
    if (ends) turn.keep();
    if (error.json.empty()) {
        TextWriter{options.report_descriptor, Colours::on_terminals} << error.message;
    } else {
        TextWriter{options.report_descriptor} << error.json;
    }
}

}  // namespace zigmund::alloc::inline v0
