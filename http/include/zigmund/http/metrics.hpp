// Metrics: what an application serves, in numbers, as Prometheus reads them.
//
//     http::Metrics metrics{gpa.allocator()};
//     app.use(metrics.middleware());                  // the last, so that it is the outermost
//     app.get("/metrics", metrics.endpoint());        // or without this, on ServeOptions::monitor_port
//
//     http_requests_total{method="GET",handler="/users/{user_id}",status="200"} 7
//     http_request_duration_seconds_bucket{method="GET",handler="/users/{user_id}",le="0.005"} 7
//
//     http_requests_total              requests that were answered
//     http_request_duration_seconds    from the head of a request to the last byte of its answer; a histogram
//     http_requests_inprogress         requests that are being answered
//     http_request_size_bytes          bodies of requests; count and sum
//     http_response_size_bytes         bodies of answers; count and sum
//     http_refused_requests_total      what was no request: by the status it was answered with
//     http_connections                 connections by state: handshaking (TLS), idle, reading a request,
//                                      handling (the answer is being made), writing it, closing; as of the last
//                                      second, at which each worker counts its own
//     process_...                      memory, processor time, descriptors, start
//
// A handler is known by the template of its route, never by the path that a client sent: what no route has
// counts as "none". A method that has no name here counts as "_OTHER". So no client can make the number of
// series grow; it ends at 1000 a thread in any case, and what comes after counts as "other".
//
// Threads: counts in the thread that serves, without a lock and without an atomic read-modify-write; one that
// reads adds up. Cost: two looks at the clock and some twenty stores a request; some 300 bytes a series and
// thread, taken when it is first seen. Never: allocates for a request of a series that the thread has seen.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/middleware.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zigmund::http::inline v0 {

class ZIGMUND_EXPORT Metrics {
  public:
    /// `allocator` outlives it, and it outlives the App that uses it. Throws std::bad_alloc.
    explicit Metrics(alloc::Allocator allocator);
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;
    ~Metrics();

    /// What App::use() is given. Copies count for the same Metrics, which outlives them.
    class Middleware {
      public:
        /// Counts the request: as in progress now, as answered when its answer is sent. Throws
        /// std::bad_alloc, and what the rest throws.
        Response operator()(Request& request, Next next) const;
        /// Counts what is no request, by its status: App::refuse() calls it. Throws std::bad_alloc.
        void refused(Request& request) const;
        /// What it counts for: the monitor's port shows it (ServeOptions::monitor_port).
        [[nodiscard]] const Metrics& metrics() const noexcept { return *metrics_; }

      private:
        friend class Metrics;
        explicit Middleware(Metrics& metrics) noexcept : metrics_{&metrics} {}
        Metrics* metrics_;
    };

    /// What counts the requests that pass through it.
    [[nodiscard]] Middleware middleware() noexcept { return Middleware{*this}; }

    /// A handler that answers with text().
    [[nodiscard]] auto endpoint() const noexcept {
        return [this](alloc::Allocator arena) {
            return Response::text(text(arena)).with_content_type(content_type);
        };
    }

    /// All numbers so far, in the text format 0.0.4, in memory of `arena`. Any thread. Linear in the series.
    /// Throws std::bad_alloc.
    [[nodiscard]] std::string_view text(alloc::Allocator arena) const;
    /// The content type of text().
    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  private:
    friend class Worker;
    struct Shard;
    struct Books;

    enum class Connections : std::uint8_t { handshaking, idle, reading, handling, writing, closing };
    using ConnectionCounts = std::array<std::size_t, 6>;

    /// What the calling thread's worker has now.
    void note(const ConnectionCounts& connections) const noexcept;
    [[nodiscard]] Shard* shard() const;
    [[nodiscard, gnu::cold]] Shard* find_shard() const;

    Books* books_;
};

}  // namespace zigmund::http::inline v0
