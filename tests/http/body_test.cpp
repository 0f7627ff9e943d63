// Bodies: what a type takes, what is said of the rest, and that the fast way and the thorough one agree.
#include <zigmund/alloc/forbid_default_resource.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/http.hpp>

#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory_resource>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "in_process.hpp"
#include "json_reader.hpp"
#include "written.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using test::post;

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

struct Range {
    int low = 0;
    int high;
};
BOOST_DESCRIBE_STRUCT(Range, (), (low, high))

std::optional<Invalid> validate(const Range& range) {
    if (range.low > 100) return Invalid{"low is out of the world", "low"};
    if (range.low > range.high) return Invalid{"low is above high"};
    return std::nullopt;
}

struct Inner {
    int id;
    std::optional<int> more;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (id, more))

struct Outer {
    Inner given{7, std::nullopt};
    Inner asked;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (given, asked))

struct Deep {
    Outer outer{{1, 2}, {3, 4}};
};
BOOST_DESCRIBE_STRUCT(Deep, (), (outer))

struct Lists {
    Member<std::pmr::vector<int>, MinLength<2>> some;
    Member<std::pmr::vector<int>, MaxLength<2>> few;
};
BOOST_DESCRIBE_STRUCT(Lists, (), (some, few))

struct Ranges {
    std::span<const Range> ranges;
};
BOOST_DESCRIBE_STRUCT(Ranges, (), (ranges))

struct Anything {
    boost::json::value value;
    std::optional<double> number;
};
BOOST_DESCRIBE_STRUCT(Anything, (), (value, number))

struct Everything {
    std::uint8_t small;
    std::int64_t large = -7;
    float single = 0.5F;
    double real = 2;
    bool truth = false;
    std::string_view text = "none";
    std::optional<std::int16_t> maybe;
    std::span<const double> reals;
    std::span<const std::span<const std::string_view>> words;
    std::optional<Item> item;
    std::variant<Cat, Dog> pet;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (small, large, single, real, truth, text, maybe, reals, words, item, pet))

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

struct Drawer {
    std::pmr::vector<Priced> items;
    Member<int> level;
    Member<std::pmr::string, MinLength<2>> label;
    std::optional<Member<int, Ge<0>>> depth;
};
BOOST_DESCRIBE_STRUCT(Drawer, (), (items, level, label, depth))

enum class Color { red, green };
BOOST_DESCRIBE_ENUM(Color, red, green)

struct Event {
    Color color = Color::green;
    std::optional<Uuid> id;
    Timestamp at;
};
BOOST_DESCRIBE_STRUCT(Event, (), (color, id, at))

// ---- both ways --------------------------------------------------------------------------------------------

/// As the fast way reads it; "-": it gives up.
template <class T>
std::string scanned(std::string_view text) {
    alloc::Arena arena;
    std::optional<T> value{std::in_place};
    detail::adopt(*value, arena.allocator());
    JsonCursor in{text, arena.allocator()};
    if (!detail::scan(in, *value) || !in.at_end()) return "-";
    return test::written(*value);
}

/// As the thorough way reads it; "-": it is refused.
template <class T>
std::string looked_up(std::string_view text) {
    alloc::Arena arena;
    const auto document = read_json(text, arena.allocator());
    if (!document) return "-";
    std::optional<T> value{std::in_place};
    detail::adopt(*value, arena.allocator());
    ValidationErrors errors{arena.allocator()};
    detail::DocumentBinder{arena.allocator(), errors}.bind(detail::JsonInput{**document}, *value,
                                                           Location{nullptr, std::string_view{"body"}});
    return errors.empty() ? test::written(*value) : "-";
}

/// What both ways make of it.
template <class T>
std::string read(std::string_view text) {
    const std::string fast = scanned<T>(text);
    EXPECT_EQ(fast, looked_up<T>(text)) << text;
    return fast;
}

/// What the thorough way makes of a text on which the fast way gives up.
template <class T>
std::string read_slowly(std::string_view text) {
    EXPECT_EQ(scanned<T>(text), "-") << text;
    return looked_up<T>(text);
}

TEST(BodyRead, MembersComeInAnyOrderAmongOthers) {
    EXPECT_EQ(read<Item>(R"({"name":"Pen","price":2.5,"in_stock":false})"),
              R"({"name":"Pen","price":2.5,"in_stock":false})");
    EXPECT_EQ(read<Item>(R"({"in_stock":false,"price":2.5,"name":"Pen"})"),
              R"({"name":"Pen","price":2.5,"in_stock":false})");
    EXPECT_EQ(read<Item>("\n{ \"price\" :\t2 ,\r\n\"name\" : \"Pen\" }\n "),
              R"({"name":"Pen","price":2.0,"in_stock":true})");
    EXPECT_EQ(read<Item>(R"({"x":{"y":[1,{"z":null},"\u00e9\"",true,-1.5e3,[],{}]},"name":"a","prices":1,)"
                         R"("price":1,"names":"","nam":false,"":0})"),
              R"({"name":"a","price":1.0,"in_stock":true})");
}

TEST(BodyRead, ANameMayBeEscaped) {
    EXPECT_EQ(read<Item>(R"({"\u006eame":"a","pr\u0069ce":1})"),
              R"({"name":"a","price":1.0,"in_stock":true})");
    EXPECT_EQ(read<Item>(R"({"name":"a","price":1,"in\u005fstock":false})"),
              R"({"name":"a","price":1.0,"in_stock":false})");
}

TEST(BodyRead, OfMembersOfTheSameNameTheLastCounts) {
    EXPECT_EQ(read_slowly<Item>(R"({"name":"a","price":1,"name":"b"})"),
              R"({"name":"b","price":1.0,"in_stock":true})");
    EXPECT_EQ(read_slowly<Strict>(R"({"a":1,"item":{"name":"a","price":1,"in_stock":false},)"
                                  R"("item":{"name":"b","price":2}})"),
              R"({"a":1,"item":{"name":"b","price":2.0,"in_stock":true}})");
    EXPECT_EQ(read_slowly<Item>(R"({"name":1,"name":"b","price":1})"),
              R"({"name":"b","price":1.0,"in_stock":true})");
}

TEST(BodyRead, EveryEscapeIsUndone) {
    const auto text = [](std::string_view quoted) {
        const std::string body = std::string{R"({"username":")"}.append(quoted).append("\"}");
        alloc::Arena arena;
        User user{};
        JsonCursor in{body, arena.allocator()};
        if (!detail::scan(in, user)) return std::string{"refused"};
        EXPECT_NE(looked_up<User>(body), "-");
        return std::string{user.username};
    };
    EXPECT_EQ(text(""), "");
    EXPECT_EQ(text(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
    EXPECT_EQ(text(R"(\u0041\u00e9\u65E5\ud83d\uDE00)"), "Aé日😀");
    EXPECT_EQ(text(R"(a\u0000b)"), std::string("a\0b", 3));
    EXPECT_EQ(text("é日😀\x7f"), "é日😀\x7f");
    EXPECT_EQ(text(R"(12345678\n12345678\n\n1234567890)"), "12345678\n12345678\n\n1234567890");
    for (const std::string_view bad :
         {R"(\)", R"(\x)", R"(\u12)", R"(\u12G4)", R"(\ud800)", R"(\udc00)", R"(\ud800\u0041)", R"(\ud800x)",
          "a\nb", "a\tb", "\x01", "\xff", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82",
          "1234567\x80"})
        EXPECT_EQ(text(bad), "refused") << bad;
}

TEST(BodyRead, TextWithoutEscapesIsAViewIntoTheBody) {
    const std::string body = R"({"username":"\u0041da","full_name":"Ada Lovelace"})";
    alloc::Arena arena;
    User user{};
    JsonCursor in{body, arena.allocator()};
    ASSERT_TRUE(detail::scan(in, user));
    EXPECT_EQ(user.username, "Ada");
    EXPECT_EQ(user.full_name->data(), body.data() + body.find("Ada L"));
}

TEST(BodyRead, LongTextIsReadAtEveryLength) {
    for (std::size_t size = 0; size < 40; ++size) {
        std::string text;
        for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 26);
        EXPECT_EQ(read<User>(R"({"username":")" + text + "\"}"),
                  R"({"username":")" + text + R"(","full_name":null})");
        EXPECT_EQ(read<User>(R"({"username":")" + text + R"(\n)" + text + "é\"}"),
                  R"({"username":")" + text + R"(\n)" + text + R"(é","full_name":null})");
        EXPECT_EQ(read<User>(R"({"username":")" + text + '\x1f' + text + "\"}"), "-");
        EXPECT_EQ(read<User>(R"({"username":")" + text), "-");
    }
    const std::string megabyte(1 << 20, 'x');
    EXPECT_EQ(read<User>(R"({"username":")" + megabyte + "\"}"),
              R"({"username":")" + megabyte + R"(","full_name":null})");
}

TEST(BodyRead, EveryDoubleIsTheNearestOne) {
    struct One {
        double x;
    };
    std::mt19937_64 random{23};
    std::uniform_int_distribution<int> exponent{-340, 308};
    std::uniform_int_distribution<int> digits{1, 25};
    alloc::Arena arena;
    for (int i = 0; i < 60000; ++i) {
        std::string text;
        if (i % 3 == 0) {
            const double value = std::bit_cast<double>(random());
            if (!std::isfinite(value)) continue;
            char buffer[40];
            std::snprintf(buffer, sizeof buffer, "%.17g", value);
            text = buffer;
        } else {
            if (i % 2 == 0) text = "-";
            text += std::to_string(random()).substr(0, static_cast<std::size_t>(digits(random)));
            text += "." + std::to_string(random()).substr(0, static_cast<std::size_t>(digits(random)));
            if (i % 5 == 0) text += "e" + std::to_string(exponent(random));
        }
        const double expected = std::strtod(text.c_str(), nullptr);
        double value = 0;
        JsonCursor in{text, arena.allocator()};
        if (!in.number(value)) {
            // Left to others: beyond what a double holds, or so small that zero is near.
            ASSERT_TRUE(std::isinf(expected) || std::abs(expected) < 1e-300) << text;
            continue;
        }
        ASSERT_EQ(std::bit_cast<std::uint64_t>(value), std::bit_cast<std::uint64_t>(expected)) << text;
        ASSERT_TRUE(in.at_end()) << text;
    }
}

TEST(BodyRead, NumbersFitTheirTypes) {
    const auto with = [](std::string_view member) {
        return std::string{R"({"small":1,"pet":{"kind":"dog","name":"Rex"},)"}.append(member).append("}");
    };
    const auto ends = [](std::string_view member) {
        return std::string{R"({"small":1,"large":)"}.append(member).append(
            R"(,"single":0.5,"real":2.0,"truth":false,"text":"none","maybe":null,"reals":[],"words":[],)"
            R"("item":null,"pet":{"name":"Rex","kind":"dog"}})");
    };
    EXPECT_EQ(read<Everything>(with(R"("large":9223372036854775807)")), ends("9223372036854775807"));
    EXPECT_EQ(read<Everything>(with(R"("large":-9223372036854775808)")), ends("-9223372036854775808"));
    EXPECT_EQ(read<Everything>(with(R"("large":-0)")), ends("0"));
    EXPECT_EQ(read<Everything>(with(R"("large":"12")")), ends("12"));
    EXPECT_EQ(read_slowly<Everything>(with(R"("large":5.0)")), ends("5"));
    EXPECT_EQ(read_slowly<Everything>(with(R"("large":true)")), ends("1"));
    for (const std::string_view bad : {"9223372036854775808", "-9223372036854775809", "5.5", "1e30", "null",
                                       "[]", "01", "1.", ".5", "-", "+1", "0x1", "1e", "NaN", "\"x\""})
        EXPECT_EQ(read<Everything>(with(std::string{R"("large":)"}.append(bad))), "-") << bad;
    EXPECT_EQ(read<Everything>(with(R"("large":-9.223372036854775808e18)")), "-");
    for (const std::string_view bad : {"256", "-1", "99999999999999999999", "1e400"})
        EXPECT_EQ(read<Everything>(with(std::string{R"("maybe":1,"small":)"}.append(bad))), "-") << bad;
    for (const std::string_view bad : {"1e39", "-1e39", "1e400"})
        EXPECT_EQ(read<Everything>(with(std::string{R"("single":)"}.append(bad))), "-") << bad;
}

TEST(BodyRead, ContainersHoldWhatTheBodyHas) {
    EXPECT_EQ(
        read<Everything>(R"({"small":3,"reals":[1,2.5,-0.0,-0],"words":[["a","b"],[],["\n"]],"maybe":-5,)"
                         R"("item":{"price":1,"name":"Pen"},"pet":{"lives":9,"kind":"kitten"}})"),
        R"({"small":3,"large":-7,"single":0.5,"real":2.0,"truth":false,"text":"none","maybe":-5,)"
        R"("reals":[1.0,2.5,-0.0,0.0],"words":[["a","b"],[],["\n"]],)"
        R"("item":{"name":"Pen","price":1.0,"in_stock":true},"pet":{"kind":"kitten","lives":9}})");
    EXPECT_EQ(read<Shelf>(R"({"label":"\u0041","place":"left","items":[{"name":"a","price":1}],)"
                          R"("counts":{"z":[1,2],"a":[],"\n":[3]},"note":"x","level":4,"extra":[]})"),
              R"({"label":"A","place":"left","items":[{"name":"a","price":1.0,"in_stock":true}],)"
              R"("counts":{"\n":[3],"a":[],"z":[1,2]},"note":"x","level":4})");
    EXPECT_EQ(read<Shelf>(R"({"label":"a","place":""})"),
              R"({"label":"a","place":"","items":[],"counts":{},"note":null,"level":1})");
    EXPECT_EQ(read<Shelf>(R"({"label":"a"})"), "-");
    EXPECT_EQ(read<Shelf>(R"({"place":"a"})"), "-");
    EXPECT_EQ(read_slowly<Shelf>(R"({"label":"a","place":"b","counts":{"x":[1],"x":[2]}})"),
              R"({"label":"a","place":"b","items":[],"counts":{"x":[2]},"note":null,"level":1})");
    std::string many = "[0";
    for (int i = 1; i < 5000; ++i) many += "," + std::to_string(i);
    EXPECT_EQ(read<std::span<const int>>(many + "]"), many + "]");
    EXPECT_EQ(read<std::pmr::vector<int>>(many + "]"), many + "]");
    EXPECT_EQ(read<std::span<const int>>("[1,]"), "-");
    EXPECT_EQ(read<std::span<const int>>("[,1]"), "-");
    EXPECT_EQ(read<std::span<const int>>("[1 2]"), "-");
    EXPECT_EQ(read<std::span<const int>>("[1}"), "-");
    EXPECT_EQ(read<std::span<const int>>("[1]]"), "-");
}

TEST(BodyRead, AVariantIsWhatItsTagSays) {
    EXPECT_EQ(read<Home>(R"({"pet":{"kind":"cat","lives":9},"other":{"name":"Rex","kind":"dog"},)"
                         R"("more":[{"name":{"x":1}.5}]})"),
              "-");
    EXPECT_EQ(read<Home>(R"({"pet":{"lives":9,"kind":"cat"},"other":{"name":"Rex","kind":"dog"},)"
                         R"("more":[{"k":[],"kind":"\u0064og","name":"Bo"},{"kind":"kitten","lives":1}]})"),
              R"({"pet":{"kind":"cat","lives":9},"other":{"name":"Rex","kind":"dog"},)"
              R"("more":[{"name":"Bo","kind":"dog"},{"kind":"kitten","lives":1}]})");
    EXPECT_EQ(read<Home>(R"({"pet":{"kind":"cat","lives":9},"other":null})"),
              R"({"pet":{"kind":"cat","lives":9},"other":null,"more":[]})");
    for (const std::string_view bad : {R"({})", R"({"kind":"bird"})", R"({"kind":1})", R"([])", R"("cat")",
                                       R"({"kind":"cat"})", R"({"kind":"cat","lives":1,"name":"x"})", "null"})
        EXPECT_EQ(read<Home>(std::string{R"({"pet":)"}.append(bad).append("}")), "-") << bad;
    EXPECT_EQ(read_slowly<Home>(R"({"pet":{"kind":"dog","name":"a","kind":"cat","lives":2}})"), "-");
    EXPECT_EQ(read_slowly<Home>(R"({"pet":{"kind":"cat","name":"a","kind":"dog","lives":2}})"),
              R"({"pet":{"name":"a","kind":"dog"},"other":null,"more":[]})");
}

TEST(BodyRead, MembersHaveConstraintsAliasesAndDefaults) {
    EXPECT_EQ(read<Priced>(R"({"name":"Pen","price":10})"),
              R"({"name":"Pen","price":10.0,"inStock":3,"rank":null,"tags":[],"step":1.5,"plain":4})");
    EXPECT_EQ(read<Priced>(
                  R"({"price":"0.5","name":"éé","rank":1,"tags":[1,2],"step":-1,"inStock":0,"in_stock":9})"),
              R"({"name":"éé","price":0.5,"inStock":0,"rank":1,"tags":[1,2],"step":-1.0,"plain":4})");
    EXPECT_EQ(
        read<Drawer>(R"({"level":0,"label":"ab","items":[{"name":"Pen","price":1}],"depth":2})"),
        R"({"items":[{"name":"Pen","price":1.0,"inStock":3,"rank":null,"tags":[],"step":1.5,"plain":4}],)"
        R"("level":0,"label":"ab","depth":2})");
    for (const std::string_view bad :
         {R"("name":"P","price":1)", R"("name":"Pencil","price":1)", R"("name":"Pen","price":0)",
          R"("name":"Pen","price":"0")", R"("name":"Pen","price":10.5)", R"("name":"Pen")", R"("price":1)",
          R"("name":"Pen","price":1,"rank":0)", R"("name":"Pen","price":1,"rank":128)",
          R"("name":"Pen","price":1,"tags":[1,2,3])", R"("name":"Pen","price":1,"step":0.75)"})
        EXPECT_EQ(read<Priced>(std::string{"{"}.append(bad).append("}")), "-") << bad;
    for (const std::string_view bad : {R"("label":"ab")", R"("level":1)", R"("level":1,"label":"a")",
                                       R"("level":1,"label":"ab","depth":-1)"})
        EXPECT_EQ(read<Drawer>(std::string{"{"}.append(bad).append("}")), "-") << bad;
}

TEST(BodyRead, EnumsUuidsAndTimesAreTextInJson) {
    EXPECT_EQ(read<Event>(
                  R"({"color":"red","id":"12345678-1234-5678-1234-567812345678","at":"2026-11-22T21:00Z"})"),
              R"({"color":"red","id":"12345678-1234-5678-1234-567812345678","at":"2026-11-22T21:00:00Z"})");
    EXPECT_EQ(read_slowly<Event>(R"({"at":1})"),
              R"({"color":"green","id":null,"at":"1970-01-01T00:00:01Z"})");
    EXPECT_EQ(read_slowly<Event>(R"({"at":-1.5})"),
              R"({"color":"green","id":null,"at":"1969-12-31T23:59:58.500000Z"})");
    for (const std::string_view bad :
         {R"("color":"blue")", R"("color":1)", R"("id":7)", R"("id":"x")", R"("x":1)"})
        EXPECT_EQ(read<Event>(std::string{R"({"at":"2026-11-22",)"}.append(bad).append("}")),
                  bad == R"("x":1)" ? R"({"color":"green","id":null,"at":"2026-11-22T00:00:00Z"})" : "-")
            << bad;
    for (const std::string_view bad : {"true", "null", "[]", "\"x\"", "1e300"})
        EXPECT_EQ(read<Event>(std::string{R"({"at":)"}.append(bad).append("}")), "-") << bad;
}

TEST(BodyRead, ABoostJsonValueIsAnything) {
    EXPECT_EQ(read<Anything>(R"({"value":{"a":[1,"\n",{"b":null}]},"number":1})"),
              R"({"value":{"a":[1,"\n",{"b":null}]},"number":1.0})");
    EXPECT_EQ(read<Anything>("{}"), R"({"value":null,"number":null})");
    EXPECT_EQ(read<boost::json::value>(" [1, 2.50] "), "[1,2.5]");
    EXPECT_EQ(read<boost::json::value>("[1, 2.50]]"), "-");
    EXPECT_EQ(read<boost::json::value>(""), "-");
}

TEST(BodyRead, NestingIsLimitedTo64Levels) {
    const auto nested = [](std::size_t depth) {
        return R"({"value":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    EXPECT_NE(read<Anything>(nested(63)), "-");
    EXPECT_EQ(read<Anything>(nested(64)), "-");
    EXPECT_EQ(read<Anything>(R"({"x":)" + std::string(63, '[') + std::string(63, ']') + R"(,"number":1})"),
              R"({"value":null,"number":1.0})");
    EXPECT_EQ(read<Anything>(R"({"x":)" + std::string(64, '[') + std::string(64, ']') + "}"), "-");
    EXPECT_EQ(read<Anything>(R"({"x":)" + std::string(1 << 20, '[')), "-");
}

TEST(BodyRead, AnObjectHasAtMost1024Members) {
    const auto object = [](std::size_t members) {
        std::string text = R"({"number":1)";
        for (std::size_t i = 1; i < members; ++i) text += ",\"m" + std::to_string(i) + "\":0";
        return text + "}";
    };
    EXPECT_EQ(looked_up<Anything>(object(1024)), R"({"value":null,"number":1.0})");
    EXPECT_EQ(scanned<Anything>(object(1000)), R"({"value":null,"number":1.0})");
    EXPECT_EQ(read<Anything>(object(1025)), "-");
    EXPECT_EQ(read<Anything>(R"({"x":)" + object(1025) + "}"), "-");
    using Map = std::pmr::map<std::string_view, int>;
    EXPECT_EQ(read<Map>(object(1025)), "-");
    EXPECT_NE(read<Map>(object(1024)), "-");
}

TEST(BodyRead, AnyTextAtAllIsReadAlikeBothWays) {
    // Good bodies with a byte changed, left out or put in: where the fast way takes one, so does the other.
    const std::string good =
        R"({"small":3,"large":-1,"single":1.5,"reals":[1,2e2],"words":[["a\n","é"],[]],"maybe":-5,"truth":true,)"
        R"("item":{"price":1.25,"name":"\ud83d\ude00"},"x":[{"y":-0.5}],"pet":{"lives":9,"kind":"cat"}})";
    std::mt19937 random{5};
    std::uniform_int_distribution<std::size_t> place{0, good.size() - 1};
    const std::string_view bytes = "{}[]\",:\\ue0-.19tfn \n\x80\xc3\xa9 x";
    std::uniform_int_distribution<std::size_t> byte{0, bytes.size() - 1};
    int taken = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text = good;
        for (int edits = i % 3; edits >= 0; --edits) {
            const std::size_t at = place(random) % text.size();
            if (i % 4 == 0) {
                text.erase(at, 1);
            } else if (i % 4 == 1) {
                text.insert(at, 1, bytes[byte(random)]);
            } else {
                text[at] = bytes[byte(random)];
            }
        }
        const std::string fast = scanned<Everything>(text);
        if (fast == "-") continue;
        ++taken;
        ASSERT_EQ(fast, looked_up<Everything>(text)) << text;
    }
    EXPECT_GT(taken, 1000);
}

TEST(BodyRead, MemoryIsTheArenasAlone) {
    alloc::testing::CheckedUpstream upstream;
    {
        const alloc::ForbidDefaultResource forbidden;
        alloc::Arena arena{upstream};
        std::optional<Shelf> shelf{std::in_place};
        detail::adopt(*shelf, arena.allocator());
        JsonCursor in{R"({"label":"a text that is longer than any small buffer would be","place":"b",)"
                      R"("items":[{"name":"a","price":1},{"name":"b","price":1},{"name":"c","price":1}],)"
                      R"("counts":{"x":[1,2,3]},"note":"another text that is longer than a small buffer"})",
                      arena.allocator()};
        ASSERT_TRUE(detail::scan(in, *shelf));
        const Shelf moved = *std::move(shelf);
        EXPECT_EQ(moved.items.size(), 3U);
        EXPECT_EQ(moved.counts.at("x").get_allocator().resource(), &arena);
    }
    EXPECT_EQ(upstream.live_blocks(), 0U);
    EXPECT_EQ(upstream.violations(), std::vector<std::string>{});
}

// ---- what is answered -------------------------------------------------------------------------------------

std::string detail_of(std::string_view errors) {
    return std::string{R"({"detail":[)"}.append(errors).append("]}");
}

class BodyAnswer : public testing::Test {
  protected:
    template <class T>
    std::string answer(std::string_view body, std::string_view content_type = "application/json") {
        App app{alloc::heap(), {}};
        app.post("/", [](Body<T> value, alloc::Allocator arena) { return Response::json(arena, value); });
        return post(app, "/", body, content_type).body;
    }
};

TEST_F(BodyAnswer, ExtraMembersAreForbiddenByChoice) {
    EXPECT_EQ(answer<Strict>(R"({"a":1,"item":{"name":"a","price":1,"x":2}})"),
              R"({"a":1,"item":{"name":"a","price":1.0,"in_stock":true}})");
    EXPECT_EQ(
        answer<Strict>(R"({"b":[1],"a":"x","c":"d"})"),
        detail_of(
            R"({"type":"int_parsing","loc":["body","a"],"msg":"Input should be a valid integer, unable to parse )"
            R"(string as an integer","input":"x"},)"
            R"({"type":"extra_forbidden","loc":["body","b"],"msg":"Extra inputs are not permitted","input":[1]},)"
            R"({"type":"extra_forbidden","loc":["body","c"],"msg":"Extra inputs are not permitted","input":"d"})"));
}

TEST_F(BodyAnswer, AConstraintThatIsBrokenIsSaidUnderTheAlias) {
    EXPECT_EQ(
        answer<Priced>(R"({"name":"P","price":0,"inStock":"x","rank":200,"tags":[1,2,3],"step":0.75})"),
        detail_of(
            R"({"type":"string_too_short","loc":["body","name"],"msg":"String should have at least 2 characters",)"
            R"("input":"P","ctx":{"min_length":2}},)"
            R"({"type":"greater_than","loc":["body","price"],"msg":"Input should be greater than 0","input":0,)"
            R"("ctx":{"gt":0.0}},)"
            R"({"type":"int_parsing","loc":["body","inStock"],"msg":"Input should be a valid integer, unable to )"
            R"(parse string as an integer","input":"x"},)"
            R"({"type":"less_than_equal","loc":["body","rank"],"msg":"Input should be less than or equal to 127",)"
            R"("input":200,"ctx":{"le":127}},)"
            R"({"type":"too_long","loc":["body","tags"],"msg":"List should have at most 2 items after validation, )"
            R"(not 3","input":[1,2,3],"ctx":{"field_type":"List","max_length":2,"actual_length":3}},)"
            R"({"type":"multiple_of","loc":["body","step"],"msg":"Input should be a multiple of 0.5","input":0.75,)"
            R"("ctx":{"multiple_of":0.5}})"));
}

TEST_F(BodyAnswer, WhatIsNoEnumeratorUuidOrTimeIsSaid) {
    EXPECT_EQ(
        answer<Event>(R"({"color":1,"id":7,"at":null})"),
        detail_of(
            R"({"type":"enum","loc":["body","color"],"msg":"Input should be 'red' or 'green'","input":1,)"
            R"("ctx":{"expected":"'red' or 'green'"}},)"
            R"({"type":"uuid_type","loc":["body","id"],"msg":"UUID input should be a string, bytes or UUID )"
            R"(object","input":7},)"
            R"({"type":"datetime_type","loc":["body","at"],"msg":"Input should be a valid datetime",)"
            R"("input":null})"));
}

TEST_F(BodyAnswer, ANumberThatIsNoTimeIsSaidOfATime) {
    const auto refused = [](std::string_view why, std::string_view input) {
        return detail_of(std::string{
            R"({"type":"datetime_parsing","loc":["body"],"msg":"Input should be a valid datetime, )"}
                             .append(why)
                             .append(R"(","input":)")
                             .append(input)
                             .append(R"(,"ctx":{"error":")")
                             .append(why)
                             .append("\"}}"));
    };
    EXPECT_EQ(answer<Timestamp>("1732309200123.45"), R"("2024-11-22T21:00:00.123450Z")");
    EXPECT_EQ(answer<Timestamp>("1e20"),
              refused("dates after 9999 are not supported as unix timestamps", "1e+20"));
    EXPECT_EQ(answer<Timestamp>("253402300800000"),
              refused("dates after 9999 are not supported as unix timestamps", "253402300800000"));
    EXPECT_EQ(answer<Timestamp>("-62167219200001"),
              refused("dates before 0000 are not supported as unix timestamps", "-62167219200001"));
    EXPECT_EQ(answer<Timestamp>("-62135596800001"), refused("year 0 is out of range", "-62135596800001"));
}

TEST_F(BodyAnswer, AVariantsErrorsNameTheTag) {
    EXPECT_EQ(
        answer<Home>(
            R"({"pet":{"kind":"cat","lives":"x"},"other":{},"more":[{"kind":"bird"},{"kind":5},3]})"),
        detail_of(
            R"({"type":"int_parsing","loc":["body","pet","cat","lives"],"msg":"Input should be a valid integer, )"
            R"(unable to parse string as an integer","input":"x"},)"
            R"({"type":"union_tag_not_found","loc":["body","other"],"msg":"Unable to extract tag using )"
            R"(discriminator 'kind'","input":{},"ctx":{"discriminator":"'kind'"}},)"
            R"({"type":"union_tag_invalid","loc":["body","more",0],"msg":"Input tag 'bird' found using 'kind' )"
            R"(does not match any of the expected tags: 'cat', 'kitten', 'dog'","input":{"kind":"bird"},)"
            R"("ctx":{"discriminator":"'kind'","tag":"bird","expected_tags":"'cat', 'kitten', 'dog'"}},)"
            R"({"type":"union_tag_invalid","loc":["body","more",1],"msg":"Input tag '5' found using 'kind' )"
            R"(does not match any of the expected tags: 'cat', 'kitten', 'dog'","input":{"kind":5},)"
            R"("ctx":{"discriminator":"'kind'","tag":"5","expected_tags":"'cat', 'kitten', 'dog'"}},)"
            R"({"type":"model_attributes_type","loc":["body","more",2],"msg":"Input should be a valid )"
            R"(dictionary or object to extract fields from","input":3})"));
    EXPECT_EQ(
        answer<Cat>(R"({"kind":"dog","lives":1})"),
        detail_of(
            R"({"type":"literal_error","loc":["body","kind"],"msg":"Input should be 'cat' or 'kitten'",)"
            R"("input":"dog","ctx":{"expected":"'cat' or 'kitten'"}})"));
    EXPECT_EQ(answer<Dog>(R"({"name":"Rex","kind":null})"),
              detail_of(R"({"type":"literal_error","loc":["body","kind"],"msg":"Input should be 'dog'",)"
                        R"("input":null,"ctx":{"expected":"'dog'"}})"));
    EXPECT_EQ(
        answer<Dog>(R"({"name":"Rex"})"),
        detail_of(
            R"({"type":"missing","loc":["body","kind"],"msg":"Field required","input":{"name":"Rex"}})"));
}

TEST_F(BodyAnswer, AValidatorSeesWhatIsGoodMemberByMember) {
    EXPECT_EQ(answer<Range>(R"({"low":1,"high":2})"), R"({"low":1,"high":2})");
    EXPECT_EQ(
        answer<Ranges>(
            R"({"ranges":[{"high":1},{"low":3,"high":2},{"low":"x","high":2},{"low":101,"high":1}]})"),
        detail_of(
            R"({"type":"value_error","loc":["body","ranges",1],"msg":"Value error, low is above high",)"
            R"("input":{"low":3,"high":2},"ctx":{"error":{}}},)"
            R"({"type":"int_parsing","loc":["body","ranges",2,"low"],"msg":"Input should be a valid integer, )"
            R"(unable to parse string as an integer","input":"x"},)"
            R"({"type":"value_error","loc":["body","ranges",3,"low"],"msg":"Value error, low is out of the )"
            R"(world","input":101,"ctx":{"error":{}}})"));
}

TEST_F(BodyAnswer, ABodyNeedNotBeAStruct) {
    EXPECT_EQ(answer<std::span<const Item>>(R"([{"name":"a","price":1}])"),
              R"([{"name":"a","price":1.0,"in_stock":true}])");
    EXPECT_EQ(
        answer<std::span<const Item>>(R"([{"name":"a"},1])"),
        detail_of(
            R"({"type":"missing","loc":["body",0,"price"],"msg":"Field required","input":{"name":"a"}},)"
            R"({"type":"model_attributes_type","loc":["body",1],"msg":"Input should be a valid dictionary )"
            R"(or object to extract fields from","input":1})"));
    EXPECT_EQ(
        answer<std::span<const Item>>(R"({"name":"a"})"),
        detail_of(
            R"({"type":"list_type","loc":["body"],"msg":"Input should be a valid list","input":{"name":"a"}})"));
    using Map = std::pmr::map<std::string_view, double>;
    EXPECT_EQ(answer<Map>(R"({"b":1,"a":2.5})"), R"({"a":2.5,"b":1.0})");
    EXPECT_EQ(
        answer<Map>(R"([1])"),
        detail_of(
            R"({"type":"dict_type","loc":["body"],"msg":"Input should be a valid dictionary","input":[1]})"));
    EXPECT_EQ(
        answer<Map>(R"({"b":"x"})"),
        detail_of(
            R"({"type":"float_parsing","loc":["body","b"],"msg":"Input should be a valid number, unable to )"
            R"(parse string as a number","input":"x"})"));
    EXPECT_EQ(answer<int>("7"), "7");
    EXPECT_EQ(answer<boost::json::value>(R"({"a":[1]})"), R"({"a":[1]})");
    EXPECT_EQ(
        answer<boost::json::value>("{"),
        detail_of(R"({"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":)"
                  R"({"error":"Expecting property name enclosed in double quotes"}})"));
}

TEST_F(BodyAnswer, AnOptionalBodyMayBeMissing) {
    using Maybe = std::optional<Item>;
    EXPECT_EQ(answer<Maybe>(""), "null");
    EXPECT_EQ(answer<Maybe>("null"), "null");
    EXPECT_EQ(answer<Maybe>(R"({"name":"a","price":1})"), R"({"name":"a","price":1.0,"in_stock":true})");
    EXPECT_EQ(
        answer<Maybe>(R"({"name":"a"})"),
        detail_of(
            R"({"type":"missing","loc":["body","price"],"msg":"Field required","input":{"name":"a"}})"));
    EXPECT_EQ(answer<Item>("null"),
              detail_of(R"({"type":"missing","loc":["body"],"msg":"Field required","input":null})"));
}

TEST_F(BodyAnswer, TheInitialiserOfAStructIsKept) {
    EXPECT_EQ(answer<Outer>(R"({"asked":{"id":1}})"),
              R"({"given":{"id":7,"more":null},"asked":{"id":1,"more":null}})");
    EXPECT_EQ(answer<Outer>(R"({"given":{"id":2}})"),
              detail_of(R"({"type":"missing","loc":["body","asked"],"msg":"Field required",)"
                        R"("input":{"given":{"id":2}}})"));
}

TEST_F(BodyAnswer, TheInitialiserOfAStructOfStructsIsKept) {
    EXPECT_EQ(answer<Deep>("{}"), R"({"outer":{"given":{"id":1,"more":2},"asked":{"id":3,"more":4}}})");
}

TEST_F(BodyAnswer, AListThatMayNotBeEmptyMayNotBeMissing) {
    EXPECT_EQ(answer<Lists>(R"({"some":[1,2]})"), R"({"some":[1,2],"few":[]})");
    EXPECT_EQ(answer<Lists>("{}"),
              detail_of(R"({"type":"missing","loc":["body","some"],"msg":"Field required","input":{}})"));
}

TEST_F(BodyAnswer, WhatIsNotJsonIsText) {
    EXPECT_EQ(
        answer<Item>("name=Foo&price=50.5", "application/x-www-form-urlencoded"),
        detail_of(
            R"({"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or )"
            R"(object to extract fields from","input":"name=Foo&price=50.5"})"));
    EXPECT_EQ(
        answer<std::span<const int>>("[1]", "text/plain"),
        detail_of(
            R"({"type":"list_type","loc":["body"],"msg":"Input should be a valid list","input":"[1]"})"));
    EXPECT_EQ(answer<std::span<const int>>("[1]", "application/problem+json; charset=utf-8"), "[1]");
}

// As Python's json.loads() does with bytes; positions are those of the text behind it.
TEST_F(BodyAnswer, AByteOrderMarkBeforeTheTextIsNoPartOfIt) {
    EXPECT_EQ(answer<Item>("\xEF\xBB\xBF{\"name\":\"a\",\"price\":1}"),
              R"({"name":"a","price":1.0,"in_stock":true})");
    EXPECT_EQ(
        answer<Item>("\xEF\xBB\xBF{\"name\":1}"),
        detail_of(
            R"({"type":"string_type","loc":["body","name"],"msg":"Input should be a valid string","input":1},)"
            R"({"type":"missing","loc":["body","price"],"msg":"Field required","input":{"name":1}})"));
    const auto invalid = [](std::string_view position) {
        return detail_of(std::string{R"({"type":"json_invalid","loc":["body",)"}.append(position).append(
            R"(],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting value"}})"));
    };
    EXPECT_EQ(answer<Item>("\xEF\xBB\xBF[x"), invalid("1"));
    EXPECT_EQ(answer<Item>("\xEF\xBB\xBF"), invalid("0"));
    EXPECT_EQ(answer<Item>("\xEF\xBB\xBF\xEF\xBB\xBF[]"), invalid("0"));
    // It is text elsewhere.
    EXPECT_EQ(answer<std::span<const int>>("\xEF\xBB\xBF[1]", "text/plain"),
              detail_of(R"({"type":"list_type","loc":["body"],"msg":"Input should be a valid list","input":")"
                        "\xEF\xBB\xBF[1]\"}"));
}

TEST(BodyStrict, WhatCannotBeReadHasAStatusOfItsOwnIfAsked) {
    App app{alloc::heap(), {.strict_415 = true}};
    app.post("/json", [](Body<Item> item, alloc::Allocator arena) { return Response::json(arena, item); });
    app.post("/form", [](Form<std::string_view, "name"> name) { return Response::text(*name); });
    const auto status = [&](std::string_view path, std::string_view body, std::string_view type) {
        return post(app, path, body, type).line.substr(9, 3);
    };
    const std::string_view item = R"({"name":"a","price":1})";
    EXPECT_EQ(status("/json", item, "application/json"), "200");
    EXPECT_EQ(post(app, "/json", item, "text/plain").body, R"({"detail":"Unsupported Media Type"})");
    EXPECT_EQ(status("/json", item, "text/plain"), "415");
    EXPECT_EQ(status("/json", item, ""), "415");
    EXPECT_EQ(status("/json", "{", "application/json"), "400");
    EXPECT_EQ(
        post(app, "/json", "{", "application/json").body,
        detail_of(R"({"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":)"
                  R"({"error":"Expecting property name enclosed in double quotes"}})"));
    EXPECT_EQ(status("/json", "{}", "application/json"), "422");
    EXPECT_EQ(status("/json", "", ""), "422");
    EXPECT_EQ(status("/form", "name=a", "application/x-www-form-urlencoded"), "200");
    EXPECT_EQ(status("/form", "name=a", "application/json"), "415");
    EXPECT_EQ(post(app, "/form", "name=a", "").body, R"({"detail":"Unsupported Media Type"})");
    EXPECT_EQ(status("/form", "", ""), "422");
}

TEST(BodyWithoutContentType, IsJsonIfAsked) {
    App app{alloc::heap(), {.strict_content_type = false}};
    app.post("/json", [](Body<Item> item, alloc::Allocator arena) { return Response::json(arena, item); });
    const std::string_view item = R"({"name":"a","price":1.5,"in_stock":false})";
    EXPECT_EQ(post(app, "/json", item, "").body, item);
    EXPECT_EQ(post(app, "/json", item, "text/plain").line.substr(9, 3), "422");
    App strict{alloc::heap(), {}};
    strict.post("/json", [](Body<Item> one, alloc::Allocator arena) { return Response::json(arena, one); });
    EXPECT_EQ(post(strict, "/json", item, "").line.substr(9, 3), "422");
}

class NamedBodies : public testing::Test {
  protected:
    NamedBodies() {
        app.post("/", [](Body<Item, "item"> item, Body<User, "user"> user, Body<int, "importance"> importance,
                         Body<std::optional<double>, "factor"> factor, alloc::Allocator arena) {
            return Response::json(
                arena, {{"item", item}, {"user", user}, {"importance", importance}, {"factor", *factor}});
        });
    }
    std::string answer(std::string_view body, std::string_view content_type = "application/json") {
        return post(app, "/", body, content_type).body;
    }
    App app{alloc::heap(), {}};
};

TEST_F(NamedBodies, AreMembersOfTheBody) {
    EXPECT_EQ(
        answer(R"({"user":{"username":"ada"},"x":[{}],"item":{"name":"a","price":1},"importance":"5"})"),
        R"({"item":{"name":"a","price":1.0,"in_stock":true},"user":{"username":"ada","full_name":null},)"
        R"("importance":5,"factor":null})");
    EXPECT_EQ(
        answer(R"({"user":{"username":"ada"},"item":{"name":"a","price":1},"importance":5,"factor":2,)"
               R"("importance":6})"),
        R"({"item":{"name":"a","price":1.0,"in_stock":true},"user":{"username":"ada","full_name":null},)"
        R"("importance":6,"factor":2.0})");
}

TEST_F(NamedBodies, ErrorsAreFoundUnderTheirNames) {
    EXPECT_EQ(
        answer(R"({"item":{"name":"a"},"user":null,"factor":"x"})"),
        detail_of(
            R"({"type":"missing","loc":["body","item","price"],"msg":"Field required","input":{"name":"a"}},)"
            R"({"type":"missing","loc":["body","user"],"msg":"Field required","input":null},)"
            R"({"type":"missing","loc":["body","importance"],"msg":"Field required","input":null},)"
            R"({"type":"float_parsing","loc":["body","factor"],"msg":"Input should be a valid number, unable )"
            R"(to parse string as a number","input":"x"})"));
}

TEST_F(NamedBodies, WithoutAnObjectAllAreMissing) {
    const std::string missing =
        detail_of(R"({"type":"missing","loc":["body","item"],"msg":"Field required","input":null},)"
                  R"({"type":"missing","loc":["body","user"],"msg":"Field required","input":null},)"
                  R"({"type":"missing","loc":["body","importance"],"msg":"Field required","input":null})");
    EXPECT_EQ(answer(""), missing);
    EXPECT_EQ(answer("[1]"), missing);
    EXPECT_EQ(answer("{}"), missing);
    EXPECT_EQ(answer("item=1", "text/plain"), missing);
}

TEST_F(NamedBodies, WhatIsNoJsonIsSaidOnce) {
    EXPECT_EQ(
        answer(R"({"item":})"),
        detail_of(R"({"type":"json_invalid","loc":["body",8],"msg":"JSON decode error","input":{},"ctx":)"
                  R"({"error":"Expecting value"}})"));
    EXPECT_EQ(answer("{\"\xff"), R"({"detail":"There was an error parsing the body"})");
}

TEST(BodyMemory, WhereverMemoryEndsTheAnswerIsWholeOrA500) {
    App app{alloc::heap(), {}};
    app.post("/", [](Body<Shelf> shelf, alloc::Allocator arena) { return Response::json(arena, shelf); });
    const std::string body =
        R"({"label":"\u0041","place":"left","items":[{"name":"a","price":1}],"counts":{"z":[1,2]},"note":")" +
        std::string(5000, 'x') + R"(","level":4})";
    const std::string bytes =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    bool done = false;
    for (std::size_t call = 0; !done; ++call) {
        alloc::testing::CheckedUpstream upstream;
        upstream.fail_at(call);
        try {
            const test::Answer answer = test::ask(app, bytes, upstream);
            EXPECT_TRUE(answer.line == "HTTP/1.1 200 OK" || answer.line.starts_with("HTTP/1.1 500"))
                << answer.line;
            done = answer.line == "HTTP/1.1 200 OK" && upstream.calls() <= call;
        } catch (const std::bad_alloc&) {
        }
        EXPECT_EQ(upstream.live_blocks(), 0U);
        EXPECT_EQ(upstream.violations(), std::vector<std::string>{});
    }
}

}  // namespace
