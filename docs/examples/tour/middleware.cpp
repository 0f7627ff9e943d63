// What stands around a handler: it sees the request before, may answer by itself, and may change the
// response.
#include <algorithm>
#include <chrono>
#include <string>

#include "tour.hpp"

namespace tour {
namespace {

http::Response need_key(http::Request& request, http::Next next) {
    if (request.header("x-key") != "secret")
        return http::Response::json_text(R"({"detail":"A key is needed"})")
            .with_status(http::Status::unauthorized);
    return next(request);
}

http::Response say_who(http::Request& request, http::Next next) {
    return next(request).with_header(request.allocator(), "x-served-by", "the tour");
}

void add_tower(http::Router& tower) {
    tower.get("/bells", [] { return http::Response::text("ding"); });
}

/// Runs for its effect, before the handlers of what names it.
void need_ticket(http::Query<std::string_view, "ticket"> ticket) {
    if (*ticket != "valid") throw http::HttpError{http::Status::forbidden, "The ticket is not valid"};
}

}  // namespace

void add_middleware(http::App& app, http::App& api, const Settings& settings) {
    // Around one route, the first outermost; around all routes of a router; and a dependency for each of
    // them.
    app.get("/vault", http::with_middleware([] { return http::Response::text("gold"); }, say_who, need_key),
            {.tags = {"middleware"}});
    const http::AccessLog visitors{
        {.path = std::string{settings.visitors}, .format = http::AccessLogFormat::common}};
    app.include(http::with_middleware(add_tower, visitors, say_who),
                {.prefix = "/tower", .tags = {"middleware"}, .dependencies = {http::depends<need_ticket>}});

    // Around an application: all that comes with the library, the last one outermost.
    api.use(http::SecurityHeaders{});
    api.use(http::Gzip{});
    api.use(http::Timeout{{.limit = std::chrono::seconds{10}}});
    api.use(http::RequestId{});
    api.use(http::Cors{{.allow_origins = {"https://shop.example"}, .allow_headers = {"x-key"}}});
    api.use(http::TrustedHost{{.allowed_hosts = {"testserver", "localhost", "127.0.0.1"}}});
    api.use(
        http::AccessLog{{.path = std::string{settings.access_log}, .format = http::AccessLogFormat::json}});
    api.use(http::ForwardedHeaders{});
    api.get("/me", [](const http::Request& request, alloc::Allocator arena) {
        return http::Response::json(arena,
                                    {{"client", request.client().host()}, {"scheme", request.scheme()}});
    });
    api.get("/zeros", [](alloc::Allocator arena) {
        const std::span<char> zeros = arena.alloc<char>(1000);
        std::ranges::fill(zeros, '0');
        return http::Response::text(std::string_view{zeros.data(), zeros.size()});
    });
    app.mount("/api", api);
}

}  // namespace tour
