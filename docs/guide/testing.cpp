// The program of testing.md.
#include <zigmund/alloc.hpp>
#include <zigmund/alloc/testing/heap_counter.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/allocation_failures.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;

struct Item {
    std::string_view name;
    double price;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price))

struct User {
    std::string_view name;
};

User get_user() { throw http::HttpError{http::Status::unauthorized}; }

void add_routes(http::App& app) {
    app.get("/users/{user_id}", [](http::Path<int, "user_id"> id, alloc::Allocator arena) {
        return http::Response::json(arena, {{"id", id}, {"name", "Alice"}});
    });
    app.post("/items", [](http::Body<Item> item, alloc::Allocator arena) {
        return http::Response::json(arena, *item).with_status(http::Status::created);
    });
    app.get("/me", [](inject::Depends<get_user> user) { return http::Response::text(user->name); });
    app.get("/old", [](alloc::Allocator arena) { return http::Response::redirect(arena, "/users/7"); });
    app.post("/login", [](alloc::Allocator arena) {
        return http::Response::text("in").with_cookie(arena, {.name = "session", .value = "1234"});
    });
    app.get("/session",
            [](http::Cookie<std::string_view, "session"> session) { return http::Response::text(*session); });
    app.get("/lines", [](alloc::Allocator arena) {
        return http::Response::json_lines(arena, [n = 0](http::StreamWriter& out) mutable {
            out.line({{"n", n++}});
            return http::Produced::more;  // without an end
        });
    });
    app.get("/fails", []() -> http::Response { throw std::runtime_error{"no database"}; });
}

void expect(bool good, const char* what) {
    std::printf("%s: %s\n", what, good ? "ok" : "FAILED");
    if (!good) std::exit(1);
}

void ask(http::App& app) {
    http::testing::TestClient client{app};  // the application starts; it stops with the client

    const auto response = client.get("/users/7");
    expect(response.status() == 200, "status");
    expect(response.header("content-type") == "application/json", "header");
    expect(response.json().at("name") == "Alice", "json");

    const auto created = client.post("/items", {.json = {{"name", "Pen"}, {"price", 2.5}}});
    expect(created.status() == 201, "created");
    expect(created.json<Item>().name == "Pen", "json as a struct");

    const auto moved = client.get("/old");
    expect(moved.url() == "http://testserver/users/7", "redirect");
    expect(moved.history().front().status() == 307, "history");

    client.post("/login");
    expect(client.get("/session").text() == "1234", "cookie");

    auto lines = client.stream("GET", "/lines");
    expect(lines.next() == "{\"n\":0}\n", "first piece");
    expect(lines.next() == "{\"n\":1}\n", "second piece");
    lines.close();  // the client leaves: the producer is destroyed
}

void fail(http::App& app) {
    http::testing::TestClient client{app};
    try {
        client.get("/fails");
    } catch (const std::runtime_error& error) {
        std::printf("thrown: %s\n", error.what());
    }

    http::testing::TestClient server{app, {.raise_server_exceptions = false}};
    expect(server.get("/fails").text() == "Internal Server Error", "as a client sees it");
}

void pretend(http::App& app) {
    http::testing::TestClient client{app};
    expect(client.get("/me").status() == 401, "the real one");
    app.override<get_user>([] { return User{"ann"}; });
    expect(client.get("/me").text() == "ann", "overridden");
    app.clear_overrides();
}

// ---- memory ----

[[gnu::noinline]] void remember(std::string_view text) {
    void* volatile copy = std::malloc(text.size());
    std::free(copy);
}

void watch_the_heap(http::App& app) {
    app.get("/careless", [] {
        remember("text");
        return http::Response::text("done");
    });
    http::testing::TestClient client{app};
    expect(client.check_no_heap("GET", "/users/7").ok(), "no heap");

    const auto careless = client.check_no_heap("GET", "/careless");
    std::printf("%s\n", careless.text.substr(0, careless.text.find('\n')).c_str());
}

void run_out_of_memory() {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    http::App app{gpa.allocator(), {}};
    app.get("/users/{user_id}", [](http::Path<int, "user_id"> id, alloc::Allocator arena) {
        return http::Response::json(arena, {{"id", id}});
    });
    app.get("/sloppy", [](alloc::Allocator arena) {
        try {
            return http::Response::text(arena.dupe("all of it"));
        } catch (const std::bad_alloc&) {
            return http::Response::text("a part");
        }
    });
    app.get("/leaky", [&gpa](alloc::Allocator arena) {
        int* const number = gpa.allocator().create<int>(1);
        const std::string_view text = arena.dupe("text");
        gpa.allocator().destroy(number);
        return http::Response::text(text);
    });

    const auto result = http::testing::check_allocation_failures(
        app, {.requests = {{.route = "GET /users/{user_id}", .url = "/users/7"}}});
    for (const std::string& finding : result.findings)
        std::printf("%s\n", finding.substr(0, finding.find('\n')).c_str());
    std::printf("%zu routes, %zu findings\n", result.routes, result.findings.size());
}

int main() {
    alloc::GeneralPurposeAllocator gpa{{.name = "application"}};
    http::App app{gpa.allocator(), {}};
    add_routes(app);
    ask(app);
    fail(app);
    pretend(app);
    watch_the_heap(app);
    run_out_of_memory();
}
