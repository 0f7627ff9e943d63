#include "process_figures.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

namespace zigmund::http::inline v0 {
namespace {

double seconds(const timeval& time) noexcept {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

/// When the process began, in seconds since the system did; 0: not known. proc(5), /proc/pid/stat, field 22.
double start_after_boot() noexcept {
    std::FILE* const file = std::fopen("/proc/self/stat", "re");
    if (file == nullptr) return 0;
    unsigned long long ticks = 0;
    // The name, the second field, may hold anything, and ends with the last parenthesis.
    char text[1024];
    const std::size_t size = std::fread(text, 1, sizeof text - 1, file);
    std::fclose(file);
    text[size] = '\0';
    const char* rest = nullptr;
    for (const char* at = text; *at != '\0'; ++at) {
        if (*at == ')') rest = at + 1;
    }
    if (rest == nullptr ||
        std::sscanf(rest, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
                    &ticks) != 1)
        return 0;
    return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t count_descriptors() noexcept {
    DIR* const directory = ::opendir("/proc/self/fd");
    if (directory == nullptr) return 0;
    std::uint64_t count = 0;
    while (::readdir(directory) != nullptr) ++count;
    ::closedir(directory);
    return count < 3 ? 0 : count - 3;  // itself, and the entries . and ..
}

}  // namespace

ProcessFigures ProcessFigures::now() noexcept {
    ProcessFigures figures;
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) == 0)
        figures.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);

    timespec since_boot{};
    timespec now{};
    if (::clock_gettime(CLOCK_BOOTTIME, &since_boot) == 0 && ::clock_gettime(CLOCK_REALTIME, &now) == 0) {
        const auto as_double = [](const timespec& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
        };
        figures.start_seconds = as_double(now) - as_double(since_boot) + start_after_boot();
    }

    if (std::FILE* const file = std::fopen("/proc/self/statm", "re")) {
        unsigned long long pages = 0;
        unsigned long long resident = 0;
        if (std::fscanf(file, "%llu %llu", &pages, &resident) == 2) {
            const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
            figures.virtual_bytes = pages * page;
            figures.resident_bytes = resident * page;
        }
        std::fclose(file);
    }

    figures.open_descriptors = count_descriptors();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_descriptors = limit.rlim_cur;
    return figures;
}

}  // namespace zigmund::http::inline v0
