// The layout of doubles is that of Python's json.dumps, from which the table below was taken.
#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/null_allocator.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/http/body.hpp>
#include <zigmund/http/json_writer.hpp>
#include <zigmund/http/parameter.hpp>

#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory_resource>
#include <optional>
#include <random>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "written.hpp"

struct Tag {
    std::string_view name;
    int weight = 1;
};
BOOST_DESCRIBE_STRUCT(Tag, (), (name, weight))

struct Named {
    std::string_view name;
};
BOOST_DESCRIBE_STRUCT(Named, (), (name))

struct Product : Named {
    double price;
    std::optional<std::string_view> note;
    std::vector<Tag> tags;
    bool in_stock;
};
BOOST_DESCRIBE_STRUCT(Product, (Named), (price, note, tags, in_stock))

struct Empty {};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

namespace {

using namespace zigmund;
using namespace zigmund::http;
using test::written;

TEST(JsonWriter, NullAndTruthValues) {
    EXPECT_EQ(written(JsonValue{}), "null");
    EXPECT_EQ(written(nullptr), "null");
    EXPECT_EQ(written(true), "true");
    EXPECT_EQ(written(false), "false");
}

TEST(JsonWriter, IntegersOfEveryWidthToTheirEnds) {
    EXPECT_EQ(written(0), "0");
    EXPECT_EQ(written(std::int8_t{-128}), "-128");
    EXPECT_EQ(written(std::uint8_t{255}), "255");
    EXPECT_EQ(written(std::numeric_limits<std::int32_t>::min()), "-2147483648");
    EXPECT_EQ(written(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(written(std::numeric_limits<std::int64_t>::max()), "9223372036854775807");
    EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(JsonWriter, DoublesAreLaidOutAsPythonDoes) {
    struct Case {
        double value;
        std::string_view text;
    };
    constexpr std::array cases{
        Case{0x0.0p+0, "0.0"},
        Case{-0x0.0p+0, "-0.0"},
        Case{0x1.0000000000000p+0, "1.0"},
        Case{-0x1.0000000000000p+0, "-1.0"},
        Case{0x1.4000000000000p+1, "2.5"},
        Case{0x1.999999999999ap-4, "0.1"},
        Case{0x1.3333333333334p-2, "0.30000000000000004"},
        Case{0x1.5555555555555p-2, "0.3333333333333333"},
        Case{0x1.9000000000000p+6, "100.0"},
        Case{0x1.c6bf526340000p+49, "1000000000000000.0"},
        Case{0x1.c12218377de66p+46, "123456789012345.6"},
        Case{0x1.1c37937e07fffp+53, "9999999999999998.0"},
        Case{0x1.1c37937e08000p+53, "1e+16"},
        Case{0x1.5eddb25e04800p+53, "1.2345e+16"},
        Case{0x1.6345785d8a000p+56, "1e+17"},
        Case{0x1.0f0cf064dd592p+73, "1e+22"},
        Case{0x1.52d02c7e14af6p+76, "1e+23"},
        Case{0x1.fffffffffffffp+1023, "1.7976931348623157e+308"},
        Case{0x0.0000000000001p-1022, "5e-324"},
        Case{0x1.0000000000000p-1022, "2.2250738585072014e-308"},
        Case{0x1.a36e2eb1c432dp-14, "0.0001"},
        Case{0x1.02e4b6ce5dc68p-13, "0.00012345"},
        Case{0x1.a36371ea531a8p-14, "9.999e-05"},
        Case{0x1.4f8b588e368f1p-17, "1e-05"},
        Case{0x1.421f5f40d8376p-23, "1.5e-07"},
        Case{0x1.249ad2594c37dp+332, "1e+100"},
        Case{-0x1.b7cdfd9d7bdbbp-34, "-1e-10"},
        Case{0x1.0000000000000p+53, "9007199254740992.0"},
        Case{0x1.921fb54442d18p+1, "3.141592653589793"},
        Case{-0x1.1eb2d66005835p+997, "-1.5e+300"},
    };
    for (const Case& c : cases) EXPECT_EQ(written(c.value), c.text);
}

/// The fewest digits that read back, and Python's way to lay them out, by the C library alone.
std::string python_text(double value) {
    char digits[40];
    int precision = 0;
    do {
        std::snprintf(digits, sizeof digits, "%.*e", precision, value);
    } while (std::strtod(digits, nullptr) != value && ++precision < 17);
    const std::string_view text{digits};
    const int exponent = std::atoi(digits + text.find('e') + 1);
    if (exponent < -4 || exponent >= 16) return digits;
    char fixed[400];
    std::snprintf(fixed, sizeof fixed, "%.*f", std::max(precision - exponent, 1), value);
    return fixed;
}

TEST(JsonWriter, ADoubleIsWrittenWithTheFewestDigitsThatReadBackAsItself) {
    std::mt19937_64 random{13};
    std::uniform_real_distribution<double> exponent{-6, 18};
    for (int i = 0; i < 20000; ++i) {
        double value = std::bit_cast<double>(random());
        if (i % 2 == 0) value = std::pow(10, exponent(random));
        if (i % 4 == 0) value = std::round(value);
        if (!std::isfinite(value)) continue;
        const std::string text = written(value);
        ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
        double read = 0;
        std::from_chars(text.data(), text.data() + text.size(), read);
        ASSERT_EQ(read, value) << text;
        ASSERT_EQ(text, python_text(value));
    }
}

TEST(JsonWriter, ANumberOfFewDecimalsAndItsNeighboursAreWrittenWithTheFewestDigits) {
    std::mt19937_64 random{17};
    for (int i = 0; i < 20000; ++i) {
        const auto whole = static_cast<double>(random() >> (random() % 64));
        constexpr std::array powers{1.0, 10.0, 100.0, 1000.0, 10000.0};
        const double value = (i % 2 == 0 ? 1 : -1) * whole / powers[random() % powers.size()];
        for (const double v : {value, std::nextafter(value, 0), std::nextafter(value, 2 * value)})
            ASSERT_EQ(written(v), python_text(v));
    }
    for (int i = 0; i < 20000; ++i) ASSERT_EQ(written(i / 1000.0), python_text(i / 1000.0));
}

TEST(JsonWriter, AFloatIsWrittenAsTheDoubleThatItIs) {
    EXPECT_EQ(written(0.5F), "0.5");
    EXPECT_EQ(written(0.1F), "0.10000000149011612");
}

TEST(JsonWriter, NaNAndInfinityHaveNoJson) {
    for (const double value :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity()}) {
        try {
            (void)written({{"value", value}});
            ADD_FAILURE() << "no exception";
        } catch (const std::domain_error& error) {
            EXPECT_STREQ(error.what(), "JSON has no NaN and no infinity");
        }
    }
}

TEST(JsonWriter, QuotesBackslashesAndControlCharactersAreEscaped) {
    EXPECT_EQ(written("say \"hi\"\\"), R"("say \"hi\"\\")");
    EXPECT_EQ(written("\b\f\n\r\t"), R"("\b\f\n\r\t")");
    for (unsigned char c = 0; c < 0x20; ++c) {
        if (std::string_view{"\b\f\n\r\t"}.find(static_cast<char>(c)) != std::string_view::npos) continue;
        char expected[16];
        std::snprintf(expected, sizeof expected, "\"a\\u%04xb\"", unsigned{c});
        EXPECT_EQ(written(std::string{'a', static_cast<char>(c), 'b'}), expected);
    }
}

TEST(JsonWriter, ATextOfAnyLengthIsWrittenWhateverByteStandsWhere) {
    for (std::size_t size = 1; size <= 33; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (unsigned c = 0; c < 0x80; ++c) {
                std::string text(size, 'x');
                text[at] = static_cast<char>(c);
                char escape[16] = {static_cast<char>(c)};
                if (c < 0x20) std::snprintf(escape, sizeof escape, "\\u%04x", c);
                constexpr std::string_view named = "\b\f\n\r\t\"\\";
                if (const std::size_t i = named.find(static_cast<char>(c)); i != std::string_view::npos)
                    std::snprintf(escape, sizeof escape, "\\%c", "bfnrt\"\\"[i]);
                const std::string expected =
                    '"' + std::string(at, 'x') + escape + std::string(size - at - 1, 'x') + '"';
                ASSERT_EQ(written(text), expected) << c << " at " << at << " of " << size;
            }
        }
    }
}

TEST(JsonWriter, OtherTextIsLeftAsItIs) {
    EXPECT_EQ(written(""), "\"\"");
    EXPECT_EQ(written("/<>&'\x7f"), "\"/<>&'\x7f\"");
    EXPECT_EQ(written("Zürich 日本 😀 \xE2\x80\xA8"), "\"Zürich 日本 😀 \xE2\x80\xA8\"");
    const std::string long_text(100000, 'x');
    EXPECT_EQ(written(long_text), '"' + long_text + '"');
}

TEST(JsonWriter, ABrokenByteIsReplacedAndTheTextAroundItKept) {
    EXPECT_EQ(written("a\xFF"
                      "b"),
              "\"a\xEF\xBF\xBD"
              "b\"");
    EXPECT_EQ(written("\xC3"), "\"\xEF\xBF\xBD\"");
    EXPECT_EQ(written("\xC3\""), "\"\xEF\xBF\xBD\\\"\"");
    EXPECT_EQ(written("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    EXPECT_EQ(written("\xE2\x82"
                      "a"),
              "\"\xEF\xBF\xBD\xEF\xBF\xBD"
              "a\"");
}

TEST(JsonWriter, AllKindsOfTextAreText) {
    const std::string owned = "owned";
    const char array[] = "array";
    EXPECT_EQ(written(owned), "\"owned\"");
    EXPECT_EQ(written(std::string_view{"view"}), "\"view\"");
    EXPECT_EQ(written(array), "\"array\"");
}

TEST(JsonWriter, AnObjectHasItsMembersInTheOrderGiven) {
    EXPECT_EQ(written({{"b", 1}, {"a", "x"}, {"c", nullptr}}), R"({"b":1,"a":"x","c":null})");
    EXPECT_EQ(written({{"home", {{"city", "Bern"}, {"zip", 3000}}}, {"age", 7}}),
              R"({"home":{"city":"Bern","zip":3000},"age":7})");
    EXPECT_EQ(written({{"a\"b", 1}}), R"({"a\"b":1})");
}

TEST(JsonWriter, ARangeIsAnArray) {
    EXPECT_EQ(written(std::vector<int>{}), "[]");
    EXPECT_EQ(written(std::vector{1, 2, 3}), "[1,2,3]");
    EXPECT_EQ(written(std::array{"a", "b"}), R"(["a","b"])");
    EXPECT_EQ(written(std::list{1.0, 0.5}), "[1.0,0.5]");
    EXPECT_EQ(written(std::deque<std::optional<int>>{1, std::nullopt}), "[1,null]");
    EXPECT_EQ(written(std::vector<std::vector<int>>{{1}, {}, {2, 3}}), "[[1],[],[2,3]]");
    EXPECT_EQ(written(std::vector<bool>{true, false}), "[true,false]");
    const std::vector numbers{1, 2, 3};
    EXPECT_EQ(written(numbers | std::views::transform([](int i) { return i * i; })), "[1,4,9]");
    const std::vector<Tag> tags{{"a"}, {"b", 2}};
    EXPECT_EQ(written({{"tags", tags}, {"n", 2}}),
              R"({"tags":[{"name":"a","weight":1},{"name":"b","weight":2}],"n":2})");
}

TEST(JsonWriter, AnOptionalIsItsValueOrNull) {
    EXPECT_EQ(written(std::optional<int>{7}), "7");
    EXPECT_EQ(written(std::optional<int>{}), "null");
    EXPECT_EQ(written({{"q", std::optional<std::string_view>{}}}), R"({"q":null})");
}

TEST(JsonWriter, ADescribedStructIsAnObjectWithThoseOfItsBasesFirst) {
    Product product;
    product.name = "Pen";
    product.price = 2;
    product.tags = {{"blue", 3}};
    product.in_stock = true;
    const std::string text = written(product);
    EXPECT_EQ(
        text,
        R"({"name":"Pen","price":2.0,"note":null,"tags":[{"name":"blue","weight":3}],"in_stock":true})");
    EXPECT_EQ(written(Empty{}), "{}");
    EXPECT_EQ(written({{"product", Tag{"x"}}}), R"({"product":{"name":"x","weight":1}})");
}

struct Labelled {
    Member<int, Alias<"inStock">> in_stock = 2;
    Member<std::string_view, Alias<"a \"quoted\" name">> name = "x";
    std::variant<int, std::string_view> either = "y";
    Literal<"cat", "dog"> kind;
    std::pmr::string text = "t";
};
BOOST_DESCRIBE_STRUCT(Labelled, (), (in_stock, name, either, kind, text))

TEST(JsonWriter, MembersHaveTheirAliasesAndVariantsWhatTheyHold) {
    EXPECT_EQ(written(Labelled{}),
              R"({"inStock":2,"a \"quoted\" name":"x","either":"y","kind":"cat","text":"t"})");
    const std::variant<int, std::optional<bool>> empty{std::optional<bool>{}};
    EXPECT_EQ(written(empty), "null");
}

TEST(JsonWriter, AMapOfTextIsAnObject) {
    const std::map<std::string, std::vector<int>> map{{"b", {1}}, {"a\n", {}}};
    EXPECT_EQ(written(map), R"({"a\n":[],"b":[1]})");
    EXPECT_EQ(written(std::map<std::string_view, int>{}), "{}");
}

TEST(JsonWriter, AParameterIsTheValueThatItCarries) {
    const Path<int, "id"> id{7};
    const Query<std::optional<std::string_view>, "q"> q{std::nullopt};
    const Body<Tag> body{Tag{"x"}};
    EXPECT_EQ(written(Path<std::string_view, "name">{"x"}), "\"x\"");
    EXPECT_EQ(written({{"id", id}, {"q", q}, {"tag", body}}),
              R"({"id":7,"q":null,"tag":{"name":"x","weight":1}})");
}

TEST(JsonWriter, ABoostJsonValueIsWrittenAsItIs) {
    const boost::json::value value{{"null", nullptr},
                                   {"bool", true},
                                   {"int", -5},
                                   {"uint", 18446744073709551615U},
                                   {"double", 2.0},
                                   {"text", "a\"b"},
                                   {"array", {1, {2, 3}, "x"}},
                                   {"empty", boost::json::object{}}};
    EXPECT_EQ(written(value),
              R"({"null":null,"bool":true,"int":-5,"uint":18446744073709551615,"double":2.0,"text":"a\"b",)"
              R"("array":[1,[2,3],"x"],"empty":{}})");
    EXPECT_EQ(written({{"value", value.at("array")}, {"end", 1}}), R"({"value":[1,[2,3],"x"],"end":1})");
}

TEST(JsonWriter, PartsWrittenOneByOneMakeADocument) {
    alloc::Arena arena;
    JsonWriter writer{arena.allocator()};
    writer.begin_object();
    writer.name("list");
    writer.begin_array();
    for (int i = 0; i < 3; ++i) {
        writer.element();
        writer.value(i);
    }
    writer.end_array();
    writer.name("none");
    writer.begin_array();
    writer.end_array();
    writer.end_object();
    EXPECT_EQ(writer.finish(), R"({"list":[0,1,2],"none":[]})");
    writer.value(1);
    EXPECT_EQ(writer.finish(), "1");
}

TEST(JsonWriter, WhatWasWrittenCanBeTakenBackAtAnyDepth) {
    alloc::Arena arena;
    JsonWriter writer{arena.allocator()};
    writer.begin_object();
    writer.name("a");
    const std::size_t before = writer.size();
    writer.begin_array();
    writer.element();
    writer.begin_object();
    writer.rewind(before);
    writer.value(1);
    writer.name("b");
    writer.value(2);
    writer.end_object();
    EXPECT_EQ(writer.finish(), R"({"a":1,"b":2})");
}

TEST(JsonWriter, TheTextIsTheLastBlockOfTheArenaCutToItsSize) {
    alloc::testing::CheckedUpstream upstream;
    {
        alloc::Arena arena{upstream, {.first_chunk = 1 << 16}};
        JsonWriter writer{arena.allocator()};
        const std::string text(5000, 'x');
        writer.value(text);
        const std::string_view first = writer.finish();
        EXPECT_EQ(first.size(), text.size() + 2);
        // Grown in place and cut: what comes next lies right behind it, but for the arena's padding.
        const char* const next = arena.allocator().alloc<char>(1).data();
        EXPECT_GE(next, first.data() + first.size());
        EXPECT_LT(next, first.data() + first.size() + alloc::default_align);
    }
    EXPECT_EQ(upstream.violations(), std::vector<std::string>{});
}

TEST(JsonWriter, NothingIsLostWithAnyAllocatorAndWhereverMemoryEnds) {
    const std::string text(3000, 'x');
    using Growth = alloc::testing::CheckedUpstream::Growth;
    for (const Growth growth : {Growth::refuses, Growth::in_place, Growth::moves}) {
        bool done = false;
        for (std::size_t call = 0; !done; ++call) {
            alloc::testing::CheckedUpstream upstream{growth};
            upstream.fail_at(call);
            const alloc::Allocator allocator = upstream;
            try {
                JsonWriter writer{allocator};
                for (int i = 0; i < 10; ++i) writer.value({{"text", text}, {"more", {{"n", 1.5}}}});
                EXPECT_GT(writer.size(), 30000U);
                done = upstream.calls() <= call;
            } catch (const std::bad_alloc&) {
            }
            EXPECT_EQ(upstream.live_blocks(), 0U);
            EXPECT_EQ(upstream.violations(), std::vector<std::string>{});
        }
    }
    JsonWriter writer{alloc::null_allocator()};
    EXPECT_THROW(writer.value(1), std::bad_alloc);
}

}  // namespace
