#include <zigmund/http/pattern.hpp>

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <string_view>

namespace {

using zigmund::http::Pattern;

TEST(Pattern, TextIsSearchedUnlessAnchored) {
    EXPECT_TRUE(Pattern<"b">::matches("abc"));
    EXPECT_TRUE(Pattern<"">::matches(""));
    EXPECT_TRUE(Pattern<"">::matches("abc"));
    EXPECT_FALSE(Pattern<"^b">::matches("abc"));
    EXPECT_FALSE(Pattern<"b$">::matches("abc"));
    EXPECT_TRUE(Pattern<"^abc$">::matches("abc"));
    EXPECT_FALSE(Pattern<"^abc$">::matches("abc\n"));
    EXPECT_FALSE(Pattern<"^abc$">::matches("\nabc"));
    EXPECT_FALSE(Pattern<"^abc$">::matches("ab"));
    EXPECT_TRUE(Pattern<"^$">::matches(""));
    EXPECT_FALSE(Pattern<"^$">::matches("a"));
    EXPECT_TRUE(Pattern<"^a|b$">::matches("xb"));
    EXPECT_TRUE(Pattern<"^a|b$">::matches("ax"));
    EXPECT_FALSE(Pattern<"^(?:a|b)$">::matches("xb"));
}

TEST(Pattern, CharactersAndSets) {
    EXPECT_TRUE(Pattern<"^a.c$">::matches("aüc"));
    EXPECT_FALSE(Pattern<"^a.c$">::matches("a\nc"));
    EXPECT_TRUE(Pattern<"^[a-cx]$">::matches("x"));
    EXPECT_FALSE(Pattern<"^[a-cx]$">::matches("d"));
    EXPECT_TRUE(Pattern<"^[^a-c]$">::matches("€"));
    EXPECT_FALSE(Pattern<"^[^a-c]$">::matches("b"));
    EXPECT_TRUE(Pattern<"^[]a]+$">::matches("]a"));
    EXPECT_TRUE(Pattern<"^[a-]+$">::matches("a-"));
    EXPECT_TRUE(Pattern<"^[-a]+$">::matches("a-"));
    EXPECT_TRUE(Pattern<"^[\\d\\-_\\]]+$">::matches("1-_]"));
    EXPECT_FALSE(Pattern<"^[\\d_]+$">::matches("1-"));
    EXPECT_TRUE(Pattern<"^[ä-ü]$">::matches("ö"));
    EXPECT_FALSE(Pattern<"^[ä-ü]$">::matches("z"));
    EXPECT_TRUE(Pattern<"^\\d\\D\\w\\W\\s\\S$">::matches("1a_- x"));
    EXPECT_FALSE(Pattern<"^\\w$">::matches("é"));
    EXPECT_TRUE(Pattern<"^\\x41\\u00e9\\.\\\\$">::matches("Aé.\\"));
    EXPECT_TRUE(Pattern<"^\\n\\r\\t\\f\\v\\0$">::matches(std::string_view{"\n\r\t\f\v\0", 6}));
    EXPECT_TRUE(Pattern<"^}]$">::matches("}]"));
}

TEST(Pattern, Repetitions) {
    EXPECT_TRUE(Pattern<"^ab*c$">::matches("ac"));
    EXPECT_TRUE(Pattern<"^ab*c$">::matches("abbbc"));
    EXPECT_FALSE(Pattern<"^ab+c$">::matches("ac"));
    EXPECT_TRUE(Pattern<"^ab+?c$">::matches("abbc"));
    EXPECT_TRUE(Pattern<"^ab?c$">::matches("ac"));
    EXPECT_FALSE(Pattern<"^ab?c$">::matches("abbc"));
    EXPECT_FALSE(Pattern<"^a{2}$">::matches("a"));
    EXPECT_TRUE(Pattern<"^a{2}$">::matches("aa"));
    EXPECT_FALSE(Pattern<"^a{2}$">::matches("aaa"));
    EXPECT_TRUE(Pattern<"^a{2,}$">::matches("aaaa"));
    EXPECT_FALSE(Pattern<"^a{2,}$">::matches("a"));
    EXPECT_FALSE(Pattern<"^a{2,4}$">::matches("aaaaa"));
    EXPECT_TRUE(Pattern<"^a{2,4}$">::matches("aaaa"));
    EXPECT_TRUE(Pattern<"^a{0}b$">::matches("b"));
    EXPECT_TRUE(Pattern<"^(ab|c){2,3}$">::matches("abcab"));
    EXPECT_FALSE(Pattern<"^(ab|c){2,3}$">::matches("abab c"));
    EXPECT_TRUE(Pattern<"^(a*)*$">::matches("aaa"));
    EXPECT_TRUE(Pattern<"^(a|b|)+c$">::matches("abc"));
    EXPECT_TRUE(Pattern<"^[A-Z]{2}-\\d+$">::matches("AB-12"));
}

TEST(Pattern, WordBoundaries) {
    EXPECT_TRUE(Pattern<"\\bcat\\b">::matches("a cat!"));
    EXPECT_FALSE(Pattern<"\\bcat\\b">::matches("concat"));
    EXPECT_TRUE(Pattern<"\\Bcat\\b">::matches("concat"));
    EXPECT_TRUE(Pattern<"\\bcat\\b">::matches("cat"));
    EXPECT_FALSE(Pattern<"\\b">::matches(""));
    EXPECT_TRUE(Pattern<"\\B">::matches(""));
}

TEST(Pattern, BytesThatAreNoUtf8AreOneCharacterEach) {
    EXPECT_TRUE(Pattern<"^..$">::matches("\xFF\xC3"));
    EXPECT_FALSE(Pattern<"^.$">::matches("\xFF\xC3"));
    EXPECT_TRUE(Pattern<"^\\uFFFD$">::matches("\xFF"));
    EXPECT_TRUE(Pattern<"^a.b$">::matches(std::string_view{"a\0b", 3}));
}

// Patterns that take a backtracking matcher exponential time or a deep stack.
TEST(Pattern, NothingBacktracks) {
    const std::string many(20'000, 'a');
    EXPECT_FALSE(Pattern<"^(a+)+$">::matches(many + "!"));
    EXPECT_FALSE(Pattern<"^(a|aa)+$">::matches(many + "!"));
    EXPECT_FALSE(Pattern<"(.*)(.*)(.*)(.*)b">::matches(many));
    EXPECT_FALSE(Pattern<"^(a?){20}a{20}$">::matches("aaaaaaaaaaaaaaaaaaa"));
    EXPECT_TRUE(Pattern<"^(a?){20}a{20}$">::matches("aaaaaaaaaaaaaaaaaaaa"));
    EXPECT_TRUE(Pattern<"^.{1,500}$">::matches(many.substr(0, 500)));
    EXPECT_FALSE(Pattern<"^.{1,500}$">::matches(many.substr(0, 501)));
}

// Every text of up to seven letters, with the standard library's matcher as the reference.
template <zigmund::http::FixedString Text>
void expect_as_standard() {
    const std::regex reference{std::string{Text.view()}};
    for (std::size_t length = 0; length <= 7; ++length) {
        std::size_t texts = 1;
        for (std::size_t i = 0; i < length; ++i) texts *= 3;
        for (std::size_t number = 0; number < texts; ++number) {
            std::string text;
            for (std::size_t i = 0, rest = number; i < length; ++i, rest /= 3)
                text.push_back("ab-"[rest % 3]);
            ASSERT_EQ(Pattern<Text>::matches(text), std::regex_search(text, reference))
                << Text.view() << " " << text;
        }
    }
}

TEST(Pattern, AgreesWithTheStandardLibraryOnShortTexts) {
    expect_as_standard<"^(a|ab)(b|-)*$">();
    expect_as_standard<"(ab){2}|-{3}a?$">();
    expect_as_standard<"^a*(b+-|-b{2,3})*a$">();
    expect_as_standard<"\\ba+\\b-">();
    expect_as_standard<"[^a]\\Bb|^-(a|b|)+-$">();
    expect_as_standard<"(a|b-){1,3}(?:-|)b">();
}

}  // namespace
