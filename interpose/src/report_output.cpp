#include "report_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "file_name.hpp"
#include "high_descriptor.hpp"
#include "process_heap.hpp"

namespace zigmund::alloc::inline v0::interpose {
namespace {

constinit int standard_error = STDERR_FILENO;
constinit struct stat standard_error_file{};
constinit FileName path{};  // absolute, with %p in it; empty: standard error

void write_all(int descriptor, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

int open_file() noexcept {
    FileName name;
    if (const int error = expand_file_name(path.data(), name); error != 0) {
        errno = error;
        return -1;
    }
    return ::open(name.data(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
}

}  // namespace

void open_report_output() noexcept {
    const int copy = copy_high(STDERR_FILENO);
    if (copy >= 0 && ::fstat(copy, &standard_error_file) == 0) standard_error = copy;
    const OptionText& wanted = options().output;
    if (wanted.empty()) return;
    int error = absolute_file_name(wanted.view(), path);
    const int file = error == 0 ? open_file() : -1;
    if (file < 0) {
        if (error == 0) error = errno;
        std::array<char, 4300> where{};
        std::string_view{"cannot write the report to "}.copy(where.data(), 64);
        wanted.view().copy(where.data() + 27, where.size() - 28);
        fail(where.data(), ::strerrordesc_np(error));
    }
    (void)::close(file);
}

ReportDescriptor report_descriptor() noexcept {
    if (path.front() != 0) {
        if (const int file = open_file(); file >= 0) return {.descriptor = file, .close = true};
    }
    struct stat now{};
    const bool same = ::fstat(standard_error, &now) == 0 && now.st_dev == standard_error_file.st_dev &&
                      now.st_ino == standard_error_file.st_ino;
    return {.descriptor = same ? standard_error : STDERR_FILENO, .close = false};
}

void write_report(std::string_view text) noexcept {
    const ReportDescriptor to = report_descriptor();
    write_all(to.descriptor, text);
    if (to.close) (void)::close(to.descriptor);
}

void write_note(std::string_view note) noexcept {
    const ReportDescriptor to = report_descriptor();
    for (const std::string_view part :
         {std::string_view{"zigmund: "}, program_name(), std::string_view{": "}, note})
        write_all(to.descriptor, part);
    if (to.close) (void)::close(to.descriptor);
}

void end_process(int status) noexcept {
    for (;;) (void)::syscall(SYS_exit_group, status);
}

void fail(std::string_view where, std::string_view why) noexcept {
    write_all(STDERR_FILENO, "zigmund: ");
    if (!where.empty()) {
        write_all(STDERR_FILENO, where);
        write_all(STDERR_FILENO, ": ");
    }
    write_all(STDERR_FILENO, why);
    write_all(STDERR_FILENO, "\n");
    end_process(125);
}

void fail(std::string_view why) noexcept { fail({}, why); }

}  // namespace zigmund::alloc::inline v0::interpose
