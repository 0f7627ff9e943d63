#include "listening_socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace zigmund::http::inline v0 {
namespace {

void check(int result, const char* call) {
    if (result < 0) throw std::system_error(errno, std::system_category(), call);
}

void set_option(int socket, int level, int name) {
    const int on = 1;
    check(::setsockopt(socket, level, name, &on, sizeof on), "setsockopt");
}

FileDescriptor stream_socket(int family) {
    FileDescriptor socket{::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    check(socket.get(), "socket");
    set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR);
    return socket;
}

/// The storage of an address, as that of one family.
template <class T, class Storage>
auto& as(Storage& storage) noexcept {
    std::conditional_t<std::is_const_v<Storage>, const void*, void*> any = &storage;
    return *static_cast<std::conditional_t<std::is_const_v<Storage>, const T*, T*>>(any);
}

}  // namespace

SocketAddress SocketAddress::parse(const char* option, std::string_view host, std::uint16_t port) {
    SocketAddress address;
    const std::string text{host};
    auto& v4 = as<sockaddr_in>(address.storage);
    if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        address.size = sizeof v4;
        return address;
    }
    auto& v6 = as<sockaddr_in6>(address.storage);
    if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        address.size = sizeof v6;
        return address;
    }
    throw std::invalid_argument(
        std::string{"zigmund: "}.append(option).append(" is no IP address: ").append(text));
}

SocketAddress SocketAddress::of(int socket) {
    SocketAddress address;
    check(::getsockname(socket, address.data(), &address.size), "getsockname");
    return address;
}

std::uint16_t SocketAddress::port() const noexcept {
    if (storage.ss_family == AF_INET) return ntohs(as<sockaddr_in>(storage).sin_port);
    if (storage.ss_family == AF_INET6) return ntohs(as<sockaddr_in6>(storage).sin6_port);
    return 0;
}

std::string SocketAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> digits{};
    const std::string port_text = ":" + std::to_string(port());
    if (storage.ss_family == AF_INET) {
        ::inet_ntop(AF_INET, &as<sockaddr_in>(storage).sin_addr, digits.data(), digits.size());
        return digits.data() + port_text;
    }
    if (storage.ss_family == AF_INET6) {
        ::inet_ntop(AF_INET6, &as<sockaddr_in6>(storage).sin6_addr, digits.data(), digits.size());
        return std::string{"["}.append(digits.data()).append("]").append(port_text);
    }
    const auto& path = as<sockaddr_un>(storage).sun_path;
    const std::size_t length = size - offsetof(sockaddr_un, sun_path);
    // A name that is no file begins with a NUL and has no end.
    if (length != 0 && path[0] == '\0') return "unix:@" + std::string(path + 1, length - 1);
    return "unix:" + std::string(path, ::strnlen(path, length));
}

ListeningSocket ListeningSocket::at(SocketAddress address) {
    ListeningSocket listening{stream_socket(address.storage.ss_family)};
    const int socket = listening.descriptor.get();
    set_option(socket, SOL_SOCKET, SO_REUSEPORT);
    set_option(socket, IPPROTO_TCP, TCP_NODELAY);  // the sockets that it accepts inherit it
    check(::bind(socket, address.data(), address.size), "bind");
    check(::listen(socket, SOMAXCONN), "listen");
    return listening;
}

ListeningSocket ListeningSocket::given(int descriptor) {
    int listens = 0;
    socklen_t size = sizeof listens;
    const bool is_socket = ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0;
    if (!is_socket || listens == 0)
        throw std::invalid_argument("zigmund: fd " + std::to_string(descriptor) +
                                    " is no socket that listens");
    ListeningSocket listening{FileDescriptor{descriptor}, true};
    const int flags = ::fcntl(descriptor, F_GETFL);
    check(flags, "fcntl");
    check(::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK), "fcntl");
    check(::fcntl(descriptor, F_SETFD, FD_CLOEXEC), "fcntl");
    const sa_family_t family = SocketAddress::of(descriptor).storage.ss_family;
    if (family == AF_INET || family == AF_INET6) set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
    return listening;
}

ListeningSocket ListeningSocket::another() const {
    if (!shared) return at(SocketAddress::of(descriptor.get()));
    FileDescriptor same{::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0)};
    check(same.get(), "fcntl");
    return {std::move(same), true, file};
}

void check_port_is_free(SocketAddress address) {
    const FileDescriptor probe = stream_socket(address.storage.ss_family);
    check(::bind(probe.get(), address.data(), address.size), "bind");
}

}  // namespace zigmund::http::inline v0
