// The floor of every table: one thread, epoll, and a constant answer to each blank line that comes in. It
// parses nothing, so what it takes is what the kernel takes.
//
//     raw_epoll PORT
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 13\r\n"
    "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nHello, World!";
constexpr std::string_view blank_line = "\r\n\r\n";
constexpr std::size_t most_at_once = 256;

void watch(int poll, int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    if (::epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0) std::abort();
}

/// False: the client is gone.
bool serve(int connection, const std::string& answers) {
    std::array<char, 16384> buffer;
    const ssize_t size = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (size <= 0) return false;
    const std::string_view input{buffer.data(), static_cast<std::size_t>(size)};
    std::size_t requests = 0;
    for (std::size_t at = input.find(blank_line); at != std::string_view::npos && requests < most_at_once;
         at = input.find(blank_line, at + blank_line.size()))
        ++requests;
    return ::send(connection, answers.data(), requests * answer.size(), MSG_NOSIGNAL) >= 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: raw_epoll PORT\n", stderr);
        return 2;
    }
    std::string answers;
    for (std::size_t i = 0; i < most_at_once; ++i) answers += answer;

    const int on = 1;
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    void* const any = &address;
    if (::bind(listener, static_cast<sockaddr*>(any), sizeof address) != 0 ||
        ::listen(listener, SOMAXCONN) != 0) {
        std::perror("raw_epoll");
        return 1;
    }
    const int poll = ::epoll_create1(0);
    watch(poll, listener);
    std::array<epoll_event, 64> events;
    while (true) {
        const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < ready; ++i) {
            const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
            if (descriptor == listener) {
                const int connection = ::accept(listener, nullptr, nullptr);
                if (connection < 0) continue;
                ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                watch(poll, connection);
            } else if (!serve(descriptor, answers)) {
                ::close(descriptor);
            }
        }
    }
}
