#include <zigmund/alloc/suppressions.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace {

using zigmund::alloc::Suppressions;

std::vector<std::string> patterns_of(const Suppressions& suppressions) {
    return {suppressions.patterns().begin(), suppressions.patterns().end()};
}

TEST(Suppressions, AreTheLinesOfTheirFile) {
    const auto parsed = Suppressions::parse(
        "# what the vendor leaks\n"
        "leak:vendor::\n"
        "\n"
        "  leak:^main$ \t\r\n"
        "leak:a b:c\n"
        "   # leak:not this\n"
        "leak:*/last.cpp");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(patterns_of(*parsed), (std::vector<std::string>{"vendor::", "^main$", "a b:c", "*/last.cpp"}));
}

TEST(Suppressions, OfNothingAreNone) {
    for (const char* text : {"", "\n", "# only a remark", "\n\n\n"}) {
        const auto parsed = Suppressions::parse(text);
        ASSERT_TRUE(parsed.has_value());
        EXPECT_TRUE(parsed->patterns().empty());
    }
}

TEST(Suppressions, ABadLineIsNamedByItsNumber) {
    const auto error_of = [](std::string_view text) {
        const auto parsed = Suppressions::parse(text);
        return parsed ? std::pair<std::size_t, std::string>{}
                      : std::pair{parsed.error().line, std::string{parsed.error().reason}};
    };
    using Error = std::pair<std::size_t, std::string>;
    const std::string not_one = "not a suppression: write leak:PATTERN";
    EXPECT_EQ(error_of("leak:a\n\nrace:b\n"), (Error{3, not_one}));
    EXPECT_EQ(error_of("leak"), (Error{1, not_one}));
    EXPECT_EQ(error_of("#\nvendor::\n"), (Error{2, not_one}));
    EXPECT_EQ(error_of("leak:a\nleak:\n"), (Error{2, "no pattern after leak:"}));
    EXPECT_EQ(error_of("leak:   "), (Error{1, "no pattern after leak:"}));
}

TEST(Suppressions, AreReadFromAFile) {
    std::string path = "/tmp/suppressions_test.XXXXXX";
    const int file = ::mkstemp(path.data());
    ASSERT_GE(file, 0);
    FILE* const stream = ::fdopen(file, "w");
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "leak:function_" + std::to_string(i) + "\n";  // several buffers
    std::fputs(text.c_str(), stream);
    std::fclose(stream);
    const auto read = Suppressions::read(path.c_str());
    ASSERT_TRUE(read.has_value());
    ASSERT_EQ(read->patterns().size(), 20'000U);
    EXPECT_EQ(read->patterns()[19'999], "function_19999");
    std::remove(path.c_str());
}

TEST(Suppressions, AFileThatIsNotThereIsAnErrorAtLineZero) {
    const auto missing = Suppressions::read("/nowhere/suppressions.txt");
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().line, 0U);
    EXPECT_EQ(missing.error().reason, "cannot open the file");
    const auto folder = Suppressions::read("/");
    ASSERT_FALSE(folder.has_value());
    EXPECT_EQ(folder.error().reason, "cannot read the file");
}

TEST(Suppressions, KeepTheirPatternsWhenTheyAreMoved) {
    auto parsed = Suppressions::parse("leak:a\nleak:b\n");
    ASSERT_TRUE(parsed.has_value());
    Suppressions moved{std::move(*parsed)};
    Suppressions assigned;
    assigned = std::move(moved);
    EXPECT_EQ(patterns_of(assigned), (std::vector<std::string>{"a", "b"}));
}

TEST(Suppressions, MatchAnywhereInANameUnlessHeldToItsEnds) {
    struct Case {
        const char* pattern;
        const char* name;
        bool matches;
    };
    for (const auto& [pattern, name, matches] : {
             Case{"load", "cache::load(char const*)", true},
             Case{"load", "cache::store()", false},
             Case{"^load", "load()", true},
             Case{"^load", "cache::load()", false},
             Case{"cpp$", "src/cache.cpp", true},
             Case{"cpp$", "src/cache.cpp.o", false},
             Case{"^main$", "main", true},
             Case{"^main$", "domain", false},
             Case{"^main$", "main2", false},
             Case{"*", "anything", true},
             Case{"/third_party/*.cpp", "/src/third_party/zip/deflate.cpp", true},
             Case{"/third_party/*.cpp", "/src/third_party/zip/deflate.c", false},
             Case{"^a*b*c$", "aXXbYYc", true},
             Case{"^a*b*c$", "abc", true},
             Case{"^a*b*c$", "aXXbYY", false},
             Case{"^a*b*c$", "acb", false},
             Case{"^*c$", "abc", true},
             Case{"a*a", "a", false},
             Case{"ab*ba", "aba", false},
             Case{"^aab*", "aaab", false},
             Case{"x*ab$", "xabab", true},
             Case{"", "name", false},
             Case{"name", "", false},
             Case{"*", "", false},
         })
        EXPECT_EQ(Suppressions::matches(pattern, name), matches) << pattern << " and " << name;
}

}  // namespace
