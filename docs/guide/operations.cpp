// Options, metrics and health: the program of operations.md.
#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

namespace {

http::Response get_user(http::Path<std::uint32_t, "user_id"> user_id, alloc::Allocator arena) {
    return http::Response::json(arena, {{"id", user_id}});
}

/// What a service's main() does with its arguments.
int serve(http::App& app, int argc, const char* const* argv) { return app.serve(argc, argv, {.port = 8080}); }

}  // namespace

int main() {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "operations"}};
    http::Metrics metrics{gpa.allocator()};
    http::App app{gpa.allocator(), {.title = "Operations"}};
    app.get("/users/{user_id}", get_user);
    app.use(metrics.middleware());
    app.get("/metrics", metrics.endpoint(), {.include_in_schema = false});
    app.get("/healthz", http::healthz, {.include_in_schema = false});
    app.get("/readyz", http::readyz, {.include_in_schema = false});

    const char* const asking[] = {"service", "--help"};
    serve(app, 2, asking);
    const char* const wrong[] = {"service", "--port=x"};
    if (const auto options = http::read_settings(2, wrong); !options) std::puts(options.error().c_str());

    http::testing::TestClient client{app};
    client.get("/users/7");
    client.get("/users/8");
    const std::string text{client.get("/metrics").text()};
    const std::size_t at = text.find("http_requests_total{");
    std::puts(text.substr(at, text.find('\n', at) - at).c_str());
    for (const char* const path : {"/healthz", "/readyz"}) {
        const auto answer = client.get(path);
        std::printf("GET %s: %d %s\n", path, answer.status(), std::string{answer.text()}.c_str());
    }
}
