// ServeOptions: where a server listens, and the limits that keep it bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zigmund::http {

struct ServeOptions {
    /// The address to listen on, IPv4 or IPv6, as digits: "127.0.0.1", "0.0.0.0", "::1".
    std::string_view host = "127.0.0.1";
    /// 0: the system picks one; Server::port() tells.
    std::uint16_t port = 8000;
    /// Threads that serve, each with its own event loop, listener and arenas. 0: one a processor.
    unsigned workers = 0;
    /// Connections that one worker holds at once. Further ones wait in the listener's queue.
    std::size_t max_connections = 4096;
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
    /// From the first byte of a request to its last.
    std::chrono::seconds request_timeout{30};
    /// How long a connection may stay open between two requests.
    std::chrono::seconds idle_timeout{75};
    /// How long a client may leave a response unread before it takes some more of it.
    std::chrono::seconds write_timeout{30};
    /// How long a stopping server waits for the requests that were begun.
    std::chrono::seconds drain_timeout{30};
};

inline constexpr unsigned max_workers = 1024;
inline constexpr std::chrono::seconds max_timeout{365 * 24 * 3600};

/// Throws std::invalid_argument for what no server can mean:
///
///     zigmund: max_connections is 0: nobody would be served
///     zigmund: workers is more than 1024
///     zigmund: idle_timeout is less than a second
///     zigmund: drain_timeout is negative
///     zigmund: request_timeout is more than a year
void check(const ServeOptions& options);

}  // namespace zigmund::http
