// The program of dependencies.md.
#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;

// ---- functions ----

struct Page {
    int offset;
    int limit;
};

Page get_page(http::Query<int, "offset", http::Default<0>> offset,
              http::Query<int, "limit", http::Default<10>, http::Le<100>> limit) {
    return {.offset = *offset, .limit = *limit};
}

http::Response list_items(inject::Depends<get_page> page, alloc::Allocator arena) {
    return http::Response::json(arena, {{"offset", page->offset}, {"limit", page->limit}});
}

// ---- dependencies of dependencies ----

struct User {
    std::string_view name;
};

User get_user(http::Header<std::optional<std::string_view>, "x_token"> token) {
    if (*token != "secret") throw http::HttpError{http::Status::unauthorized, "Who are you?"};
    return {"ann"};
}

struct Cart {
    std::string_view owner;
    Page page;
};

Cart get_cart(inject::Depends<get_user> user, inject::Depends<get_page> page) {
    return {.owner = user->name, .page = *page};
}

http::Response show_cart(inject::Depends<get_cart> cart, inject::Depends<get_user> user,
                         alloc::Allocator arena) {
    // get_user was called once: both have the same user.
    return http::Response::json(arena, {{"owner", cart->owner}, {"user", user->name}});
}

// ---- set-up and teardown ----

struct Session {
    int changes = 0;
};

inject::Scoped<Session> get_session(alloc::Allocator) {
    Session session;
    alloc::ErrScope scope;
    auto undo = scope.errdefer([&] { std::printf("  roll back %d\n", session.changes); });
    co_yield session;  // the handler runs here; throws what ended it, if it failed
    std::printf("  commit %d\n", session.changes);
    scope.ok();
}

http::Response buy(inject::Depends<get_session> session, http::Query<int, "count"> count) {
    session->changes = *count;
    if (count > 10) throw http::HttpError{http::Status::conflict, "Too many"};
    return http::Response::text("bought");
}

// ---- translating ----

inject::Scoped<Session> get_shop(alloc::Allocator) {
    Session session;
    try {
        co_yield session;
    } catch (const std::out_of_range&) {
        throw http::HttpError{http::Status::not_found, "No such item"};
    }
}

http::Response look(inject::Depends<get_shop>) { throw std::out_of_range{"7"}; }

// ---- scopes ----

inject::Scoped<int> check(alloc::Allocator) {
    int total = 0;
    co_yield total;
    if (total > 10) throw http::HttpError{http::Status::conflict, "Too much"};
}

http::Response add(inject::Depends<check, inject::FunctionScope> total, http::Query<int, "n"> n) {
    *total = *n;
    return http::Response::text("added");
}

// ---- classes ----

struct Filter {
    http::Query<std::optional<std::string_view>, "q"> q;
    inject::Depends<get_page> page;
};

http::Response search(inject::Depends<inject::make<Filter>> filter, alloc::Allocator arena) {
    return http::Response::json(arena, {{"q", filter->q}, {"limit", filter->page->limit}});
}

// ---- for their effect ----

void need_token(http::Header<std::optional<std::string_view>, "x_token"> token) {
    if (*token != "secret") throw http::HttpError{http::Status::forbidden, "A token is needed"};
}

// ---- overrides ----

User test_user(http::Query<std::string_view, "as"> name) { return {*name}; }

int main() {
    alloc::GeneralPurposeAllocator gpa{{.name = "application"}};
    http::App app{gpa.allocator(), {}};
    app.get("/items", list_items);
    app.get("/cart", show_cart);
    app.post("/buy", buy);
    app.get("/look", look);
    app.post("/add", add);
    app.get("/search", search);
    app.get("/stock", [] { return http::Response::text("5"); },
            {.dependencies = {http::depends<need_token>}});
    app.include([](http::Router& admin) { admin.get("/", [] { return http::Response::text("admin"); }); },
                {.prefix = "/admin", .dependencies = {http::depends<need_token>}});

    http::testing::TestClient client{app};
    const auto show = [](const http::testing::TestResponse& response) {
        std::printf("%d %s\n", response.status(), response.text().c_str());
    };
    show(client.get("/items?limit=5"));
    show(client.get("/items?limit=500"));
    show(client.get("/cart"));
    show(client.get("/cart", {.headers = {{"x-token", "secret"}}}));

    std::printf("buy 3\n");
    show(client.post("/buy?count=3"));
    std::printf("buy 30\n");
    show(client.post("/buy?count=30"));
    show(client.get("/look"));
    show(client.post("/add?n=5"));
    show(client.post("/add?n=50"));
    show(client.get("/search?q=pen"));
    show(client.get("/stock"));
    show(client.get("/admin/", {.headers = {{"x-token", "secret"}}}));

    std::printf("overridden\n");
    app.override<get_user>(test_user);
    show(client.get("/cart?as=bob"));
    app.clear_overrides();
    show(client.get("/cart"));
}
