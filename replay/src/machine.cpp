#include "machine.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace zigmund::replay {
namespace {

/// A value of a file of /proc that has lines of `NAME: VALUE kB`. 0: it is not there.
std::uint64_t bytes_in(const char* file, const std::string& name) {
    std::ifstream lines{file};
    for (std::string word; lines >> word;) {
        if (word != name) continue;
        std::uint64_t kib = 0;
        return lines >> kib ? kib * 1024 : 0;
    }
    return 0;
}

}  // namespace

std::uint64_t available_bytes() {
    const std::uint64_t there = bytes_in("/proc/meminfo", "MemAvailable:");
    rlimit limit{};
    if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return there;
    const std::uint64_t taken = bytes_in("/proc/self/status", "VmSize:");
    const std::uint64_t left = std::max<std::uint64_t>(limit.rlim_cur, taken + 1) - taken;
    return there == 0 ? left : std::min(left, there);
}

}  // namespace zigmund::replay
