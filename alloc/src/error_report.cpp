#include "error_report.hpp"

#include "json.hpp"

namespace zigmund::alloc::inline v0 {

std::string_view to_string(MemoryErrorKind kind) noexcept {
    switch (kind) {
        case MemoryErrorKind::double_free:
            return "double free";
        case MemoryErrorKind::use_after_free:
            return "use after free";
        case MemoryErrorKind::foreign_pointer:
            return "foreign pointer";
        case MemoryErrorKind::wrong_allocator:
            return "wrong allocator";
        case MemoryErrorKind::interior_pointer:
            return "interior pointer";
        case MemoryErrorKind::size_mismatch:
            return "size mismatch";
        case MemoryErrorKind::alignment_mismatch:
            return "alignment mismatch";
        case MemoryErrorKind::family_mismatch:
            return "family mismatch";
        case MemoryErrorKind::buffer_overflow:
            return "buffer overflow";
        case MemoryErrorKind::buffer_underflow:
            return "buffer underflow";
        case MemoryErrorKind::use_after_deinit:
            return "use after deinit";
        case MemoryErrorKind::size_overflow:
            return "size overflow";
    }
    return "unknown error";
}

namespace detail {
namespace {

void write_address(TextWriter& out, std::uintptr_t address) {
    out << R"("address":")";
    out.hex(address) << '"';
}

}  // namespace

void write_json(TextWriter& out, const ErrorReport& report, const MemoryError& error,
                std::string_view allocator) {
    out << R"({"report":"error","allocator":)";
    write_json_string(out, allocator);
    out << R"(,"kind":)";
    write_json_string(out, to_string(error.kind));
    out << ',';
    write_address(out, reinterpret_cast<std::uintptr_t>(error.address));
    out << R"(,"size":)";
    out.decimal(error.size);
    if (!report.owner.empty()) {
        out << R"(,"owner":)";
        write_json_string(out, report.owner);
    }
    if (report.block) {
        out << R"(,"block":{)";
        write_address(out, report.block->address);
        out << R"(,"size":)";
        out.decimal(report.block->size) << R"(,"alignment":)";
        out.decimal(report.block->align);
        if (report.block->age) {
            out << R"(,"age_seconds":)";
            out.decimal(*report.block->age);
        }
        write_json_thread(out, report.block->thread, report.block->made);
        out << '}';
    }
    if (!report.found().empty()) {
        out << R"(,"found":")";
        for (const unsigned char byte : report.found()) out.hex_byte(byte);
        out << R"(","expected":")";
        out.hex_byte(report.expected()) << '"';
    }
    out << R"(,"stacks":[)";
    bool first = true;
    for (const ErrorReport::Stack& stack : report.stacks()) {
        out << (first ? R"({"what":)" : R"(,{"what":)");
        first = false;
        write_json_string(out, stack.what);
        out << R"(,"frames":)";
        write_json_stack(out, stack_frames(stack.id));
        out << '}';
    }
    out << R"(],"message":)";
    write_json_string(out, error.message);
    out << "}\n";
}

}  // namespace detail
}  // namespace zigmund::alloc::inline v0
