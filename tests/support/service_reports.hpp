// ServiceReports: the socket of a service manager (NOTIFY_SOCKET), and what its services report to it.
#pragma once

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>

namespace zigmund::support {

/// The socket interface takes every address family through one type.
inline const void* untyped(const auto& address) noexcept { return &address; }

class ServiceReports {
  public:
    /// `name` with '@' in front is no file.
    explicit ServiceReports(const std::string& name) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name.copy(address.sun_path, sizeof address.sun_path - 1);
        if (name.starts_with('@')) address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const timeval patience{30, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        EXPECT_EQ(::bind(socket_, static_cast<const sockaddr*>(untyped(address)), size), 0);
    }
    ServiceReports(const ServiceReports&) = delete;
    ServiceReports& operator=(const ServiceReports&) = delete;
    ~ServiceReports() { ::close(socket_); }

    /// The next report; empty: none has come.
    std::string next() {
        std::array<char, 256> text{};
        const ssize_t size = ::recv(socket_, text.data(), text.size(), 0);
        return {text.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
    }

    /// Whether there is one that was not read.
    [[nodiscard]] bool waiting() const {
        char byte = 0;
        return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    }

  private:
    int socket_;
};

}  // namespace zigmund::support
