// Every type that a parameter has, and what FastAPI says of text that is none of it.
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "in_process.hpp"
#include "parameter_answers.hpp"

namespace shop {
enum class Color { red, green, blue };
BOOST_DESCRIBE_ENUM(Color, red, green, blue)

enum class Side { left, right };
BOOST_DESCRIBE_ENUM(Side, left, right)

enum class Only { one };
BOOST_DESCRIBE_ENUM(Only, one)
}  // namespace shop

namespace {

using namespace parameter_answers;
using parameter_answers::detail;
using shop::Color;

template <class T>
std::string range_error(std::string_view input) {
    return query<Query<T, "v">>(std::string{"v="}.append(input));
}

TEST(ParameterTypes, IntegersOfEveryWidthSayTheirRange) {
    const auto above = [](std::string_view input, std::string_view bound) {
        return detail(error("less_than_equal", R"(["query","v"])",
                            std::string{"Input should be less than or equal to "}.append(bound),
                            std::string{"\""}.append(input).append("\""),
                            std::string{R"("le":)"}.append(bound)));
    };
    const auto below = [](std::string_view input, std::string_view bound) {
        return detail(error("greater_than_equal", R"(["query","v"])",
                            std::string{"Input should be greater than or equal to "}.append(bound),
                            std::string{"\""}.append(input).append("\""),
                            std::string{R"("ge":)"}.append(bound)));
    };
    EXPECT_EQ(range_error<std::int8_t>("128"), above("128", "127"));
    EXPECT_EQ(range_error<std::int8_t>("-129"), below("-129", "-128"));
    EXPECT_EQ(range_error<std::uint8_t>("256"), above("256", "255"));
    EXPECT_EQ(range_error<std::uint8_t>("-1"), below("-1", "0"));
    EXPECT_EQ(range_error<std::int16_t>("32768"), above("32768", "32767"));
    EXPECT_EQ(range_error<std::uint16_t>("65536"), above("65536", "65535"));
    EXPECT_EQ(range_error<std::int32_t>("2147483648"), above("2147483648", "2147483647"));
    EXPECT_EQ(range_error<std::uint32_t>("4294967296"), above("4294967296", "4294967295"));
    EXPECT_EQ(range_error<std::int64_t>("9223372036854775808"),
              above("9223372036854775808", "9223372036854775807"));
    EXPECT_EQ(range_error<std::uint64_t>("-1"), below("-1", "0"));
    EXPECT_EQ(range_error<std::uint64_t>("18446744073709551615"), R"({"v":18446744073709551615})");
    EXPECT_EQ(range_error<std::int64_t>("-9223372036854775808"), R"({"v":-9223372036854775808})");
    EXPECT_EQ(range_error<std::uint64_t>("18446744073709551616"),
              above("18446744073709551616", "18446744073709551615"));
    EXPECT_EQ(range_error<std::uint32_t>("99999999999999999999999"),
              above("99999999999999999999999", "4294967295"));
    EXPECT_EQ(range_error<std::int8_t>("-99999999999999999999999"),
              below("-99999999999999999999999", "-128"));
    EXPECT_EQ(range_error<std::int16_t>("1_000"), R"({"v":1000})");
}

TEST(ParameterTypes, ABoolHasManySpellings) {
    for (const std::string_view yes : {"1", "on", "t", "true", "y", "yes", "YES", "True"})
        EXPECT_EQ((query<Query<bool, "v">>(std::string{"v="}.append(yes))), R"({"v":true})") << yes;
    for (const std::string_view no : {"0", "off", "f", "false", "n", "no", "OFF"})
        EXPECT_EQ((query<Query<bool, "v">>(std::string{"v="}.append(no))), R"({"v":false})") << no;
    EXPECT_EQ((query<Query<bool, "v">>("v=2")),
              detail(error("bool_parsing", R"(["query","v"])",
                           "Input should be a valid boolean, unable to interpret input", R"("2")")));
}

TEST(ParameterTypes, AnEnumIsOneOfItsNames) {
    EXPECT_EQ((query<Query<Color, "v">>("v=green")), R"({"v":"green"})");
    EXPECT_EQ((query<Query<Color, "v">>("v=Green")),
              detail(error("enum", R"(["query","v"])", "Input should be 'red', 'green' or 'blue'",
                           R"("Green")", R"("expected":"'red', 'green' or 'blue'")")));
    EXPECT_EQ((query<Query<shop::Side, "v">>("v=up")),
              detail(error("enum", R"(["query","v"])", "Input should be 'left' or 'right'", R"("up")",
                           R"("expected":"'left' or 'right'")")));
    EXPECT_EQ(
        (query<Query<shop::Only, "v">>("v=")),
        detail(error("enum", R"(["query","v"])", "Input should be 'one'", R"("")", R"("expected":"'one'")")));
    EXPECT_EQ((query<Query<Color, "v", Default<Color::blue>>>("")), R"({"v":"blue"})");
    EXPECT_EQ((query<Query<std::optional<Color>, "v">>("")), R"({"v":null})");
}

TEST(ParameterTypes, AUuidIsReadInAllItsFormsAndWrittenInOne) {
    constexpr std::string_view canonical = R"({"v":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"})";
    for (const std::string_view text :
         {"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6BA7B8109DAD11D180B400C04FD430C8",
          "%7B6ba7b810-9dad-11d1-80b4-00c04fd430c8%7D", "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8"})
        EXPECT_EQ((query<Query<Uuid, "v">>(std::string{"v="}.append(text))), canonical) << text;

    const auto refused = [](std::string_view text, std::string_view why) {
        EXPECT_EQ((query<Query<Uuid, "v">>(std::string{"v="}.append(text))),
                  detail(error("uuid_parsing", R"(["query","v"])",
                               std::string{"Input should be a valid UUID, "}.append(why),
                               std::string{"\""}.append(text).append("\""),
                               std::string{R"("error":")"}.append(why).append("\""))));
    };
    const auto character = [](std::string_view found, int at) {
        return "invalid character: found `" + std::string{found} + "` at " + std::to_string(at);
    };
    refused("not-a-uuid", character("n", 1));
    refused("6ba7b810-9dad-11d1-80b4-00c04fd430cg", character("g", 36));
    refused("urn:uuid:x", character("x", 10));
    refused("", "invalid length: expected length 32 for simple format, found 0");
    refused("6ba7b810", "invalid length: expected length 32 for simple format, found 8");
    refused("6ba7b810-9dad", "invalid group count: expected 5, found 2");
    refused("6ba7b810-9dad-11d1-80b4-00c04fd430c", "invalid group length in group 4: expected 12, found 11");
    refused("6ba7b81-09dad-11d1-80b4-00c04fd430c8", "invalid group length in group 0: expected 8, found 7");
    // Of what is as long as one with braces or a prefix, these do not count; else they do.
    refused("{6ba7b810-9dad}11d1-80b4-00c04fd430c8}", character("}", 14));
    refused("{6ba7b810-9dad-11d1-80b4-00c04fd430c8}}", character("}", 38));
    refused("urn:uuid:6ba7b81x-9dad-11d1-80b4-00c04fd430c8", character("x", 8));
    refused("{6ba7b810-9dad-11d1-80b4-00c04fd430c8a}",
            "invalid group length in group 4: expected 12, found 15");
    refused("urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c",
            "invalid group length in group 4: expected 12, found 20");
    refused("{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}",
            "invalid length: expected length 32 for simple format, found 36");
    refused("{aaaa}", "invalid group count: expected 5, found 1");
    EXPECT_NE((query<Query<Uuid, "v">>("v=%FF")).find("non-UTF8 input"), std::string::npos);
    EXPECT_NE((query<Query<Uuid, "v">>("v=a%C3%BC")).find(character("ü", 2)), std::string::npos);
}

TEST(ParameterTypes, AUuidIsAValue) {
    const Uuid nil;
    const auto one = Uuid::parse("00000000-0000-0000-0000-000000000001");
    ASSERT_TRUE(one);
    EXPECT_LT(nil, *one);
    EXPECT_EQ(one->bytes()[15], 1);
    EXPECT_FALSE(Uuid::parse("{00000000000000000000000000000001}"));
    EXPECT_FALSE(Uuid::parse("0000000000000000000000000000000-0000"));
}

TEST(ParameterTypes, ATimeIsReadInAllItsFormsAndWrittenInUtc) {
    const auto read = [](std::string_view text) {
        return query<Query<Timestamp, "v">>(std::string{"v="}.append(text));
    };
    EXPECT_EQ(read("2026-11-22T21:00:00Z"), R"({"v":"2026-11-22T21:00:00Z"})");
    EXPECT_EQ(read("2026-11-22T21:00:00z"), R"({"v":"2026-11-22T21:00:00Z"})");
    EXPECT_EQ(read("2026-11-22t21:00:00"), R"({"v":"2026-11-22T21:00:00Z"})");
    EXPECT_EQ(read("2026-11-22_21:00"), R"({"v":"2026-11-22T21:00:00Z"})");
    EXPECT_EQ(read("2026-11-22+21:00:59.5"), R"({"v":"2026-11-22T21:00:59.500000Z"})");
    EXPECT_EQ(read("2026-11-22T21:00:00.123456789%2B01:30"), R"({"v":"2026-11-22T19:30:00.123456Z"})");
    EXPECT_EQ(read("2026-11-22T21:00:00,5-0430"), R"({"v":"2026-11-23T01:30:00.500000Z"})");
    EXPECT_EQ(read("2026-11-22T21:00:00%E2%88%9202:00"), R"({"v":"2026-11-22T23:00:00Z"})");
    EXPECT_EQ(read("2024-02-29"), R"({"v":"2024-02-29T00:00:00Z"})");
    EXPECT_EQ(read("1641039194"), R"({"v":"2022-01-01T12:13:14Z"})");
    EXPECT_EQ(read("1654619320123"), R"({"v":"2022-06-07T16:28:40.123000Z"})");
    EXPECT_EQ(read("-1.25"), R"({"v":"1969-12-31T23:59:58.750000Z"})");
    EXPECT_EQ(read("20000000000"), R"({"v":"2603-10-11T11:33:20Z"})");
    EXPECT_EQ(read("20000000001"), R"({"v":"1970-08-20T11:33:20.001000Z"})");
    EXPECT_EQ(read("-20000000000"), R"({"v":"1336-03-23T12:26:40Z"})");
    EXPECT_EQ(read("-62135596800000"), R"({"v":"0001-01-01T00:00:00Z"})");
    EXPECT_EQ(read("253402300799999"), R"({"v":"9999-12-31T23:59:59.999000Z"})");
    EXPECT_EQ(read("17323092000025"), R"({"v":"2518-12-12T18:00:00.025000Z"})");
    EXPECT_EQ(read("1732309200123.4567"), R"({"v":"2024-11-22T21:00:00.123457Z"})");
    EXPECT_EQ(read("-1.0000005"), R"({"v":"1969-12-31T23:59:58.999999Z"})");
    EXPECT_EQ(read(".5"), R"({"v":"1970-01-01T00:00:00.500000Z"})");
    EXPECT_EQ(read("%2B5."), R"({"v":"1970-01-01T00:00:05Z"})");
    EXPECT_EQ(read("0001-01-01T00:00:00Z"), R"({"v":"0001-01-01T00:00:00Z"})");
    EXPECT_EQ(read("9999-12-31T23:59:59.999999Z"), R"({"v":"9999-12-31T23:59:59.999999Z"})");
}

TEST(ParameterTypes, WhatIsNoTimeIsSaidAsPydanticDoes) {
    const auto refused = [](std::string_view text, std::string_view why) {
        EXPECT_EQ((query<Query<Timestamp, "v">>(std::string{"v="}.append(text))),
                  detail(error("datetime_from_date_parsing", R"(["query","v"])",
                               std::string{"Input should be a valid datetime or date, "}.append(why),
                               std::string{"\""}.append(text).append("\""),
                               std::string{R"("error":")"}.append(why).append("\""))))
            << text;
    };
    refused("", "input is too short");
    refused("bad", "input is too short");
    refused("not-a-datetime", "invalid character in year");
    refused("2026/11/22", "invalid date separator, expected `-`");
    refused("2024-0:00Z", "invalid character in month");
    refused("2026-11-2x", "invalid character in day");
    refused("2026-13-22", "month value is outside expected range of 1-12");
    refused("2026-02-30T00:00:00Z", "day value is outside expected range");
    const std::string extra = "unexpected extra characters at the end of the input";
    for (const std::string_view text :
         {"2026-10-09T24:00:00Z", "2026-10-09T23:60:00Z", "2026-10-09T23:00:60Z", "2026-10-09x23:00",
          "2026-10-09T23", "2026-10-09T23:00:00.Z", "2026-10-09T23:00:00Zx", "2026-10-09T23:00:00-2400",
          "2026-10-09T23:00:00-01", "2026-10-09T23:00:00-0160", "2026-10-09T"})
        refused(text, extra);
    refused("1000000000000000000", "dates after 9999 are not supported as unix timestamps");
    refused("253402300800000", "dates after 9999 are not supported as unix timestamps");
    refused("-62167219200001", "dates before 0000 are not supported as unix timestamps");
    // What is no number of 64 bits is taken for a date.
    refused("9223372036854775808", "invalid date separator, expected `-`");
    refused("-9223372036854775809", "invalid character in year");
    for (const std::string_view text : {"1e3", "1_0", ".", "-.", "inf", "nan"})
        refused(text, "input is too short");
    for (const std::string_view text : {"0000-01-01", "-62135596800001"})
        EXPECT_EQ((query<Query<Timestamp, "v">>(std::string{"v="}.append(text))),
                  detail(error("datetime_parsing", R"(["query","v"])",
                               "Input should be a valid datetime, year 0 is out of range",
                               std::string{"\""}.append(text).append("\""),
                               R"("error":"year 0 is out of range")")));
    // Blanks are not taken off.
    EXPECT_NE((query<Query<Timestamp, "v">>("v=+2026-11-22")).find("invalid character in year"),
              std::string::npos);
    EXPECT_NE((query<Query<Timestamp, "v">>("v=2026-11-22+")).find(extra), std::string::npos);
    EXPECT_NE((query<Query<Timestamp, "v">>("v=1+")).find("input is too short"), std::string::npos);
}

}  // namespace
