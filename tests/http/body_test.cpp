// Bodies: what a type takes, and that the fast way and the thorough one agree.
#include <zigmund/alloc/forbid_default_resource.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/http.hpp>

#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <memory_resource>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "body_types.hpp"
#include "json_reader.hpp"
#include "written.hpp"

namespace {

using namespace bodies;

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

struct Drawer {
    std::pmr::vector<Priced> items;
    Member<int> level;
    Member<std::pmr::string, MinLength<2>> label;
    std::optional<Member<int, Ge<0>>> depth;
};
BOOST_DESCRIBE_STRUCT(Drawer, (), (items, level, label, depth))

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

}  // namespace
