#include "monitor.hpp"

#include <zigmund/http/health.hpp>

#include <utility>

namespace zigmund::http::inline v0 {
namespace {

// Who watches comes with few connections; whoever else finds the port must not hold memory by it.
constexpr ServeOptions options{.max_connections = 64, .when_full = WhenFull::refuse, .max_body = 1024};

constexpr AppInfo info{.title = "Monitor", .openapi_url = {}, .docs_url = {}, .redoc_url = {}};

}  // namespace

Monitor::Monitor(const App& watched, ListeningSocket socket, const std::atomic<bool>& stopping)
    : address_{SocketAddress::of(socket.descriptor.get())},
      app_{watched.allocator(), info},
      worker_{app_, options, std::move(socket), {.pool = nullptr, .stopping = &stopping}} {
    const Metrics* metrics = watched.metrics();
    if (metrics == nullptr) metrics = &own_.emplace(watched.allocator());
    app_.get("/metrics", metrics->endpoint());
    app_.get("/healthz", healthz);
    app_.get("/readyz", [](Request& request) { return readyz(request); });
}

}  // namespace zigmund::http::inline v0
