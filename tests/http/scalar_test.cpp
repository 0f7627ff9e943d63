// What pydantic 2 makes of the same texts is the reference: its lax mode for str to int, float and bool.
#include <zigmund/http/scalar.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "written.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;

constexpr std::string_view no_integer =
    "int_parsing: Input should be a valid integer, unable to parse string as an integer";
constexpr std::string_view too_long =
    "int_parsing_size: Unable to parse input string as an integer, exceeded maximum size";
constexpr std::string_view no_number =
    "float_parsing: Input should be a valid number, unable to parse string as a number";
constexpr std::string_view not_finite = "finite_number: Input should be a finite number";
constexpr std::string_view no_bool =
    "bool_parsing: Input should be a valid boolean, unable to interpret input";

/// The error as "type: message", with " name=value" if there is a context.
std::string text_of(const ScalarError& error) {
    std::string text{error.type};
    text.append(": ").append(error.message);
    if (error.context_name.data() != nullptr)
        text.append(" ").append(error.context_name).append("=").append(test::written(error.context_value));
    return text;
}

template <class T>
std::string refusal(std::string_view text) {
    T value{};
    ScalarError error;
    return parse_scalar(text, value, error) ? "accepted" : text_of(error);
}

template <class T>
std::optional<T> parsed(std::string_view text) {
    T value{};
    ScalarError error;
    if (!parse_scalar(text, value, error)) return std::nullopt;
    return value;
}

TEST(Scalar, AnIntegerMayHaveASignBlanksAroundItLeadingZerosAndAFractionOfZeros) {
    EXPECT_EQ(parsed<int>("0"), 0);
    EXPECT_EQ(parsed<int>("-0"), 0);
    EXPECT_EQ(parsed<int>("+5"), 5);
    EXPECT_EQ(parsed<int>("-5"), -5);
    EXPECT_EQ(parsed<int>(" 5 "), 5);
    EXPECT_EQ(parsed<int>("\t5\r\n"), 5);
    EXPECT_EQ(parsed<int>("007"), 7);
    EXPECT_EQ(parsed<int>("-007"), -7);
    EXPECT_EQ(parsed<int>("5.0"), 5);
    EXPECT_EQ(parsed<int>("-5.000"), -5);
    EXPECT_EQ(parsed<unsigned>("-0"), 0U);
}

TEST(Scalar, WhatIsNoIntegerIsRefusedInPydanticsWords) {
    for (const std::string_view text :
         {"",    " ",   "+",   "-",   "5.5",  "5.",    ".0",    "-.0", "0x10", "1e3", "5,0",      "5 5",
          "- 5", "--5", "++5", "+-5", "true", "5.0.0", "5.0 0", "_1",  "1__0", "1_",  "\xD9\xA3", "abc"})
        EXPECT_EQ(refusal<int>(text), no_integer) << '"' << text << '"';
    EXPECT_EQ(refusal<int>(std::string_view{"5\0", 2}), no_integer);
}

TEST(Scalar, SingleUnderscoresGroupDigits) {
    for (const std::string_view text : {"1_000", "+1_000", " 1_000 ", "1_000.00", "0_1_000", "1_0_0_0"})
        EXPECT_EQ(parsed<int>(text), 1000) << text;
    EXPECT_EQ(parsed<int>("-1_0"), -10);
    for (const std::string_view text :
         {"_1", "1_", "1__0", "-_1", "+_1", "1_.0", "1.0_0", "1._0", "_", "1 _0"})
        EXPECT_EQ(refusal<int>(text), no_integer) << text;
    EXPECT_EQ(parsed<double>("1_000.5"), 1000.5);
    EXPECT_EQ(parsed<double>("-1_0.5_5"), -10.55);
    EXPECT_EQ(parsed<double>("1_0e1_0"), 1e11);
    for (const std::string_view text : {"_1.0", "1.0_", "1__0.0", "_", "1 _0"})
        EXPECT_EQ(refusal<double>(text), no_number) << text;
}

TEST(Scalar, AnIntegerBeyond64BitsIsRefusedWithTheBoundOfItsType) {
    EXPECT_EQ(refusal<int>("18446744073709551616"),
              "less_than_equal: Input should be less than or equal to 2147483647 le=2147483647");
    EXPECT_EQ(refusal<std::int64_t>("-1844674407_3709551616"),
              "greater_than_equal: Input should be greater than or equal to -9223372036854775808 "
              "ge=-9223372036854775808");
    EXPECT_EQ(refusal<std::uint32_t>("-99999999999999999999999"),
              "greater_than_equal: Input should be greater than or equal to 0 ge=0");
    EXPECT_EQ(refusal<std::uint64_t>("18446744073709551616"),
              "less_than_equal: Input should be less than or equal to 18446744073709551615 "
              "le=18446744073709551615");
    EXPECT_EQ(parsed<int>(std::string(5000, '0') + "7"), 7);
}

// Python's limit, which pydantic has as well.
TEST(Scalar, AnIntegerHasAtMost4300Digits) {
    const std::string_view bound =
        "less_than_equal: Input should be less than or equal to 18446744073709551615 le=18446744073709551615";
    EXPECT_EQ(refusal<std::uint64_t>(std::string(4300, '9')), bound);
    EXPECT_EQ(refusal<std::uint64_t>(std::string(4301, '9')), too_long);
    EXPECT_EQ(refusal<std::uint64_t>(std::string(1 << 20, '1')), too_long);
    EXPECT_EQ(refusal<std::uint64_t>(std::string(1 << 20, '1') + "x"), no_integer);
}

template <class T>
void expect_range(std::string_view lowest, std::string_view below, std::string_view highest,
                  std::string_view above) {
    SCOPED_TRACE(highest);
    EXPECT_EQ(parsed<T>(lowest), std::numeric_limits<T>::min());
    EXPECT_EQ(parsed<T>(highest), std::numeric_limits<T>::max());
    EXPECT_EQ(refusal<T>(below), std::string{"greater_than_equal: Input should be greater than or equal to "}
                                     .append(lowest)
                                     .append(" ge=")
                                     .append(lowest));
    EXPECT_EQ(refusal<T>(above), std::string{"less_than_equal: Input should be less than or equal to "}
                                     .append(highest)
                                     .append(" le=")
                                     .append(highest));
}

TEST(Scalar, AnIntegerOutOfItsTypesRangeIsRefusedWithTheBoundThatItBroke) {
    expect_range<std::int8_t>("-128", "-129", "127", "128");
    expect_range<std::uint8_t>("0", "-1", "255", "256");
    expect_range<std::int16_t>("-32768", "-32769", "32767", "32768");
    expect_range<std::uint16_t>("0", "-1", "65535", "65536");
    expect_range<std::int32_t>("-2147483648", "-2147483649", "2147483647", "2147483648");
    expect_range<std::uint32_t>("0", "-1", "4294967295", "4294967296");
    expect_range<std::int64_t>("-9223372036854775808", "-9223372036854775809", "9223372036854775807",
                               "9223372036854775808");
}

TEST(Scalar, AnUnsigned64BitIntegerReachesToItsEnds) {
    EXPECT_EQ(parsed<std::uint64_t>("18446744073709551615"), 18446744073709551615U);
    EXPECT_EQ(refusal<std::uint64_t>("-1"),
              "greater_than_equal: Input should be greater than or equal to 0 ge=0");
}

TEST(Scalar, EveryIntegerReadsBackAsItself) {
    std::mt19937_64 random{7};
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t magnitude = random() >> (random() % 64);
        ASSERT_EQ(parsed<std::uint64_t>(std::to_string(magnitude)), magnitude);
        const auto number = static_cast<std::int64_t>(magnitude);
        ASSERT_EQ(parsed<std::int64_t>(std::to_string(number)), number);
    }
}

TEST(Scalar, ADoubleIsReadInAllTheFormsThatPythonReads) {
    EXPECT_EQ(parsed<double>("0"), 0.0);
    EXPECT_EQ(parsed<double>("1.5"), 1.5);
    EXPECT_EQ(parsed<double>(" 1.5\n"), 1.5);
    EXPECT_EQ(parsed<double>("+1.5"), 1.5);
    EXPECT_EQ(parsed<double>("-1.5"), -1.5);
    EXPECT_EQ(parsed<double>(".5"), 0.5);
    EXPECT_EQ(parsed<double>("5."), 5.0);
    EXPECT_EQ(parsed<double>("1e3"), 1000.0);
    EXPECT_EQ(parsed<double>("1E+3"), 1000.0);
    EXPECT_EQ(parsed<double>("1e-3"), 0.001);
    EXPECT_EQ(parsed<double>("007.50"), 7.5);
    EXPECT_TRUE(std::signbit(parsed<double>("-0").value_or(1)));
}

TEST(Scalar, WhatIsNoNumberIsRefusedInPydanticsWords) {
    for (const std::string_view text :
         {"",      " ",   "+",   "-",   ".",   "e5", "1e",  "1e+",     "0x10",   "1,5",
          "1.5.5", "+-1", "-+1", "--1", "+ 1", "1f", "1 5", "infinit", "nan(1)", "abc"})
        EXPECT_EQ(refusal<double>(text), no_number) << '"' << text << '"';
}

TEST(Scalar, OnlyFiniteNumbersAreRead) {
    for (const std::string_view text : {"inf", "-inf", "+inf", "Infinity", "-INFINITY", "nan", "-nan", "NaN",
                                        "1e400", "-1e400", "1e999999999", "1e99999999999999999999"})
        EXPECT_EQ(refusal<double>(text), not_finite) << text;
    EXPECT_EQ(refusal<float>("1e39"), not_finite);
    EXPECT_EQ(parsed<float>("1e38"), 1e38F);
}

TEST(Scalar, ANumberTooSmallForADoubleIsZero) {
    EXPECT_EQ(parsed<double>("1e-400"), 0.0);
    EXPECT_EQ(parsed<double>("-1e-400"), 0.0);
    EXPECT_EQ(parsed<double>("0.00000001e-320"), 0.0);
    EXPECT_EQ(parsed<double>("1e-99999999999999999999"), 0.0);
    EXPECT_EQ(parsed<double>("0." + std::string(400, '0') + "1"), 0.0);
    EXPECT_EQ(parsed<double>("." + std::string(400, '0') + "1"), 0.0);
    EXPECT_EQ(parsed<float>("1e-60"), 0.0F);
}

TEST(Scalar, TheSizeOfANumberIsThatOfItsDigitsAndItsExponentTogether) {
    EXPECT_EQ(parsed<double>("0e999"), 0.0);
    EXPECT_EQ(parsed<double>("0.0e99999999999999999999"), 0.0);
    EXPECT_EQ(parsed<double>("0." + std::string(400, '0') + "1e5"), 0.0);
    EXPECT_EQ(parsed<double>("0." + std::string(400, '0') + "1e401"), 1.0);
    EXPECT_EQ(parsed<double>("1" + std::string(400, '0') + "e-400"), 1.0);
    EXPECT_EQ(refusal<double>("1" + std::string(800, '0') + "e-300"), not_finite);
    EXPECT_EQ(refusal<double>("1" + std::string(309, '0')), not_finite);
    EXPECT_EQ(refusal<double>("0" + std::string(309, '9')), not_finite);
}

TEST(Scalar, ADoubleIsTheNearestOne) {
    std::mt19937_64 random{11};
    std::uniform_int_distribution<int> exponent{-320, 300};
    for (int i = 0; i < 20000; ++i) {
        char text[64];
        std::snprintf(text, sizeof text, "%llu.%llue%d", static_cast<unsigned long long>(random() >> 20),
                      static_cast<unsigned long long>(random() >> 20), exponent(random));
        const double expected = std::strtod(text, nullptr);
        if (!std::isfinite(expected)) continue;
        ASSERT_EQ(parsed<double>(text), expected) << text;
    }
}

TEST(Scalar, ATruthValueIsOneOfTwelveWordsInAnyCase) {
    for (const std::string_view text : {"1", "on", "t", "true", "y", "yes", "True", "ON", "YeS"})
        EXPECT_EQ(parsed<bool>(text), true) << text;
    for (const std::string_view text : {"0", "off", "f", "false", "n", "no", "False", "OFF", "nO"})
        EXPECT_EQ(parsed<bool>(text), false) << text;
    for (const std::string_view text : {"", "2", "1.0", "tru", "oui", " true", "true ", "01", "nope"})
        EXPECT_EQ(refusal<bool>(text), no_bool) << '"' << text << '"';
}

TEST(Scalar, TextIsAViewOfWhatWasSent) {
    const std::string_view sent = " as it is \x01";
    const std::optional<std::string_view> text = parsed<std::string_view>(sent);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->data(), sent.data());
    EXPECT_EQ(text->size(), sent.size());
}

TEST(Scalar, NoCharacterTypeIsANumber) {
    static_assert(Scalar<std::int8_t> && Scalar<std::uint8_t> && Scalar<long long> && Scalar<bool>);
    static_assert(Scalar<float> && Scalar<std::string_view>);
    static_assert(!Scalar<char> && !Scalar<wchar_t> && !Scalar<char8_t> && !Scalar<char16_t> &&
                  !Scalar<char32_t>);
    static_assert(!Scalar<std::string> && !Scalar<const char*> && !Scalar<std::optional<int>>);
}

}  // namespace
