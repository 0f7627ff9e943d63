// ListeningSocket: where a worker's connections come from.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "file_descriptor.hpp"
#include "unix_listener.hpp"

namespace zigmund::http::inline v0 {

/// The address of a socket, of any family.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    /// An IP address as digits. Throws std::invalid_argument "zigmund: <option> is no IP address: <host>".
    static SocketAddress parse(const char* option, std::string_view host, std::uint16_t port);
    /// The one that a socket is bound to. Throws std::system_error.
    static SocketAddress of(int socket);

    [[nodiscard]] sockaddr* data() noexcept {
        // The socket interface takes every address family through one type.
        void* const any = &storage;
        return static_cast<sockaddr*>(any);
    }
    /// 0: it has none.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// "127.0.0.1:8080", "[::1]:8080", "unix:/run/items.sock".
    [[nodiscard]] std::string text() const;
};

struct ListeningSocket {
    /// Together with other sockets of this program for the same address (SO_REUSEPORT). Throws
    /// std::system_error.
    static ListeningSocket at(SocketAddress address);
    /// What the program was given. Throws std::invalid_argument "zigmund: fd 7 is no socket that listens".
    static ListeningSocket given(int descriptor);

    /// For another worker. Throws std::system_error.
    [[nodiscard]] ListeningSocket another() const;

    FileDescriptor descriptor;
    /// Whether other workers accept from the same one.
    bool shared = false;
    /// Its file, which is removed before its queue is emptied for the last time; null: it has none.
    UnixListener* file = nullptr;
};

/// SO_REUSEPORT would also share the port with another server of the same user, and each would get some of the
/// other's clients: a bind without it shows whether the port is taken. Throws std::system_error.
void check_port_is_free(SocketAddress address);

}  // namespace zigmund::http::inline v0
