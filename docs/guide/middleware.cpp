// The program of the page middleware.md.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;
using namespace std::chrono_literals;

http::Response served_by(http::Request& request, http::Next next) {
    return next(request).with_header(request.allocator(), "x-served-by", "me");
}

http::Response only_with_key(http::Request& request, http::Next next) {
    if (!request.header("x-api-key")) return http::Response{http::Status::unauthorized};
    return next(request);
}

void check_token(http::Header<std::string_view, "x_token"> token) {
    if (*token != "secret") throw http::HttpError{http::Status::forbidden, "Invalid X-Token"};
}

struct Session {
    int user;
};
inject::Scoped<Session> get_session(http::Query<int, "user"> user, alloc::Allocator) {
    co_yield Session{*user};
    std::puts("the session ends");
}

std::string_view list_users() { return "all of them"; }

int get_me(inject::Depends<get_session> session) { return session->user; }

void add_users(http::Router& users) {
    users.get("", list_users);
    users.get("/me", get_me, {.dependencies = {http::depends<get_session>}});
}

std::string_view list_reports() { return "none"; }

void add_reports(http::Router& reports) { reports.get("", list_reports); }

class Timing {
  public:
    http::Response operator()(http::Request& request, http::Next next) const {
        request.on_sent([](const http::Request& answered, const http::Sent& sent) {
            const std::string_view route = answered.route();
            std::printf("%.*s: status %d\n", static_cast<int>(route.size()), route.data(),
                        static_cast<int>(sent.status));
        });
        return next(request);
    }
};

void show(const http::testing::TestResponse& response) {
    std::printf("%d %s\n", response.status(), response.text().c_str());
}

void show(const http::testing::TestResponse& response, std::string_view field) {
    const std::string_view value = response.header(field).value_or("-");
    std::printf("%d %.*s: %.*s\n", response.status(), static_cast<int>(field.size()), field.data(),
                static_cast<int>(value.size()), value.data());
}

}  // namespace

int main() {
    alloc::GeneralPurposeAllocator gpa;
    http::App app{gpa.allocator(), {}};

    app.use(served_by);
    app.get("/plain", list_users);
    app.get("/secret", http::with_middleware(list_users, only_with_key));
    app.include(http::with_middleware(add_reports, only_with_key), {.prefix = "/reports"});
    app.include(add_users, {.prefix = "/users", .dependencies = {http::depends<check_token>}});
    app.get("/timed", http::with_middleware(list_users, Timing{}));
    app.get("/long", [](alloc::Allocator arena) {
        const std::string line(1000, 'x');
        return http::Response::text(arena.dupe(line));
    });

    app.use(http::Gzip{});
    app.use(http::SecurityHeaders{});
    app.use(http::Cors{{.allow_origins = {"https://shop.example"}, .allow_methods = {"GET", "POST"}}});
    app.use(http::TrustedHost{{.allowed_hosts = {"testserver", "*.example.com"}}});
    app.use(http::RequestId{});
    app.use(http::AccessLog{{.path = "/dev/null", .format = http::AccessLogFormat::json}});
    app.use(http::ForwardedHeaders{{.trusted = {"127.0.0.1"}}});

    http::testing::TestClient client{app};
    std::puts("# around a handler");
    show(client.get("/secret"));
    show(client.get("/secret", {.headers = {{"x-api-key", "1"}}}));
    show(client.get("/reports"));
    show(client.get("/reports", {.headers = {{"x-api-key", "1"}}}));
    show(client.get("/reports"), "x-served-by");

    std::puts("# dependencies");
    show(client.get("/users"));
    show(client.get("/users", {.headers = {{"x-token", "guess"}}}));
    show(client.get("/users", {.headers = {{"x-token", "secret"}}}));
    show(client.get("/users/me?user=7", {.headers = {{"x-token", "secret"}}}));

    std::puts("# when it is sent");
    show(client.get("/timed"));

    std::puts("# shipped");
    show(client.get("/plain", {.headers = {{"host", "evil.example"}}}));
    show(client.options("/plain", {.headers = {{"origin", "https://other.example"},
                                               {"access-control-request-method", "DELETE"}}}));
    show(client.get("/plain", {.headers = {{"origin", "https://shop.example"}}}),
         "access-control-allow-origin");
    show(client.get("/long", {.headers = {{"accept-encoding", "gzip"}}}), "content-encoding");
    show(client.get("/plain", {.headers = {{"x-request-id", "abc-1"}}}), "x-request-id");
    show(client.get("/plain"), "x-content-type-options");
}
