// ServeOptions: where a server listens, and the limits that keep it bounded.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace zigmund::http::inline v0 {

/// What becomes of a client for whom there is no room.
enum class WhenFull : std::uint8_t {
    wait,    ///< it waits in the listener's queue
    refuse,  ///< it is answered 503; with TLS, its connection is closed
};

struct ServeOptions {
    /// The address to listen on, IPv4 or IPv6, as digits: "127.0.0.1", "0.0.0.0", "::1".
    std::string_view host = "127.0.0.1";
    /// 0: the system picks one; Server::port() tells.
    std::uint16_t port = 8000;
    /// Instead, the path of a unix socket; empty: none. All workers accept from it. A file that a dead server
    /// left there is replaced; one that a living server answers on, or that is no socket, is an error. It is
    /// removed when the server takes no more connections. Lives as long as the server.
    std::string_view unix_socket = {};
    /// The mode of its file, which says who may connect: who may write.
    unsigned unix_socket_mode = 0666;
    /// Instead of both, a descriptor that listens already, such as one that systemd has passed; the Server's
    /// from its construction on, which closes it. All workers accept from it.
    std::optional<int> fd = {};
    /// A port, at `monitor_host`, that answers /metrics, /healthz and /readyz (health.hpp) and nothing else,
    /// from a thread of its own, to the end of the drain. 0: the system picks one; Server::monitor_port()
    /// tells. The numbers are those of the Metrics that the App uses, or else the process's alone.
    std::optional<std::uint16_t> monitor_port = {};
    /// The address of monitor_port, as digits.
    std::string_view monitor_host = "127.0.0.1";
    /// TLS: the files of the certificate, followed by those of its chain, and of its key, in PEM, without a
    /// passphrase. Read at the start and by Server::reload(). Empty: without TLS. TLS 1.2 and 1.3. A handshake
    /// has as long as a request's head.
    std::string_view tls_certificate = {};
    std::string_view tls_key = {};
    /// Threads that serve, each with its own event loop, listener and arenas. 0: one a processor.
    unsigned workers = 0;
    /// Threads for handlers that are blocking(); none are started if there is no such handler.
    unsigned blocking_threads = 16;
    /// Requests that wait for one of these threads, of all workers together; further ones are answered with
    /// 503.
    std::size_t blocking_queue = 1024;
    /// Connections that one worker holds at once, and what becomes of further ones. (Of those that are
    /// refused, up to a quarter as many more are there until they have read it.)
    std::size_t max_connections = 4096;
    WhenFull when_full = WhenFull::wait;
    /// Requests that are served on one connection; with the answer to the last it is closed.
    std::size_t max_requests = 10'000;
    /// A larger request body is answered with 413, in bytes.
    std::size_t max_body = std::size_t{1} << 20;
    /// The same for a form with files, where a route takes files: received in constant memory.
    std::size_t max_upload = std::size_t{64} << 20;
    /// Where files lie that are too large to stay in memory, while their request is served; empty: where the
    /// environment variable TMPDIR says, or /tmp. Lives as long as the server.
    std::string_view upload_directory = {};
    /// What a request's arena keeps for the next request, in bytes; more goes back to the application's
    /// allocator as soon as the response has been sent.
    std::size_t arena_retain = std::size_t{64} << 10;
    /// From the first byte of a request to the end of its head, and how long its body may stand still; then
    /// 408.
    std::chrono::seconds request_timeout{10};
    /// How long a connection may stay open between two requests.
    std::chrono::seconds idle_timeout{75};
    /// How long a client may leave a response unread before it takes some more of it.
    std::chrono::seconds write_timeout{30};
    /// Bytes a second, on the average from the beginning, that a client has to send of a body, and to take of
    /// a response while it keeps the server waiting. Less, after the first 5 s, is a 408, or the end of the
    /// connection. 0: any.
    std::size_t min_rate = 240;
    /// How long a server that is told to stop still serves as before, while its readiness is 503 already: so
    /// that a balancer that asks for it takes the server out before it closes.
    std::chrono::seconds drain_grace{0};
    /// How long, after that, it waits for the requests that were begun.
    std::chrono::seconds drain_timeout{30};
};

/// The most that ServeOptions::workers and ServeOptions::blocking_threads may be.
inline constexpr unsigned max_workers = 1024;
/// The most that each time in ServeOptions may be: a year.
inline constexpr std::chrono::seconds max_timeout{365 * 24 * 3600};

/// Throws std::invalid_argument for what no server can mean:
///
///     zigmund: max_connections is 0: nobody would be served
///     zigmund: max_requests is 0: nobody would be served
///     zigmund: workers is more than 1024
///     zigmund: blocking_threads is 0: what blocks would never run
///     zigmund: blocking_threads is more than 1024
///     zigmund: unix_socket is longer than 107 bytes
///     zigmund: unix_socket has a NUL in it
///     zigmund: unix_socket_mode is more than 0777
///     zigmund: unix_socket and fd: a server listens on one of them
///     zigmund: fd is negative
///     zigmund: tls_certificate without tls_key
///     zigmund: tls_key without tls_certificate
///     zigmund: idle_timeout is less than a second
///     zigmund: drain_grace is negative
///     zigmund: drain_timeout is negative
///     zigmund: request_timeout is more than a year
ZIGMUND_EXPORT void check(const ServeOptions& options);

}  // namespace zigmund::http::inline v0
