// An application, and a body that it takes.
#pragma once

#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace app_fixture {

using namespace zigmund;
using namespace zigmund::http;

struct Address {
    std::string_view city;
    int zip = 3000;
};
BOOST_DESCRIBE_STRUCT(Address, (), (city, zip))

struct Item {
    std::string_view name;
    double price;
    bool in_stock = true;
    std::optional<std::string_view> note;
    std::span<const std::string_view> tags;
    std::optional<Address> home;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock, note, tags, home))

struct Flag {
    bool on;
};
BOOST_DESCRIBE_STRUCT(Flag, (), (on))

struct Whole {
    std::int64_t n;
};
BOOST_DESCRIBE_STRUCT(Whole, (), (n))

inline constexpr std::string_view unprocessable = "HTTP/1.1 422 Unprocessable Entity";

inline std::string detail(std::string_view errors) {
    return std::string{R"({"detail":[)"}.append(errors).append("]}");
}

inline Response echo_item(Body<Item> item, alloc::Allocator arena) { return Response::json(arena, item); }

class AppTest : public testing::Test {
  protected:
    App app{alloc::heap(), {.title = "Test", .version = "1"}};
};

}  // namespace app_fixture
