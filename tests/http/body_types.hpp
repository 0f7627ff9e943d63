// The types of the bodies that tests send.
#pragma once

#include <zigmund/http.hpp>

#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace bodies {

using namespace zigmund;
using namespace zigmund::http;

struct Item {
    std::string_view name;
    double price;
    bool in_stock = true;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))

struct User {
    std::string_view username;
    std::optional<std::string_view> full_name;
};
BOOST_DESCRIBE_STRUCT(User, (), (username, full_name))

struct Strict {
    int a;
    std::optional<Item> item;
    static constexpr auto extra_members = ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Strict, (), (a, item))

struct Shelf {
    std::pmr::string label;
    std::string_view place;
    std::pmr::vector<Item> items;
    std::pmr::map<std::string_view, std::pmr::vector<int>> counts;
    std::optional<std::pmr::string> note;
    int level = 1;
};
BOOST_DESCRIBE_STRUCT(Shelf, (), (label, place, items, counts, note, level))

struct Cat {
    Literal<"cat", "kitten"> kind;
    int lives;
    static constexpr auto extra_members = ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Cat, (), (kind, lives))

struct Dog {
    std::string_view name;
    Literal<"dog"> kind;
};
BOOST_DESCRIBE_STRUCT(Dog, (), (name, kind))

struct Home {
    std::variant<Cat, Dog> pet;
    std::optional<std::variant<Cat, Dog>> other;
    std::span<const std::variant<Cat, Dog>> more;
};
BOOST_DESCRIBE_STRUCT(Home, (), (pet, other, more))

struct Priced {
    Member<std::string_view, MinLength<2>, MaxLength<4>, Description<"As on the label">> name;
    Member<double, Gt<0>, Le<10>> price;
    Member<int, Alias<"inStock">, Default<3>> in_stock;
    Member<std::optional<std::int8_t>, Ge<1>> rank;
    Member<std::span<const int>, MaxLength<2>> tags;
    Member<float, MultipleOf<0.5>> step = 1.5F;
    int plain = 4;
};
BOOST_DESCRIBE_STRUCT(Priced, (), (name, price, in_stock, rank, tags, step, plain))

enum class Color { red, green };
BOOST_DESCRIBE_ENUM(Color, red, green)

struct Event {
    Color color = Color::green;
    std::optional<Uuid> id;
    Timestamp at;
};
BOOST_DESCRIBE_STRUCT(Event, (), (color, id, at))

}  // namespace bodies
