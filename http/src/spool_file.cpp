#include "spool_file.hpp"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

namespace zigmund::http::inline v0 {
namespace {

std::string_view default_directory() noexcept {
    const char* const named = ::secure_getenv("TMPDIR");
    return named != nullptr && *named != 0 ? named : "/tmp";
}

}  // namespace

void ignore_file_size_signal() noexcept {
    struct sigaction action{};
    if (::sigaction(SIGXFSZ, nullptr, &action) == 0 && action.sa_handler == SIG_DFL) {
        action.sa_handler = SIG_IGN;
        ::sigaction(SIGXFSZ, &action, nullptr);
    }
}

FileDescriptor open_spool_file(std::string_view directory) noexcept {
    ignore_file_size_signal();
    if (directory.empty()) directory = default_directory();
    constexpr std::string_view name = "/zigmund-XXXXXX";
    std::array<char, PATH_MAX> path;
    if (directory.size() + name.size() >= path.size()) {
        errno = ENAMETOOLONG;
        return {};
    }
    char* const end = std::ranges::copy(directory, path.data()).out;
    *end = 0;
    // With the rights of any new file, because it may be saved; without a name nobody else can open it.
    FileDescriptor file{::open(path.data(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666)};
    if (file || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
    *std::ranges::copy(name, end).out = 0;
    file = FileDescriptor{::mkostemp(path.data(), O_CLOEXEC)};
    if (file) ::unlink(path.data());
    return file;
}

bool write_all(int descriptor, std::string_view bytes) noexcept {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            if (written == 0) errno = ENOSPC;
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace zigmund::http::inline v0
