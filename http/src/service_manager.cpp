#include "service_manager.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "file_descriptor.hpp"
#include "unix_address.hpp"

namespace zigmund::http {

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

}  // namespace zigmund::http
