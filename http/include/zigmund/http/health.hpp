// healthz, readyz: whether the process lives, and whether it wants requests; for who restarts it, and for who
// spreads requests.
//
//     app.get("/healthz", http::healthz, {.include_in_schema = false});
//     app.get("/readyz", http::readyz, {.include_in_schema = false});
//
// With ServeOptions::monitor_port both are on a port of their own, without these lines.
//
// A server that is told to stop is not ready any more, at once; ServeOptions::drain_grace is how long it then
// serves on, so that those who ask have seen it before it takes no more connections.
//
// Threads: any. Cost: that of a constant text. Never: allocates, asks anybody else: an application that
// is not ready without its database has a route of its own, which looks at Request::server_is_stopping() too.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

namespace zigmund::http::inline v0 {

/// 200 `{"status":"ok"}`: who can answer lives.
ZIGMUND_EXPORT [[nodiscard]] Response healthz();

/// 200 `{"status":"ready"}`, or, once the server was told to stop, 503 `{"status":"stopping"}`.
ZIGMUND_EXPORT [[nodiscard]] Response readyz(const Request& request);

}  // namespace zigmund::http::inline v0
