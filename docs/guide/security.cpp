// The program of the page security.md.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;

struct User {
    std::string_view name;
};
BOOST_DESCRIBE_STRUCT(User, (), (name))

User get_user(http::OAuth2PasswordBearer<"token"> token, alloc::Allocator arena) {
    if (!http::timing_safe_equal(*token, "token-of-ann"))
        throw http::HttpError{http::Status::unauthorized, "Invalid token"}.with_header(
            arena, "www-authenticate", "Bearer");
    return {.name = "ann"};
}

User get_me(inject::Depends<get_user> user) { return *user; }

http::Response get_token(http::Form<http::OAuth2PasswordRequestForm> form, alloc::Allocator arena) {
    if (form->username != "ann" || !http::timing_safe_equal(form->password, "secret"))
        throw http::HttpError{http::Status::bad_request, "Incorrect username or password"};
    return http::Response::json(arena, {{"access_token", "token-of-ann"}, {"token_type", "bearer"}});
}

void check_key(http::ApiKeyHeader<"X-Key"> key) {
    if (!http::timing_safe_equal(*key, "k-1")) throw http::HttpError{http::Status::forbidden, "Invalid key"};
}

http::Response greet(http::HttpBasic<std::optional<http::BasicCredentials>, "the shop"> who,
                     alloc::Allocator arena) {
    return http::Response::json(arena, {{"hello", *who ? (*who)->username : "stranger"}});
}

void show(const http::testing::TestResponse& response) {
    std::printf("%d %s\n", response.status(), response.text().c_str());
}

}  // namespace

int main() {
    alloc::GeneralPurposeAllocator gpa;
    http::App app{gpa.allocator(), {}};
    app.post("/token", get_token);
    app.get("/me", get_me);
    app.get("/stock", [] { return 7; }, {.dependencies = {http::depends<check_key>}});
    app.get("/greet", greet);

    http::testing::TestClient client{app};
    std::puts("# token");
    show(client.post("/token", {.form = {{"username", "ann"}, {"password", "secret"}}}));
    show(client.get("/me", {.headers = {{"authorization", "Bearer token-of-ann"}}}));
    const auto refused = client.get("/me");
    show(refused);
    std::printf("www-authenticate: %s\n",
                std::string{refused.header("www-authenticate").value_or("-")}.c_str());

    std::puts("# key");
    show(client.get("/stock", {.headers = {{"x-key", "k-1"}}}));
    show(client.get("/stock", {.headers = {{"x-key", "k-2"}}}));

    std::puts("# optional");
    show(client.get("/greet", {.headers = {{"authorization", "Basic YW5uOnNlY3JldA=="}}}));
    show(client.get("/greet"));
}
