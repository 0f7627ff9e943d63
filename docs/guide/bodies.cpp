// Bodies: the program of bodies.md.
#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <boost/json/value.hpp>

#include <cstdio>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

struct Item {
    std::string_view name;
    double price;
    bool in_stock = true;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))

http::Response create_item(http::Body<Item> item, alloc::Allocator arena) {
    return http::Response::json(arena, {{"name", item->name}, {"total", item->price * 1.2}});
}

struct Order {
    http::Member<std::string_view, http::MinLength<1>, http::Alias<"customerName">> customer;
    std::pmr::vector<Item> items;
    std::pmr::map<std::string_view, double> discounts;
    std::optional<std::string_view> note;
    static constexpr auto extra_members = http::ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Order, (), (customer, items, discounts, note))

std::optional<http::Invalid> validate(const Order& order) {
    if (order.items.empty()) return http::Invalid{"an order has an item", "items"};
    return std::nullopt;
}

http::Response create_order(http::Body<Order> order, alloc::Allocator arena) {
    return http::Response::json(arena, *order);
}

struct Card {
    http::Literal<"card"> kind;
    std::string_view number;
};
BOOST_DESCRIBE_STRUCT(Card, (), (kind, number))

struct Transfer {
    http::Literal<"transfer"> kind;
    std::string_view iban;
};
BOOST_DESCRIBE_STRUCT(Transfer, (), (kind, iban))

http::Response pay(http::Body<std::variant<Card, Transfer>> payment) {
    return http::Response::text(std::holds_alternative<Card>(*payment) ? "by card" : "by transfer");
}

http::Response buy(http::Body<Item, "item"> item, http::Body<int, "count"> count, alloc::Allocator arena) {
    return http::Response::json(arena, {{"name", item->name}, {"count", count}});
}

http::Response anything(http::Body<boost::json::value> value, alloc::Allocator arena) {
    return http::Response::json(arena, {{"you sent", *value}});
}

struct Login {
    std::string_view username;
    std::string_view password;
    bool remember = false;
};
BOOST_DESCRIBE_STRUCT(Login, (), (username, password, remember))

http::Response log_in(http::Form<Login> login, alloc::Allocator arena) {
    return http::Response::json(arena, {{"username", login->username}, {"remember", login->remember}});
}

http::Response echo(http::Request& request) { return http::Response::text(request.body()); }

int main() {
    alloc::GeneralPurposeAllocator gpa;
    http::App app{gpa.allocator(), {}};
    app.post("/items", create_item);
    app.post("/orders", create_order);
    app.post("/pay", pay);
    app.post("/buy", buy);
    app.post("/anything", anything);
    app.post("/login", log_in);
    app.post("/echo", echo);

    http::testing::TestClient client{app};
    const auto post = [&client](std::string_view url, std::string_view body) {
        const auto response =
            client.post(url, {.content = std::string{body}, .content_type = "application/json"});
        std::printf("%d %s\n", response.status(), response.text().c_str());
    };
    post("/items", R"({"name":"Pen","price":2.5,"color":"blue"})");
    post("/items", R"({"name":7})");
    post("/items", R"({"name":"Pen",})");
    post("/orders",
         R"({"customerName":"Ann","items":[{"name":"Pen","price":"2.5"}],"discounts":{"may":0.1}})");
    post("/orders", R"({"customerName":"","items":[{"name":"Pen"}],"discounts":{},"extra":1})");
    post("/orders", R"({"customerName":"Ann","items":[],"discounts":{}})");
    post("/pay", R"({"kind":"transfer","iban":"CH93"})");
    post("/pay", R"({"kind":"cash"})");
    post("/buy", R"({"item":{"name":"Pen","price":2.5},"count":3})");
    post("/buy", R"({"item":{"name":"Pen"}})");
    post("/anything", R"([1,{"a":null}])");
    post("/echo", "as it is");

    const auto form = client.post("/login", {.form = {{"username", "ann"}, {"password", "a b"}}});
    std::printf("%d %s\n", form.status(), form.text().c_str());
    const auto file = client.post("/items", {.content = "name=Pen", .content_type = "text/plain"});
    std::printf("%d %s\n", file.status(), file.text().c_str());
}
