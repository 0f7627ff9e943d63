// What a handler returns is held to the rules of its own type, as FastAPI holds it to the response model: a
// value that breaks one is a 500 that shows nothing (ResponseValidationError).
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <array>
#include <expected>
#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "in_process.hpp"

namespace shop {
namespace http = zigmund::http;

struct Plain {
    std::string_view name;
    double price;
};
BOOST_DESCRIBE_STRUCT(Plain, (), (name, price))

struct Item {
    http::Member<std::string_view, http::MinLength<1>, http::MaxLength<3>, http::Pattern<"^\\w+$">> name;
    http::Member<double, http::Gt<0>, http::Alias<"unitPrice">> price;
    http::Member<std::optional<int>, http::Le<10>, http::MultipleOf<2>> stock = std::nullopt;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, stock))

struct Order {
    http::Member<std::pmr::vector<Item>, http::MinLength<1>, http::MaxLength<2>> items;
    std::pmr::map<std::string_view, Item> by_name;
    std::optional<Item> gift;
};
BOOST_DESCRIBE_STRUCT(Order, (), (items, by_name, gift))

struct Span {
    int low;
    int high;
};
BOOST_DESCRIBE_STRUCT(Span, (), (low, high))
std::optional<http::Invalid> validate(const Span& span) {
    if (span.low < 0) return http::Invalid{"low is out of the world", "low"};
    if (span.low > span.high) return http::Invalid{"low is above high"};
    return std::nullopt;
}

struct Tree {
    http::Member<int, http::Ge<0>> depth;
    std::pmr::vector<Tree> children = {};
};
BOOST_DESCRIBE_STRUCT(Tree, (), (depth, children))

struct Single {
    http::Member<float, http::Le<0.1>, http::MultipleOf<0.1>> value;
};
BOOST_DESCRIBE_STRUCT(Single, (), (value))
}  // namespace shop

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;
using http::HttpError;
using http::Status;
using shop::Item;
using shop::Order;
using shop::Single;
using shop::Span;
using shop::Tree;

// Where there is nothing to check, there is no check.
static_assert(!http::detail::has_rules<shop::Plain>());
static_assert(!http::detail::has_rules<std::vector<std::map<std::string, shop::Plain>>>());
static_assert(!http::detail::has_rules<http::Member<int, http::Default<1>, http::Description<"x">>>());
static_assert(http::detail::has_rules<std::vector<std::optional<std::variant<int, Item>>>>());

constexpr std::string_view refused = "HTTP/1.1 500 Internal Server Error";

struct ResponseValidation : testing::Test {
    /// What is answered, and what is logged, where a handler returns what `make` makes.
    template <class Make>
    std::string log_of(Make make) {
        http::App app{alloc::heap(), {}};
        app.get("/", make);
        testing::internal::CaptureStderr();
        const test::Answer answer = test::get(app, "/");
        const std::string log = testing::internal::GetCapturedStderr();
        if (answer.line == "HTTP/1.1 200 OK") return answer.body;
        EXPECT_EQ(answer.line, refused);
        EXPECT_EQ(answer.field("content-type"), "text/plain; charset=utf-8");
        EXPECT_EQ(answer.body, "Internal Server Error");
        constexpr std::string_view before = "zigmund: GET /: unhandled exception: response";
        EXPECT_EQ(log.substr(0, before.size()), before);
        return log.substr(std::min(before.size(), log.size()));
    }
    static Item item(std::string_view name, double price, std::optional<int> stock = std::nullopt) {
        return {.name = name, .price = price, .stock = stock};
    }
};

TEST_F(ResponseValidation, AValueThatKeepsTheRulesIsSent) {
    EXPECT_EQ(log_of([] { return item("Pen", 2.5, 4); }), R"({"name":"Pen","unitPrice":2.5,"stock":4})");
    EXPECT_EQ(log_of([] { return Span{1, 1}; }), R"({"low":1,"high":1})");
    EXPECT_EQ(log_of([] {
                  Order order;
                  order.items.value().push_back(item("a", 1));
                  order.by_name["b"] = item("b", 1);
                  return order;
              }),
              R"({"items":[{"name":"a","unitPrice":1.0,"stock":null}],)"
              R"("by_name":{"b":{"name":"b","unitPrice":1.0,"stock":null}},"gift":null})");
}

TEST_F(ResponseValidation, OneThatBreaksAConstraintIsA500ThatShowsNothing) {
    EXPECT_EQ(log_of([] { return item("Pen", 0); }), ".unitPrice: Input should be greater than 0\n");
    EXPECT_EQ(log_of([] { return item("", 1); }), ".name: String should have at least 1 character\n");
    EXPECT_EQ(log_of([] { return item("Pens", 1); }), ".name: String should have at most 3 characters\n");
    EXPECT_EQ(log_of([] { return item("a b", 1); }), ".name: String should match pattern '^\\x5cw+$'\n");
    EXPECT_EQ(log_of([] { return item("Pen", 1, 12); }),
              ".stock: Input should be less than or equal to 10\n");
    EXPECT_EQ(log_of([] { return item("Pen", 1, 3); }), ".stock: Input should be a multiple of 2\n");
}

TEST_F(ResponseValidation, ItIsFoundWhereverItStands) {
    const auto order = [](auto change) {
        Order made;
        made.items.value().push_back(item("a", 1));
        change(made);
        return made;
    };
    EXPECT_EQ(log_of([&] { return order([](Order& o) { o.items.value().push_back(item("b", -1)); }); }),
              ".items.1.unitPrice: Input should be greater than 0\n");
    EXPECT_EQ(log_of([&] { return order([](Order& o) { o.items.value().clear(); }); }),
              ".items: List should have at least 1 item after validation, not 0\n");
    EXPECT_EQ(log_of([&] { return order([](Order& o) { o.items.value().resize(3, item("b", 1)); }); }),
              ".items: List should have at most 2 items after validation, not 3\n");
    EXPECT_EQ(log_of([&] { return order([](Order& o) { o.by_name["x"] = item("", 1); }); }),
              ".by_name.x.name: String should have at least 1 character\n");
    EXPECT_EQ(log_of([&] { return order([](Order& o) { o.gift = item("Pen", -1); }); }),
              ".gift.unitPrice: Input should be greater than 0\n");
    EXPECT_EQ(log_of([] { return std::array{item("Pen", 1), item("Pen", -1)}; }),
              ".1.unitPrice: Input should be greater than 0\n");
    EXPECT_EQ(log_of([]() -> std::expected<Item, HttpError> { return item("Pen", -1); }),
              ".unitPrice: Input should be greater than 0\n");
    EXPECT_EQ(log_of([](alloc::Allocator) -> http::Task<Item> { co_return item("Pen", -1); }),
              ".unitPrice: Input should be greater than 0\n");
    EXPECT_EQ(log_of([] { return std::variant<Span, Item>{item("Pen", -1)}; }),
              ".unitPrice: Input should be greater than 0\n");
}

TEST_F(ResponseValidation, ATreeIsLookedThroughToItsLeaves) {
    EXPECT_EQ(log_of([] {
                  Tree tree{.depth = 0};
                  tree.children.push_back({.depth = 1});
                  tree.children.push_back({.depth = -1});
                  return tree;
              }),
              ".children.1.depth: Input should be greater than or equal to 0\n");
}

TEST_F(ResponseValidation, AStructsOwnRuleIsAsked) {
    EXPECT_EQ(log_of([] { return Span{2, 1}; }), ": low is above high\n");
    EXPECT_EQ(log_of([] { return Span{-1, 1}; }), ".low: low is out of the world\n");
}

// What a request brings within the bounds is within them when it goes back, though the nearest float of 0.1 is
// more than 0.1.
TEST_F(ResponseValidation, AFloatIsTheNumberThatItsDigitsMean) {
    EXPECT_NE(log_of([] { return Single{0.1F}; }).find(R"({"value":0.1)"), std::string::npos);
    EXPECT_EQ(log_of([] { return Single{0.2F}; }), ".value: Input should be less than or equal to 0.1\n");
    EXPECT_EQ(log_of([] { return Single{0.05F}; }), ".value: Input should be a multiple of 0.1\n");
}

TEST_F(ResponseValidation, AResponseIsWhatItsMakerSays) {
    EXPECT_EQ(log_of([](alloc::Allocator arena) { return http::Response::json(arena, item("", -1)); }),
              R"({"name":"","unitPrice":-1.0,"stock":null})");
}

std::string outcome;
inject::Scoped<int> transaction(alloc::Allocator) {
    try {
        co_yield 1;
        outcome = "commit";
    } catch (const http::ResponseValidationError& error) {
        outcome = std::string{"rollback: "}.append(error.what());
        throw;
    }
}

TEST_F(ResponseValidation, DependenciesAndExceptionHandlersSeeIt) {
    http::App app{alloc::heap(), {}};
    app.on_exception<http::ResponseValidationError>(
        [] { return http::Response::text("sorry").with_status(Status::bad_gateway); });
    app.get("/", [](inject::Depends<transaction>) { return item("Pen", -1); });
    const test::Answer answer = test::get(app, "/");
    EXPECT_EQ(answer.line, "HTTP/1.1 502 Bad Gateway");
    EXPECT_EQ(answer.body, "sorry");
    EXPECT_EQ(outcome, "rollback: response.unitPrice: Input should be greater than 0");
}

}  // namespace
