// JSON bodies: read in one pass into structs, whose text and containers live in the request's arena.
#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "tour.hpp"

namespace tour {
namespace {

struct Address {
    std::string_view street;
    http::Member<std::string_view, http::Pattern<"^[0-9]{4}$">> zip;
};
BOOST_DESCRIBE_STRUCT(Address, (), (street, zip))

struct Line {
    http::Member<std::string_view, http::Alias<"productName">, http::MinLength<1>> product_name;
    http::Member<int, http::Ge<1>, http::Le<99>> count;
    http::Member<double, http::Gt<0>> price;
};
BOOST_DESCRIBE_STRUCT(Line, (), (product_name, count, price))

enum class Delivery { standard, express };
BOOST_DESCRIBE_ENUM(Delivery, standard, express)

struct Order {
    Address to;
    Delivery delivery = Delivery::standard;
    std::pmr::vector<Line> lines;
    std::span<const std::string_view> notes;
    std::pmr::map<std::string_view, std::int64_t> points;
    std::optional<Address> bill_to;
    bool gift = false;
};
BOOST_DESCRIBE_STRUCT(Order, (), (to, delivery, lines, notes, points, bill_to, gift))

/// Found by its argument, and asked when each member is good by itself.
std::optional<http::Invalid> validate(const Order& order) {
    if (order.lines.empty()) return http::Invalid{"an order has lines", "lines"};
    return std::nullopt;
}

http::Response place_order(http::Body<Order> order, alloc::Allocator arena) {
    double total = 0;
    for (const Line& line : order->lines) total += line.count * line.price;
    return http::Response::json(arena, {{"total", total}, {"order", *order}})
        .with_status(http::Status::created);
}

struct Cat {
    http::Literal<"cat"> kind;
    int lives = 9;
};
BOOST_DESCRIBE_STRUCT(Cat, (), (kind, lives))
struct Dog {
    http::Literal<"dog"> kind;
    bool good = true;
    static constexpr auto extra_members = http::ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Dog, (), (kind, good))

/// One of several structs: `kind` tells which.
http::Response put_pet(http::Body<std::variant<Cat, Dog>> pet, alloc::Allocator arena) {
    return http::Response::json(arena, *pet);
}

/// Several bodies are members of one: {"address":{...},"importance":3}.
http::Response move_house(http::Body<Address, "address"> address, http::Body<int, "importance"> importance,
                          alloc::Allocator arena) {
    return http::Response::json(arena, {{"zip", address->zip}, {"importance", importance}});
}

/// Anything.
http::Response mirror(http::Body<boost::json::value> any, alloc::Allocator arena) {
    return http::Response::json(arena, *any);
}

/// The bytes, whatever they are.
http::Response count_bytes(const http::Request& request, alloc::Allocator arena) {
    return http::Response::json(arena, {{"bytes", request.body().size()}});
}

}  // namespace

void add_bodies(http::App& app) {
    app.post("/orders", place_order, {.tags = {"bodies"}});
    app.put("/pet", put_pet, {.tags = {"bodies"}});
    app.patch("/house", move_house, {.tags = {"bodies"}});
    app.post("/mirror", mirror, {.tags = {"bodies"}});
    app.post("/bytes", count_bytes, {.tags = {"bodies"}});
}

}  // namespace tour
