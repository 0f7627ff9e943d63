// The calls that every request makes, without the C library's part in them.
//
// In a process with threads, the library's recv(), sendmsg() and epoll_wait() are points at which a thread can be
// cancelled: before and after the call each does an atomic read-modify-write, six of them a request. Nobody cancels
// our threads, so we call the kernel directly. Under a sanitizer the library's are called, which it watches.
//
// Threads: any. Errors: as the library's, by errno.
#pragma once

#include <zigmund/alloc/sanitizer.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <span>

namespace zigmund::http::inline v0::system_call {

[[nodiscard]] inline ssize_t recv(int socket, std::span<char> space) noexcept {
#if defined(ZIGMUND_SANITIZED)
    return ::recv(socket, space.data(), space.size(), 0);
#else
    return ::syscall(SYS_recvfrom, socket, space.data(), space.size(), 0, nullptr, nullptr);
#endif
}

/// Without a SIGPIPE.
[[nodiscard]] inline ssize_t sendmsg(int socket, const msghdr& message) noexcept {
#if defined(ZIGMUND_SANITIZED)
    return ::sendmsg(socket, &message, MSG_NOSIGNAL);
#else
    return ::syscall(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
#endif
}

[[nodiscard]] inline int epoll_wait(int poll, std::span<epoll_event> events, int timeout) noexcept {
    const int size = static_cast<int>(events.size());
#if defined(ZIGMUND_SANITIZED) || !defined(SYS_epoll_wait)
    return ::epoll_wait(poll, events.data(), size, timeout);
#else
    return static_cast<int>(::syscall(SYS_epoll_wait, poll, events.data(), size, timeout));
#endif
}

}  // namespace zigmund::http::inline v0::system_call
