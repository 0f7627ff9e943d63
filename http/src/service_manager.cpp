#include "service_manager.hpp"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>

#include "file_descriptor.hpp"
#include "unix_address.hpp"

namespace zigmund::http::inline v0 {

void notify_service_manager(const char* state) noexcept {
    const char* const name = std::getenv("NOTIFY_SOCKET");
    if (name == nullptr || *name == '\0') return;
    const std::string_view path = name;
    if (path.size() > UnixAddress::max_size) {
        std::fprintf(stderr, "zigmund: NOTIFY_SOCKET: %s\n", std::strerror(ENAMETOOLONG));
        return;
    }
    const UnixAddress address{path, true};
    const FileDescriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (!socket ||
        ::sendto(socket.get(), state, std::strlen(state), MSG_NOSIGNAL, address.data(), address.size()) < 0)
        std::fprintf(stderr, "zigmund: NOTIFY_SOCKET: %s\n", std::strerror(errno));
}

std::optional<std::chrono::microseconds> watchdog_interval() noexcept {
    const char* const text = std::getenv("WATCHDOG_USEC");
    if (text == nullptr) return std::nullopt;
    // Meant for the process that was started, and not for those that inherit its environment.
    const char* const owner = std::getenv("WATCHDOG_PID");
    if (owner != nullptr && owner != std::to_string(::getpid())) return std::nullopt;
    const std::string_view digits = text;
    std::int64_t microseconds = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), microseconds);
    if (error != std::errc{} || end != digits.data() + digits.size() || microseconds < 1) {
        std::fprintf(stderr, "zigmund: WATCHDOG_USEC is '%s': it is to be microseconds, 1 or more\n", text);
        return std::nullopt;
    }
    return std::chrono::microseconds{microseconds / 2 + microseconds % 2};
}

}  // namespace zigmund::http::inline v0
