// AccessLog: a line for each request that was answered.
//
//     app.use(http::AccessLog{});                                                    // to standard output
//     app.use(http::AccessLog{{.path = "/var/log/items.log", .format = http::AccessLogFormat::json}});
//
// The line is written when the last byte of the answer has left, or cannot leave any more; what is no request
// (400, 408, 431 and the like) has one too. A worker puts the facts into a ring of its own; one thread makes
// lines of them and writes, so that a slow disk keeps nobody waiting. Where a ring is full, requests are left
// out and counted, and the log says how many:
//
//     zigmund: access log: 12 requests are missing here
//     {"time":"2026-11-29T23:40:47.123456Z","missing":12}
//
// A line of AccessLogFormat::json:
//
//     {"time":"2026-11-29T23:40:47.123456Z","remote":"127.0.0.1","method":"GET","route":"/users/{user_id}",
//     "path":"/users/7","status":200,"bytes_in":58,"bytes_out":156,"microseconds":41,"request_id":"",
//     "arena_bytes":512}                                                             (in one line)
//
// `path` is as the client sent it, without the query; `bytes_in` those of head and body, `bytes_out` those of
// head and body that were sent; `microseconds` from the first middleware to the last byte. Whatever a client
// writes, a line is one line: control characters, quotes and bytes that are no UTF-8 are escaped.
//
// A copy is the same log. Added last, it is the outermost and sees all requests; behind ForwardedHeaders it
// logs the client that the proxy names either way.
//
// Threads: any. Cost: three looks at the clock, a copy of the texts into the ring; no lock, no allocation, no
// system call but to wake a writer that sleeps, once. Memory: the rings, on the heap. A line is in the file
// within a second, and with flush(), which the last copy's destructor does.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/middleware.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace zigmund::http::inline v0 {

/// How a line looks: as the Apache server writes it, or as JSON.
enum class AccessLogFormat : std::uint8_t {
    common,    ///< 127.0.0.1 - - [29/Nov/2026:23:40:47 +0000] "GET /users/7 HTTP/1.1" 200 23
    combined,  ///< the same, and "referer" "user agent"
    json,      ///< an object a line
};

/// Where lines go, and how they look.
struct AccessLogOptions {
    /// The file that lines are appended to; it is made if need be. Empty: standard output.
    std::string path = {};
    /// How they look.
    AccessLogFormat format = AccessLogFormat::combined;
    /// What is kept for the writer, in bytes a worker: 200 to 500 a request. Rounded up to a power of two.
    std::size_t ring = std::size_t{256} << 10;
};

class ZIGMUND_EXPORT AccessLog {
  public:
    /// Opens the file and starts the writer. Throws std::invalid_argument "zigmund: AccessLog: ring is less
    /// than 32768 bytes" and "... more than 1 GiB", std::system_error "zigmund: access log: cannot open /x:
    /// No such file or directory".
    explicit AccessLog(const AccessLogOptions& options = {});

    /// Has the line written when the answer has left. Throws std::bad_alloc, and what the rest throws.
    Response operator()(Request& request, Next next) const;
    /// The same for what is no request: App::refuse() calls it. Throws std::bad_alloc.
    void refused(Request& request) const;

    /// Opens the file anew: after it was renamed (logrotate). App::serve() does it on SIGHUP. If it cannot be
    /// opened, lines go where they went, and stderr says so. Any thread.
    void reload() const noexcept;
    /// Waits until all that was logged before is written. Any thread but the writer's.
    void flush() const;

  private:
    class Implementation;
    void watch(Request& request) const;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace zigmund::http::inline v0
