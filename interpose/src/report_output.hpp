// Where reports go, and how the process ends because of one.
#pragma once

#include <string_view>

namespace zigmund::alloc::inline v0::interpose {

/// Notes where reports go: a copy of standard error, which the program may close, or the file of the options,
/// which must be writable. Ends the process if it is not.
void open_report_output() noexcept;

/// A descriptor to write a report to, and true if the caller closes it.
struct ReportDescriptor {
    int descriptor;
    bool close;
};
[[nodiscard]] ReportDescriptor report_descriptor() noexcept;

/// Writes the whole text there.
void write_report(std::string_view text) noexcept;

/// `zigmund: PROGRAM: NOTE` there.
void write_note(std::string_view note) noexcept;

/// Ends the process at once: no handler, no destructor, no buffer.
[[noreturn]] void end_process(int status) noexcept;

/// `zigmund: WHERE: WHY` or `zigmund: WHY` to standard error, then ends the process with status 125.
[[noreturn]] void fail(std::string_view where, std::string_view why) noexcept;
[[noreturn]] void fail(std::string_view why) noexcept;

}  // namespace zigmund::alloc::inline v0::interpose
