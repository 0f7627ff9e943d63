// Unicode 15, table 3-7, as an independent reference: decode, then ask whether the code point may stand
// there.
#include "utf8.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace zigmund::http;

/// The one way to encode a code point.
std::string encode(std::uint32_t point) {
    const auto byte = [](std::uint32_t bits) { return static_cast<char>(static_cast<unsigned char>(bits)); };
    if (point < 0x80) return {byte(point)};
    if (point < 0x800) return {byte(0xC0 | point >> 6), byte(0x80 | (point & 63))};
    if (point < 0x10000)
        return {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63))};
    return {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 63)), byte(0x80 | (point >> 6 & 63)),
            byte(0x80 | (point & 63))};
}

TEST(Utf8, EveryCodePointIsOneSequenceAndSurrogatesAreNone) {
    for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
        const std::string text = encode(point);
        const bool surrogate = point >= 0xD800 && point < 0xE000;
        ASSERT_EQ(utf8_sequence(text), surrogate ? 0U : text.size()) << point;
    }
}

TEST(Utf8, NothingLiesAboveU10FFFF) {
    EXPECT_EQ(utf8_sequence(encode(0x10FFFF)), 4U);
    EXPECT_EQ(utf8_sequence(encode(0x110000)), 0U);
    EXPECT_EQ(utf8_sequence("\xF5\x80\x80\x80"), 0U);
    EXPECT_EQ(utf8_sequence("\xFF"), 0U);
}

TEST(Utf8, OverlongFormsAreRefused) {
    EXPECT_EQ(utf8_sequence("\xC0\xAF"), 0U);
    EXPECT_EQ(utf8_sequence("\xC1\xBF"), 0U);
    EXPECT_EQ(utf8_sequence("\xE0\x80\xAF"), 0U);
    EXPECT_EQ(utf8_sequence("\xE0\x9F\xBF"), 0U);
    EXPECT_EQ(utf8_sequence("\xF0\x80\x80\xAF"), 0U);
    EXPECT_EQ(utf8_sequence("\xF0\x8F\xBF\xBF"), 0U);
}

TEST(Utf8, ASequenceCutShortOrBegunInItsMiddleIsRefused) {
    for (const std::uint32_t point : {0x80U, 0x7FFU, 0x800U, 0xFFFFU, 0x10000U, 0x10FFFFU}) {
        const std::string text = encode(point);
        for (std::size_t size = 0; size < text.size(); ++size) {
            EXPECT_EQ(utf8_sequence(text.substr(0, size)), 0U);
            EXPECT_EQ(utf8_sequence(text.substr(0, size) + "a"), size == 0 ? 1U : 0U);
            if (size != 0) {
                EXPECT_EQ(utf8_sequence(text.substr(size)), 0U);
            }
        }
    }
}

TEST(Utf8, ATextIsWellFormedIfAllOfItIs) {
    EXPECT_TRUE(is_utf8(""));
    EXPECT_TRUE(is_utf8("plain"));
    EXPECT_TRUE(is_utf8("Zürich 日本 😀"));
    EXPECT_FALSE(is_utf8("Z\xFCrich"));
    EXPECT_FALSE(is_utf8("Zürich\xC3"));
    EXPECT_FALSE(is_utf8("\x80"));
}

TEST(Utf8, APrefixEndsBetweenCharacters) {
    EXPECT_EQ(utf8_prefix("aü", 3), "aü");
    EXPECT_EQ(utf8_prefix("aü", 2), "a");
    EXPECT_EQ(utf8_prefix("aü", 1), "a");
    EXPECT_EQ(utf8_prefix("😀", 3), "");
    EXPECT_EQ(utf8_prefix("😀b", 4), "😀");
    EXPECT_EQ(utf8_prefix("abc", 0), "");
}

}  // namespace
