// HttpClient: a client on a real socket of 127.0.0.1, blocking, which sends exactly the bytes that it is told
// to.
//
// It allocates nothing after its construction, so that a test can count what the server allocates. It waits
// at most 30 s for a byte, so that a server that hangs is a failure and not a hang.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace zigmund::support {

struct HttpReply {
    int status = 0;         ///< 0: the connection ended before a whole head
    std::string_view head;  ///< views into the client, until its next call
    std::string_view body;

    /// The value of a header field, by its name in lower case, however it was sent; without memory: not there.
    [[nodiscard]] std::string_view field(std::string_view name) const noexcept {
        std::string_view rest = head;
        while (!rest.empty()) {
            const std::string_view line = rest.substr(0, rest.find("\r\n"));
            rest.remove_prefix(line.size() + 2 <= rest.size() ? line.size() + 2 : rest.size());
            if (line.size() > name.size() + 2 && line.substr(name.size(), 2) == ": " &&
                ::strncasecmp(line.data(), name.data(), name.size()) == 0)
                return line.substr(name.size() + 2);
        }
        return {};
    }
};

class HttpClient {
  public:
    explicit HttpClient(std::uint16_t port, std::size_t capacity = std::size_t{64} << 10)
        : buffer_(capacity) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connect(address);
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    /// On the unix socket at `path`.
    explicit HttpClient(const char* path, std::size_t capacity = std::size_t{64} << 10) : buffer_(capacity) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
        connect(address);
    }
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient() { close(); }

    void close() noexcept {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }
    /// No more will be sent; the answer can still be read.
    void shutdown_send() noexcept { ::shutdown(socket_, SHUT_WR); }
    [[nodiscard]] int descriptor() const noexcept { return socket_; }

    /// Sends all of it; false: the server is gone.
    bool send(std::string_view bytes) noexcept {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// The next reply, whose body has the length that its head says; `has_body` false for the reply to HEAD.
    HttpReply receive(bool has_body = true) noexcept {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        std::size_t head_size = 0;
        while ((head_size = text().find("\r\n\r\n")) == std::string_view::npos) {
            if (!fill()) return {};
        }
        HttpReply reply;
        reply.head = text().substr(0, head_size + 2);
        std::from_chars(reply.head.data() + 9, reply.head.data() + 12, reply.status);
        std::size_t length = 0;
        const std::string_view size = reply.field("content-length");
        std::from_chars(size.data(), size.data() + size.size(), length);
        if (!has_body) length = 0;
        begin_ = head_size + 4;
        while (end_ - begin_ < length) {
            if (!fill()) return {};
        }
        reply.body = text().substr(begin_, length);
        begin_ += length;
        return reply;
    }

    /// The next line, its end included, of what follows a reply's head; empty: there is none. For bodies in
    /// chunks.
    std::string_view receive_line() noexcept {
        std::size_t end = 0;
        while ((end = text().find("\r\n", begin_)) == std::string_view::npos) {
            if (!fill()) return {};
        }
        const std::string_view line = text().substr(begin_, end + 2 - begin_);
        begin_ = end + 2;
        return line;
    }

    HttpReply request(std::string_view bytes) noexcept {
        send(bytes);
        return receive();
    }

    /// Whether the server has closed in good order, with nothing more to read.
    [[nodiscard]] bool closed() noexcept {
        char byte = 0;
        return begin_ == end_ && ::recv(socket_, &byte, 1, 0) == 0;
    }

  private:
    template <class Address>
    void connect(const Address& address) {
        // The socket interface takes every address family through one type.
        const void* const any = &address;
        const auto* const generic = static_cast<const sockaddr*>(any);
        socket_ = ::socket(generic->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval patience{30, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (::connect(socket_, generic, sizeof address) == 0) return;
        close();
        throw std::runtime_error("cannot connect");
    }
    [[nodiscard]] std::string_view text() const noexcept { return {buffer_.data(), end_}; }
    bool fill() noexcept {
        if (end_ == buffer_.size()) return false;
        const ssize_t got = ::recv(socket_, buffer_.data() + end_, buffer_.size() - end_, 0);
        if (got <= 0) return false;
        end_ += static_cast<std::size_t>(got);
        return true;
    }

    int socket_ = -1;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace zigmund::support
