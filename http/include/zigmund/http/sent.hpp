// Sent: what became of a response, for logs and metrics.
//
//     request.on_sent([](const http::Request& request, const http::Sent& sent) { ... });
//
// Threads: a value.
#pragma once

#include <zigmund/http/status.hpp>

#include <cstddef>
#include <cstdint>

namespace zigmund::http::inline v0 {

class Request;

struct Sent {
    /// The status of the answer.
    Status status = Status::ok;
    /// Bytes of the status line and the header fields.
    std::uint64_t head = 0;
    /// Bytes of the body, with the frames of chunks: as many as the system took, also if the client left.
    std::uint64_t body = 0;
    /// Bytes of the request's arena that are in use.
    std::size_t arena = 0;
};

namespace detail {

/// What is called once the response is sent; in the request's arena.
struct SentHook {
    void (*run)(SentHook& self, const Request& request, const Sent& sent) noexcept;
    SentHook* following;
};

}  // namespace detail
}  // namespace zigmund::http::inline v0
