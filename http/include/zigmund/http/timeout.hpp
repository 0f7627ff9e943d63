// Timeout: how long a request may take, from here on.
//
//     app.use(http::Timeout{{.limit = std::chrono::seconds{10}}});
//     app.get("/report", http::with_middleware(report, http::Timeout{{.limit = std::chrono::seconds{60}}}));
//
// It sets the request's deadline; of several limits the shortest counts.
//
// - A handler that computes cannot be interrupted: threads of C++ cannot. It may ask, where it is in good
// order:
//   `request.check_deadline()` throws the answer, 504 `{"detail":"Gateway Timeout"}`. If it does not ask, its
//   answer is sent, late: what it did is done, and a 504 would say that it was not.
// - A handler that is a Task ends where it waits: its co_await throws the same.
// - A Task that waits, and a handler that is blocking(), are not cut short either: they may ask as well, after
//   each co_await.
// - A stream that is not at its end by then is cut, within a second, as if its producer had thrown; what the
//   producer holds is destroyed.
// - How long a client may take to send and to read is the server's affair: ServeOptions::request_timeout and
//   write_timeout.
//
// Threads: called by all workers. Cost: a look at the clock a request, and one a piece of a stream.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/middleware.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <chrono>

namespace zigmund::http::inline v0 {

/// How long is too long.
struct TimeoutOptions {
    /// Counted from the call of the middleware.
    std::chrono::milliseconds limit{30000};
};

class ZIGMUND_EXPORT Timeout {
  public:
    /// Throws std::invalid_argument "zigmund: Timeout: limit is not above zero" and "... more than a year".
    explicit Timeout(const TimeoutOptions& options = {});

    /// Sets the request's deadline, unless it has an earlier one, and goes on. Throws what the rest throws.
    Response operator()(Request& request, Next next) const;

  private:
    std::chrono::milliseconds limit_;
};

}  // namespace zigmund::http::inline v0
