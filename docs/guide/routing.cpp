// The program of the page routing.md.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

std::uint32_t get_user(http::Path<std::uint32_t, "user_id"> user_id) { return *user_id; }
std::string_view get_me() { return "me"; }
std::string_view get_file(http::Path<std::string_view, "name"> name) { return *name; }
std::string_view get_dir() { return "directory"; }

void add_admin(http::Router& admin) { admin.get("/{user_id:int}", get_user, {.name = "admin_user"}); }

void add_users(http::Router& users) {
    users.get("/me", get_me);
    users.get("/{user_id}", get_user, {.name = "get_user"});
    users.include(add_admin, {.prefix = "/admin", .tags = {"admin"}});
}

http::Response links(http::Request& request, alloc::Allocator arena) {
    return http::Response::json(
        arena, {{"user", request.url_for("get_user", {{"user_id", 7}})}, {"root_path", request.root_path()}});
}

void show(const http::testing::TestResponse& response) {
    std::printf("%d %s\n", response.status(), response.text().c_str());
}

template <class F>
void show_refusal(F&& register_routes) {
    try {
        register_routes();
    } catch (const http::RouteError& error) {
        std::printf("%s\n", error.what());
    }
}

}  // namespace

int main() {
    alloc::GeneralPurposeAllocator gpa;
    http::App app{gpa.allocator(), {.title = "Users", .root_path = "/api"}};
    app.include(add_users, {.prefix = "/users", .tags = {"users"}});
    app.get("/files/{name:path}", get_file);
    app.get("/dir/", get_dir);
    app.get("/links", links);

    http::App admin{gpa.allocator(), {.title = "Admin"}};
    admin.get("/users/{user_id}", get_user, {.name = "get_user"});
    admin.get("/links", links);
    app.mount("/admin", admin);

    http::testing::TestClient client{app, {.follow_redirects = false}};
    std::puts("# one request, one route");
    show(client.get("/users/me"));
    show(client.get("/users/7"));
    show(client.get("/users/admin/7"));
    show(client.get("/files/a/b%20c.txt"));

    std::puts("# what has no route");
    show(client.get("/nothing"));
    const auto refused = client.post("/users/7");
    std::printf("%d allow: %s\n", refused.status(),
                std::string{refused.header("allow").value_or("")}.c_str());
    const auto head = client.head("/users/7");
    std::printf("HEAD: %d, %zu bytes\n", head.status(), head.text().size());
    const auto redirect = client.get("/dir?x=1");
    std::printf("%d location: %s\n", redirect.status(),
                std::string{redirect.header("location").value_or("")}.c_str());

    std::puts("# conflicts");
    show_refusal([&] { app.get("/users/{id}", get_me); });
    show_refusal([&] { app.get("/posts/{post_id}", get_user); });

    std::puts("# URLs");
    alloc::Arena arena;
    const std::string_view url = app.url_for(arena.allocator(), "get_user", {{"user_id", 7}});
    std::printf("%.*s\n", static_cast<int>(url.size()), url.data());
    show(client.get("/links"));
    show(client.get("/admin/links"));
}
