// A server for the tests of its documentation: of each kind of parameter, body and answer one, and an
// application that is mounted. Says on stdout where it listens; SIGTERM ends it.
#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>

#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;

enum class Size { small, large };
BOOST_DESCRIBE_ENUM(Size, small, large)

struct Item {
    http::Member<std::string_view, http::MinLength<1>, http::MaxLength<20>, http::Pattern<"^[A-Z]">,
                 http::Description<"As on the label">, http::Example<"Pen">>
        name;
    http::Member<double, http::Gt<0>, http::Example<2.5>> price;
    http::Member<std::uint8_t, http::Default<1>, http::Ge<1>> count;
    std::optional<Size> size;
    std::span<const std::string_view> tags;
    static constexpr auto extra_members = http::ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, count, size, tags))

struct Circle {
    http::Literal<"circle"> kind;
    double radius;
};
BOOST_DESCRIBE_STRUCT(Circle, (), (kind, radius))
struct Square {
    http::Literal<"square"> kind;
    double side;
};
BOOST_DESCRIBE_STRUCT(Square, (), (kind, side))

struct Drawing {
    std::variant<Circle, Square> shape;
    std::pmr::map<std::string_view, int> marks;
    std::pmr::vector<Drawing> layers;
    std::optional<http::Timestamp> made;
    boost::json::value anything;
};
BOOST_DESCRIBE_STRUCT(Drawing, (), (shape, marks, layers, made, anything))

struct Problem {
    std::string_view message;
};
BOOST_DESCRIBE_STRUCT(Problem, (), (message))

struct Filters {
    int limit = 100;
    http::Member<std::span<const std::string_view>, http::Description<"All of them">> tags;
};
BOOST_DESCRIBE_STRUCT(Filters, (), (limit, tags))

struct Login {
    std::string_view username;
    std::string_view password;
};
BOOST_DESCRIBE_STRUCT(Login, (), (username, password))

std::string_view get_token(http::Header<std::string_view, "x_token"> token) { return token; }

Item create_item(http::Body<Item> item) { return *item; }
Drawing draw(http::Body<Drawing> drawing) { return *drawing; }
Item update_item(http::Path<std::uint32_t, "item_id">, http::Body<Item, "item"> item,
                 http::Body<std::optional<int>, "importance">) {
    return *item;
}
http::Response find_items(http::Query<Filters>, http::Query<Size, "size", http::Default<Size::small>>,
                          http::Cookie<std::optional<http::Uuid>, "session">, inject::Depends<get_token>,
                          alloc::Allocator arena) {
    return http::Response::json(arena, nullptr);
}
void log_in(http::Form<Login>) {}
http::Response send(http::File<"report"> report, alloc::Allocator arena) {
    return http::Response::json(arena, {{"name", report->filename()}, {"size", report->size()}});
}
http::Response hello() { return http::Response::text("Hello from below"); }

int main() {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    http::App below{gpa.allocator(), {.title = "Below"}};
    below.get<hello>("/hello");

    http::App app{gpa.allocator(),
                  {.title = "Shop </title><script>bad()</script>",
                   .version = "1.0.0",
                   .description = "Sells *things*."}};
    app.post<create_item>("/items",
                          {.tags = {"items"},
                           .description = "Puts an item **on the shelf**.",
                           .status = http::Status::created,
                           .responses = {{http::Status::conflict, "It is there", http::schema<Problem>}}});
    app.put<update_item>("/items/{item_id}", {.tags = {"items"}});
    app.get<find_items>("/items", {.tags = {"items"}, .deprecated = true});
    app.post<draw>("/drawings");
    app.post<log_in>("/login");
    app.post<send>("/send");
    app.mount("/below", below);
    return app.serve({.port = 0, .workers = 1});
}
