// What CPython's json module (3.11) says of the same texts is the reference for messages and positions; a
// grammar written down once more, below, is the one for what is a document.
#include "json_reader.hpp"

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>

#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "utf8.hpp"
#include "written.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;

/// The document, written again; or "position: message".
std::string reread(std::string_view text) {
    alloc::Arena arena;
    const auto document = read_json(text, arena.allocator());
    if (!document)
        return std::to_string(document.error().position).append(": ").append(document.error().message);
    return test::written(**document);
}

TEST(JsonReader, ReadsEveryKindOfValue) {
    EXPECT_EQ(reread("null"), "null");
    EXPECT_EQ(reread("true"), "true");
    EXPECT_EQ(reread("false"), "false");
    EXPECT_EQ(reread("-0"), "0");
    EXPECT_EQ(reread("-9223372036854775808"), "-9223372036854775808");
    EXPECT_EQ(reread("18446744073709551615"), "18446744073709551615");
    EXPECT_EQ(reread("1.50"), "1.5");
    EXPECT_EQ(reread("1E2"), "100.0");
    EXPECT_EQ(reread("\"a\""), "\"a\"");
    EXPECT_EQ(reread("[]"), "[]");
    EXPECT_EQ(reread("{}"), "{}");
    EXPECT_EQ(reread(" \t\r\n[ 1 , { \"a\" : [ ] } ]\n"), R"([1,{"a":[]}])");
}

TEST(JsonReader, ReadsEveryEscape) {
    EXPECT_EQ(reread(R"("\"\\\/\b\f\n\r\t")"), R"("\"\\/\b\f\n\r\t")");
    EXPECT_EQ(reread(R"("\u0041\u00e9\u65E5\ud83d\uDE00\u0000")"), "\"Aé日😀\\u0000\"");
    EXPECT_EQ(reread("\"é日😀\x7f\""), "\"é日😀\x7f\"");
    EXPECT_EQ(reread(R"({"\u0061":1})"), R"({"a":1})");
}

TEST(JsonReader, OfMembersOfTheSameNameTheLastCounts) {
    alloc::Arena arena;
    const auto document = read_json(R"({"a":1,"b":2,"a":3})", arena.allocator());
    ASSERT_TRUE(document);
    EXPECT_EQ((*document)->at("a").as_int64(), 3);
    EXPECT_EQ((*document)->as_object().size(), 2U);
}

TEST(JsonReader, AnIntegerBeyond64BitsIsADouble) {
    EXPECT_EQ(reread("18446744073709551616"), "1.8446744073709552e+19");
    EXPECT_EQ(reread("-9223372036854775809"), "-9.223372036854776e+18");
}

TEST(JsonReader, EveryDoubleIsTheNearestOne) {
    std::mt19937_64 random{17};
    std::uniform_int_distribution<int> exponent{-330, 300};
    alloc::Arena arena;
    for (int i = 0; i < 20000; ++i) {
        std::string text;
        if (i % 2 == 0) {
            const double value = std::bit_cast<double>(random());
            if (!std::isfinite(value)) continue;
            char digits[40];
            std::snprintf(digits, sizeof digits, "%.17g", value);
            text = digits;
        } else {
            text = std::to_string(random()) + "." + std::to_string(random()) + "e" +
                   std::to_string(exponent(random));
        }
        // A text without point and exponent is an integer; that is another path.
        if (text.find_first_of(".e") == std::string::npos) text += ".0";
        const auto document = read_json(text, arena.allocator());
        ASSERT_TRUE(document) << text;
        ASSERT_EQ((*document)->get_double(), std::strtod(text.c_str(), nullptr)) << text;
        arena.reset(alloc::Reset::retain_capacity);
    }
}

TEST(JsonReader, ANumberTooLargeForADoubleIsInfiniteAndOneTooSmallIsZero) {
    alloc::Arena arena;
    for (const std::string_view text : {"1e309", "1e400", "1.5e99999", "123456789e305"}) {
        const auto document = read_json(text, arena.allocator());
        ASSERT_TRUE(document) << text;
        EXPECT_TRUE(std::isinf((*document)->get_double())) << text;
    }
    for (const std::string_view text : {"1e-400", "0.001e-330", "1.5e-99999", "0e400"}) {
        const auto document = read_json(text, arena.allocator());
        ASSERT_TRUE(document) << text;
        EXPECT_EQ((*document)->get_double(), 0) << text;
    }
    const auto negative = read_json("-1e400", arena.allocator());
    ASSERT_TRUE(negative);
    EXPECT_TRUE(std::isinf((*negative)->get_double()) && (*negative)->get_double() < 0);
}

TEST(JsonReader, WhatIsWrongIsSaidAsPythonSaysIt) {
    struct Case {
        std::string_view text;
        std::size_t position;
        std::string_view message;
    };
    const std::vector<Case> cases{
        Case{"", 0, "Expecting value"},
        Case{" ", 1, "Expecting value"},
        Case{"{", 1, "Expecting property name enclosed in double quotes"},
        Case{"[", 1, "Expecting value"},
        Case{"{]", 1, "Expecting property name enclosed in double quotes"},
        Case{"[}", 1, "Expecting value"},
        Case{"nul", 0, "Expecting value"},
        Case{"null x", 5, "Extra data"},
        Case{"1 2", 2, "Extra data"},
        Case{"{\"a\"", 4, "Expecting ':' delimiter"},
        Case{"{\"a\" 1}", 5, "Expecting ':' delimiter"},
        Case{"{\"a\":", 5, "Expecting value"},
        Case{"{\"a\":}", 5, "Expecting value"},
        Case{"{\"a\":1", 6, "Expecting ',' delimiter"},
        Case{"{\"a\":1,", 7, "Expecting property name enclosed in double quotes"},
        Case{"{\"a\":1,}", 7, "Expecting property name enclosed in double quotes"},
        Case{"{\"a\":1 \"b\":2}", 7, "Expecting ',' delimiter"},
        Case{"{a:1}", 1, "Expecting property name enclosed in double quotes"},
        Case{"{'a':1}", 1, "Expecting property name enclosed in double quotes"},
        Case{"[1", 2, "Expecting ',' delimiter"},
        Case{"[1,", 3, "Expecting value"},
        Case{"[1,]", 3, "Expecting value"},
        Case{"[1 2]", 3, "Expecting ',' delimiter"},
        Case{"[1 ,", 4, "Expecting value"},
        Case{"\"abc", 0, "Unterminated string starting at"},
        Case{"\"a\\", 0, "Unterminated string starting at"},
        Case{"\"a\\x\"", 2, "Invalid \\escape"},
        Case{"\"a\\u12\"", 3, "Invalid \\uXXXX escape"},
        Case{"\"a\\u12G4\"", 3, "Invalid \\uXXXX escape"},
        Case{"\"a\nb\"", 2, "Invalid control character at"},
        Case{"\"a\tb\"", 2, "Invalid control character at"},
        Case{"\"a\037b\"", 2, "Invalid control character at"},
        Case{"{\"é\": x}", 6, "Expecting value"},
        Case{"{\"日本\": \"\\q\"}", 8, "Invalid \\escape"},
        Case{"01", 1, "Extra data"},
        Case{"-", 0, "Expecting value"},
        Case{"-a", 0, "Expecting value"},
        Case{"+1", 0, "Expecting value"},
        Case{".5", 0, "Expecting value"},
        Case{"1.", 1, "Extra data"},
        Case{"1.e5", 1, "Extra data"},
        Case{"1e", 1, "Extra data"},
        Case{"1e+", 1, "Extra data"},
        Case{"-01", 2, "Extra data"},
        Case{"0x10", 1, "Extra data"},
        Case{"tru", 0, "Expecting value"},
        Case{"True", 0, "Expecting value"},
        Case{"{\"a\":1}}", 7, "Extra data"},
        Case{"[[]", 3, "Expecting ',' delimiter"},
        Case{"[1],", 3, "Extra data"},
        Case{"{\"a\":1},2", 7, "Extra data"},
        Case{"{,}", 1, "Expecting property name enclosed in double quotes"},
        Case{"{\"a\",1}", 4, "Expecting ':' delimiter"},
        Case{"[,1]", 1, "Expecting value"},
        Case{"{1:2}", 1, "Expecting property name enclosed in double quotes"},
        Case{"{\"a\":1,1:2}", 7, "Expecting property name enclosed in double quotes"},
        Case{"{\"a\":[1,{\"b\":]}", 13, "Expecting value"},
        Case{"\"\\ud83d\\ude00\"x", 14, "Extra data"},
        Case{"{\"a\":undefined}", 5, "Expecting value"},
        Case{"[1e5x]", 4, "Expecting ',' delimiter"},
        Case{"\"\\u12", 2, "Invalid \\uXXXX escape"},
        Case{"\"\\", 0, "Unterminated string starting at"},
        Case{"{\"name\": \"Pen\", price: 2}", 16, "Expecting property name enclosed in double quotes"},
        Case{"{\"price\": 1.5.5}", 13, "Expecting ',' delimiter"},
        Case{"{\"a\":1\n,\n}", 9, "Expecting property name enclosed in double quotes"},
        Case{"[\n1,\n2\n 3]", 8, "Expecting ',' delimiter"},
        Case{"// c\n1", 0, "Expecting value"},
        Case{"[1] // c", 4, "Extra data"},
        Case{"{\"a\":-}", 5, "Expecting value"},
        Case{"[-]", 1, "Expecting value"},
        Case{"[1.]", 2, "Expecting ',' delimiter"},
        Case{"{\"a\":\"b}", 5, "Unterminated string starting at"},
        Case{"\0131", 0, "Expecting value"},
        Case{"\302\2401", 0, "Expecting value"},
        Case{"[\"é\",\"😀\" é]", 9, "Expecting ',' delimiter"},
        Case{"{\"a\":1.}", 6, "Expecting ',' delimiter"},
        Case{"[1e]", 2, "Expecting ',' delimiter"},
        Case{"{\"a\":00}", 6, "Expecting ',' delimiter"},
        Case{"\"\\u 123\"", 2, "Invalid \\uXXXX escape"},
        Case{"\"\\u+123\"", 2, "Invalid \\uXXXX escape"},
        Case{"\"\\u12\\n4\"", 2, "Invalid \\uXXXX escape"},
        Case{"{\"a\": \"b\" \"c\"}", 10, "Expecting ',' delimiter"},
        Case{"[\"\\", 1, "Unterminated string starting at"},
        Case{"{\"a\\ud83d\\ude00\":}", 17, "Expecting value"},
        Case{"[1,2", 4, "Expecting ',' delimiter"},
        Case{"{\"a\":{\"b\":[1,2,{\"c\":\"d\"}]}", 26, "Expecting ',' delimiter"},
        Case{"[true false]", 6, "Expecting ',' delimiter"},
        Case{"nullnull", 4, "Extra data"},
        Case{"\"\"\"\"", 2, "Extra data"},
        Case{"[\"a\\", 1, "Unterminated string starting at"},
        Case{"\t\n\r x", 4, "Expecting value"},
    };
    alloc::Arena arena;
    for (const Case& c : cases) {
        const auto document = read_json(c.text, arena.allocator());
        ASSERT_FALSE(document) << c.text;
        EXPECT_EQ(document.error().position, c.position) << c.text;
        EXPECT_EQ(document.error().message, c.message) << c.text;
    }
}

TEST(JsonReader, WhatPythonReadsBeyondTheStandardIsRefused) {
    EXPECT_EQ(reread("NaN"), "0: Expecting value");
    EXPECT_EQ(reread("[Infinity]"), "1: Expecting value");
    EXPECT_EQ(reread("-Infinity"), "0: Expecting value");
    EXPECT_EQ(reread("\xEF\xBB\xBF{}"), "0: Expecting value");
    EXPECT_EQ(reread(R"("\ud800")"), "2: Invalid \\uXXXX escape");
    EXPECT_EQ(reread(R"("\udc00")"), "2: Invalid \\uXXXX escape");
    EXPECT_EQ(reread(R"("\ud800\u0041")"), "2: Invalid \\uXXXX escape");
}

TEST(JsonReader, AnExponentOfTenDigitsIsNoNumberThatAnybodyMeans) {
    EXPECT_EQ(reread("1e9999999999"), "12: Invalid value");
    EXPECT_EQ(reread("[1e-00000000005]"), "[1e-05]");
}

TEST(JsonReader, TextAfterANulIsNotOverlooked) {
    EXPECT_EQ(reread(std::string_view{"1\0", 2}), "1: Extra data");
    EXPECT_EQ(reread(std::string_view{"\"a\0b\"", 5}), "2: Invalid control character at");
    EXPECT_EQ(reread(std::string_view{"[\0]", 3}), "1: Expecting value");
}

TEST(JsonReader, NestingIsLimitedTo64Levels) {
    const auto arrays = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_EQ(reread(arrays(64)), arrays(64));
    EXPECT_EQ(reread(arrays(65)), "64: Nesting exceeds 64 levels");
    EXPECT_EQ(reread(std::string(1 << 20, '[')), "64: Nesting exceeds 64 levels");
    std::string objects;
    for (int i = 0; i < 65; ++i) objects += "{\"a\":";
    EXPECT_EQ(reread(objects), "320: Nesting exceeds 64 levels");
    EXPECT_EQ(reread("[" + arrays(63) + "," + arrays(63) + "]"), "[" + arrays(63) + "," + arrays(63) + "]");
}

TEST(JsonReader, LongTextsAndManyMembersAreRead) {
    const std::string text = '"' + std::string(100000, 'x') + '"';
    EXPECT_EQ(reread(text), text);
    std::string array = "[0";
    for (int i = 1; i < 20000; ++i) array += ',' + std::to_string(i);
    array += ']';
    EXPECT_EQ(reread(array), array);
    std::string object = "{";
    for (int i = 0; i < 1000; ++i)
        object += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":" + std::to_string(i);
    object += '}';
    EXPECT_EQ(reread(object), object);
}

TEST(JsonReader, TheDocumentIsTheArenas) {
    alloc::testing::CheckedUpstream upstream;
    {
        alloc::Arena arena{upstream};
        ASSERT_TRUE(read_json(R"({"a":[1,2,{"b":"a text that is longer than any small buffer"}]})",
                              arena.allocator()));
    }
    EXPECT_EQ(upstream.live_blocks(), 0U);
    EXPECT_EQ(upstream.violations(), std::vector<std::string>{});
}

TEST(JsonReader, WhereverMemoryEndsNothingIsLost) {
    const std::string text = R"({"list":[)" + std::string(3000, '1') + R"(.5,"\u00e9)" +
                             std::string(5000, 'x') + R"("],"b":{"c":null}})";
    std::size_t call = 0;
    for (bool done = false; !done; ++call) {
        alloc::testing::CheckedUpstream upstream;
        upstream.fail_at(call);
        {
            alloc::Arena arena{upstream, {.first_chunk = 256}};
            try {
                EXPECT_TRUE(read_json(text, arena.allocator()));
                done = upstream.calls() <= call;
            } catch (const std::bad_alloc&) {
            }
        }
        EXPECT_EQ(upstream.live_blocks(), 0U);
        EXPECT_EQ(upstream.violations(), std::vector<std::string>{});
    }
    EXPECT_GT(call, 2U);
}

/// RFC 8259 once more, with 64 levels, exponents of up to eight digits, and surrogates in pairs alone.
class Grammar {
  public:
    static bool accepts(std::string_view text, std::size_t exponent_digits = 8) {
        Grammar grammar{text, exponent_digits};
        grammar.blanks();
        if (!grammar.value(64)) return false;
        grammar.blanks();
        return grammar.rest_.empty();
    }

  private:
    Grammar(std::string_view text, std::size_t exponent_digits)
        : rest_{text}, exponent_digits_{exponent_digits} {}

    bool take(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }
    void blanks() {
        while (take(" ") || take("\t") || take("\n") || take("\r")) continue;
    }
    bool list(std::string_view close, int levels, bool names) {
        if (levels == 0) return false;
        blanks();
        if (take(close)) return true;
        do {
            blanks();
            if (names) {
                if (!take("\"") || !text()) return false;
                blanks();
                if (!take(":")) return false;
                blanks();
            }
            if (!value(levels - 1)) return false;
            blanks();
        } while (take(","));
        return take(close);
    }
    bool value(int levels) {
        if (take("{")) return list("}", levels, true);
        if (take("[")) return list("]", levels, false);
        if (take("\"")) return text();
        return take("null") || take("true") || take("false") || number();
    }
    bool digits() {
        const std::size_t count = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        rest_.remove_prefix(count);
        return count != 0;
    }
    bool number() {
        take("-");
        if (!take("0") && !digits()) return false;
        if (take(".") && !digits()) return false;
        if (take("e") || take("E")) {
            if (!take("+")) take("-");
            while (rest_.size() > 1 && rest_[1] >= '0' && rest_[1] <= '9' && take("0")) continue;
            const std::size_t before = rest_.size();
            return digits() && before - rest_.size() <= exponent_digits_;
        }
        return true;
    }
    bool unit(unsigned& value) {
        if (rest_.size() < 4) return false;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + 4, value, 16);
        if (error != std::errc{} || end != rest_.data() + 4) return false;
        rest_.remove_prefix(4);
        return true;
    }
    bool text() {
        while (!rest_.empty()) {
            if (take("\"")) return true;
            if (take("\\")) {
                if (take("u")) {
                    unsigned first = 0;
                    unsigned second = 0;
                    if (!unit(first) || first >> 10 == 0x37) return false;
                    if (first >> 10 == 0x36 && (!take("\\u") || !unit(second) || second >> 10 != 0x37))
                        return false;
                } else if (rest_.empty() ||
                           std::string_view{"\"\\/bfnrt"}.find(rest_[0]) == std::string_view::npos) {
                    return false;
                } else {
                    rest_.remove_prefix(1);
                }
                continue;
            }
            const std::size_t size = utf8_sequence(rest_);
            if (size == 0 || static_cast<unsigned char>(rest_[0]) < 0x20) return false;
            rest_.remove_prefix(size);
        }
        return false;
    }

    std::string_view rest_;
    std::size_t exponent_digits_;
};

TEST(JsonReader, AcceptsExactlyWhatTheGrammarDoesAndExplainsTheRest) {
    const std::array<std::string, 9> seeds{R"({"name":"Pen","price":2.5,"tags":["a","b"],"in_stock":true})",
                                           R"([1,-2,3.25,4e5,-6.5E-7,0,-0.0,18446744073709551616])",
                                           R"("\u0041\ud83d\ude00\n\"\\\/")",
                                           R"({"a":{"b":{"c":[[],{},[{}]]}},"d":null,"e":false})",
                                           "\"Zürich 日本 😀\"",
                                           " [ true , false ,\tnull\r\n] ",
                                           R"({"":"","a":"","a":0})",
                                           "-12.5e+30",
                                           std::string(31, '[') + "{}" + std::string(31, ']')};
    const std::string_view alphabet =
        "{}[]\",:\\u0123456789abcdefnrtE+-. \t\n\r/\x01\x7f\x80\xC3\xE2\xED\xA0\xFF";
    std::mt19937_64 random{19};
    const auto below = [&random](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
    std::size_t accepted = 0;
    alloc::Arena arena;
    for (int i = 0; i < 60000; ++i) {
        std::string text = seeds[below(seeds.size())];
        for (std::size_t change = below(4); change != 0; --change) {
            const std::size_t at = below(text.size() + 1);
            const char c = alphabet[below(alphabet.size())];
            switch (below(5)) {
                case 0:
                    text.insert(at, 1, c);
                    break;
                case 1:
                    if (at < text.size()) text[at] = c;
                    break;
                case 2:
                    text.erase(at, 1 + below(3));
                    break;
                case 3:
                    text.resize(at);
                    break;
                default:
                    text.insert(at, text.substr(below(text.size() + 1), below(8)));
            }
        }
        const auto document = read_json(text, arena.allocator());
        const bool sound = Grammar::accepts(text, text.size());  // but for exponents that are too long
        ASSERT_TRUE(document || !Grammar::accepts(text)) << text;
        ASSERT_TRUE(!document || sound) << text;
        if (document) {
            ++accepted;
        } else {
            ASSERT_FALSE(document.error().message.empty()) << text;
            ASSERT_LE(document.error().position, text.size()) << text;
            // What the grammar refuses has a better name.
            ASSERT_TRUE(sound || !is_utf8(text) || document.error().message != "Invalid value") << text;
        }
        arena.reset(alloc::Reset::retain_capacity);
    }
    EXPECT_GT(accepted, 15000U);
    EXPECT_LT(accepted, 45000U);
}

TEST(JsonReader, AnyBytesAtAllAreExplained) {
    std::mt19937_64 random{23};
    for (int i = 0; i < 20000; ++i) {
        std::string text(random() % 24, '\0');
        for (char& c : text) c = static_cast<char>(random());
        const JsonSyntaxError error = diagnose_json(text);
        ASSERT_FALSE(error.message.empty());
        ASSERT_LE(error.position, text.size());
    }
}

}  // namespace
