#include "report_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "process_heap.hpp"

namespace zigmund::alloc::inline v0::interpose {
namespace {

constinit int standard_error = STDERR_FILENO;
constinit struct stat standard_error_file{};
constinit OptionText path;  // absolute, with %p in it; empty: standard error

void write_all(int descriptor, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// The path with the number of the process where it says %p; false: too long.
bool expand(std::string_view pattern, std::array<char, 4200>& to) noexcept {
    std::size_t size = 0;
    while (!pattern.empty() && size + 16 < to.size()) {
        if (pattern.starts_with("%p")) {
            size = static_cast<std::size_t>(
                std::to_chars(to.data() + size, to.data() + to.size() - 1, ::getpid()).ptr - to.data());
            pattern.remove_prefix(2);
        } else {
            to[size++] = pattern.front();
            pattern.remove_prefix(1);
        }
    }
    to[size] = 0;
    return pattern.empty();
}

int open_file() noexcept {
    std::array<char, 4200> name;
    if (!expand(path.view(), name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return ::open(name.data(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
}

}  // namespace

void open_report_output() noexcept {
    // High up, where a program that counts its descriptors from below does not look.
    constexpr int high = 1000;
    int copy = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, high);
    if (copy < 0) copy = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
    if (copy >= 0 && ::fstat(copy, &standard_error_file) == 0) standard_error = copy;
    const OptionText& wanted = options().output;
    if (wanted.empty()) return;
    // The program may go to another directory.
    std::array<char, 4096> absolute{};
    std::size_t size = 0;
    if (wanted.view().front() != '/' && ::getcwd(absolute.data(), absolute.size() - 1) != nullptr) {
        size = std::strlen(absolute.data());
        absolute[size++] = '/';
    }
    const bool fits = size + wanted.view().size() < absolute.size();
    if (fits) wanted.view().copy(absolute.data() + size, wanted.view().size());
    const int file = fits && path.set(absolute.data()) ? open_file() : -1;
    if (file < 0) {
        std::array<char, 4300> where{};
        std::string_view{"cannot write the report to "}.copy(where.data(), 64);
        wanted.view().copy(where.data() + 27, where.size() - 28);
        fail(where.data(), ::strerrordesc_np(fits ? errno : ENAMETOOLONG));
    }
    (void)::close(file);
}

ReportDescriptor report_descriptor() noexcept {
    if (!path.empty()) {
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
