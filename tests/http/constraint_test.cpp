// Constraints of parameters: what pydantic says of the same values, through the binder.
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "in_process.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using test::get;

std::string detail(std::string_view errors) {
    return std::string{R"({"detail":[)"}.append(errors).append("]}");
}

/// What is answered to `?v=text` where the handler's parameter is a P, which is called v.
template <class P>
std::string answer(std::string_view text) {
    App app{alloc::heap(), {}};
    app.get("/", [](P v, alloc::Allocator arena) { return Response::json(arena, {{"v", v}}); });
    return get(app, std::string{"/?"}.append(text)).body;
}

std::string error(std::string_view type, std::string_view message, std::string_view input,
                  std::string_view context) {
    return detail(std::string{R"({"type":")"}
                      .append(type)
                      .append(R"(","loc":["query","v"],"msg":")")
                      .append(message)
                      .append(R"(","input":")")
                      .append(input)
                      .append(R"(","ctx":{)")
                      .append(context)
                      .append("}}"));
}

TEST(Constraint, NumbersAreComparedWithTheirBounds) {
    EXPECT_EQ((answer<Query<int, "v", Ge<3>>>("v=3")), R"({"v":3})");
    EXPECT_EQ((answer<Query<int, "v", Ge<3>>>("v=2")),
              error("greater_than_equal", "Input should be greater than or equal to 3", "2", R"("ge":3)"));
    EXPECT_EQ((answer<Query<int, "v", Gt<3>>>("v=4")), R"({"v":4})");
    EXPECT_EQ((answer<Query<int, "v", Gt<3>>>("v=3")),
              error("greater_than", "Input should be greater than 3", "3", R"("gt":3)"));
    EXPECT_EQ((answer<Query<int, "v", Le<3>>>("v=3")), R"({"v":3})");
    EXPECT_EQ((answer<Query<int, "v", Le<3>>>("v=4")),
              error("less_than_equal", "Input should be less than or equal to 3", "4", R"("le":3)"));
    EXPECT_EQ((answer<Query<int, "v", Lt<3>>>("v=2")), R"({"v":2})");
    EXPECT_EQ((answer<Query<int, "v", Lt<3>>>("v=3")),
              error("less_than", "Input should be less than 3", "3", R"("lt":3)"));
    EXPECT_EQ((answer<Query<int, "v", MultipleOf<3>>>("v=-9")), R"({"v":-9})");
    EXPECT_EQ((answer<Query<int, "v", MultipleOf<3>>>("v=-8")),
              error("multiple_of", "Input should be a multiple of 3", "-8", R"("multiple_of":3)"));
    EXPECT_EQ((answer<Query<int, "v", Ge<-3>, Le<-1>>>("v=0")),
              error("less_than_equal", "Input should be less than or equal to -1", "0", R"("le":-1)"));
    EXPECT_EQ((answer<Query<int, "v", Ge<-3>, Le<-1>>>("v=-4")),
              error("greater_than_equal", "Input should be greater than or equal to -3", "-4", R"("ge":-3)"));
    EXPECT_EQ((answer<Query<int, "v", Ge<-3>, Le<-1>>>("v=-0002")), R"({"v":-2})");
    EXPECT_EQ((answer<Query<int, "v", Gt<-1>>>("v=-0")), R"({"v":0})");
    // Beyond what is kept of their digits, -2^64 and its neighbours.
    for (const std::string_view far :
         {"-18446744073709551615", "-18446744073709551616", "-18446744073709551617"})
        EXPECT_EQ(
            (answer<Query<int, "v", Ge<1>, Le<100>>>(std::string{"v="}.append(far))),
            error("greater_than_equal", "Input should be greater than or equal to 1", far, R"("ge":1)"));
    EXPECT_EQ((answer<Query<int, "v", Ge<1>, Le<100>>>("v=18446744073709551616")),
              error("less_than_equal", "Input should be less than or equal to 100", "18446744073709551616",
                    R"("le":100)"));
}

TEST(Constraint, TheFirstBrokenOneIsReportedInPydanticsOrder) {
    using P = Query<int, "v", Gt<10>, MultipleOf<7>, Lt<5000>, Description<"d">>;
    EXPECT_EQ(answer<P>("v=8"),
              error("multiple_of", "Input should be a multiple of 7", "8", R"("multiple_of":7)"));
    EXPECT_EQ(answer<P>("v=7"), error("greater_than", "Input should be greater than 10", "7", R"("gt":10)"));
    EXPECT_EQ(answer<P>("v=7000"),
              error("less_than", "Input should be less than 5000", "7000", R"("lt":5000)"));
    EXPECT_EQ(answer<P>("v=70"), R"({"v":70})");
}

TEST(Constraint, FloatingPointNumbersShowTheirBoundsAsFloats) {
    using P = Query<double, "v", Gt<0>, Lt<10.5>>;
    EXPECT_EQ(answer<P>("v=10.4"), R"({"v":10.4})");
    EXPECT_EQ(answer<P>("v=0"), error("greater_than", "Input should be greater than 0", "0", R"("gt":0.0)"));
    EXPECT_EQ(answer<P>("v=10.5"),
              error("less_than", "Input should be less than 10.5", "10.5", R"("lt":10.5)"));
    EXPECT_EQ((answer<Query<float, "v", Le<1>>>("v=1e300")),
              error("less_than_equal", "Input should be less than or equal to 1", "1e300", R"("le":1.0)"));
    EXPECT_EQ((answer<Query<double, "v", MultipleOf<0.1>>>("v=0.3")), R"({"v":0.3})");
    EXPECT_EQ((answer<Query<double, "v", MultipleOf<0.1>>>("v=-0.7")), R"({"v":-0.7})");
    EXPECT_EQ((answer<Query<double, "v", MultipleOf<0.1>>>("v=0.35")),
              error("multiple_of", "Input should be a multiple of 0.1", "0.35", R"("multiple_of":0.1)"));
    EXPECT_EQ((answer<Query<double, "v", MultipleOf<0.1>>>("v=1e300")), R"({"v":1e+300})");
}

TEST(Constraint, ABoundIsReportedBeforeTheRangeOfTheType) {
    using P = Query<std::uint8_t, "v", Ge<1>, Le<100>>;
    EXPECT_EQ(answer<P>("v=300"),
              error("less_than_equal", "Input should be less than or equal to 100", "300", R"("le":100)"));
    EXPECT_EQ(answer<P>("v=-1"),
              error("greater_than_equal", "Input should be greater than or equal to 1", "-1", R"("ge":1)"));
    EXPECT_EQ((answer<Query<std::int8_t, "v", Ge<1>>>("v=300")),
              error("less_than_equal", "Input should be less than or equal to 127", "300", R"("le":127)"));
    EXPECT_EQ((answer<Query<std::uint64_t, "v", Le<18446744073709551615U>>>("v=18446744073709551615")),
              R"({"v":18446744073709551615})");
    EXPECT_EQ((answer<Query<std::int64_t, "v", Gt<-9223372036854775807>>>("v=-9223372036854775808")),
              error("greater_than", "Input should be greater than -9223372036854775807",
                    "-9223372036854775808", R"("gt":-9223372036854775807)"));
}

TEST(Constraint, TheLengthOfTextIsCountedInCodePoints) {
    using P = Query<std::string_view, "v", MinLength<3>, MaxLength<5>>;
    EXPECT_EQ(answer<P>("v=abc"), R"({"v":"abc"})");
    EXPECT_EQ(answer<P>("v=%C3%BC%E2%82%AC%F0%9F%98%80"), R"({"v":"ü€😀"})");
    EXPECT_EQ(
        answer<P>("v=%C3%BC%E2%82%AC"),
        error("string_too_short", "String should have at least 3 characters", "ü€", R"("min_length":3)"));
    EXPECT_EQ(answer<P>("v=abcdef"), error("string_too_long", "String should have at most 5 characters",
                                           "abcdef", R"("max_length":5)"));
    EXPECT_EQ((answer<Query<std::string_view, "v", MinLength<1>>>("v=")),
              error("string_too_short", "String should have at least 1 character", "", R"("min_length":1)"));
    EXPECT_EQ((answer<Query<std::string_view, "v", MaxLength<1>>>("v=ab")),
              error("string_too_long", "String should have at most 1 character", "ab", R"("max_length":1)"));
    EXPECT_EQ((answer<Query<std::string_view, "v", MaxLength<2>>>("v=%FF%00")),
              "{\"v\":\"\xEF\xBF\xBD\\u0000\"}");
}

TEST(Constraint, APatternIsSearchedAndReportedWithItsText) {
    using P = Query<std::string_view, "v", MaxLength<12>, Pattern<"^fixedquery$">>;
    EXPECT_EQ(answer<P>("v=fixedquery"), R"({"v":"fixedquery"})");
    EXPECT_EQ(answer<P>("v=fixed"),
              error("string_pattern_mismatch", "String should match pattern '^fixedquery$'", "fixed",
                    R"("pattern":"^fixedquery$")"));
    EXPECT_EQ(answer<P>("v=nonregexquery"),
              error("string_too_long", "String should have at most 12 characters", "nonregexquery",
                    R"("max_length":12)"));
    EXPECT_EQ((answer<Query<std::string_view, "v", Pattern<"b+">>>("v=abbc")), R"({"v":"abbc"})");
}

TEST(Constraint, AnOptionalThatIsThereIsConstrained) {
    using P = Query<std::optional<int>, "v", Ge<3>>;
    EXPECT_EQ(answer<P>(""), R"({"v":null})");
    EXPECT_EQ(answer<P>("v=3"), R"({"v":3})");
    EXPECT_EQ(answer<P>("v=2"),
              error("greater_than_equal", "Input should be greater than or equal to 3", "2", R"("ge":3)"));
}

TEST(Constraint, OptionsStandInAnyOrderAndAnAliasIsTheNameOnTheWire) {
    using P = Query<int, "value", Le<20>, Alias<"v">, Default<10>, Example<5>, Example<7>, Ge<1>>;
    EXPECT_EQ(answer<P>(""), R"({"v":10})");
    EXPECT_EQ(answer<P>("value=1"), R"({"v":10})");
    EXPECT_EQ(answer<P>("v=20"), R"({"v":20})");
    EXPECT_EQ(answer<P>("v=21"),
              error("less_than_equal", "Input should be less than or equal to 20", "21", R"("le":20)"));
}

TEST(Constraint, PathsAreConstrainedToo) {
    App app{alloc::heap(), {}};
    app.get("/items/{id}",
            [](Path<int, "id", Ge<0>, Le<1000>> id, Query<double, "size", Gt<0>, Lt<10.5>> size,
               alloc::Allocator arena) { return Response::json(arena, {{"id", id}, {"size", size}}); });
    EXPECT_EQ(get(app, "/items/0?size=0.1").body, R"({"id":0,"size":0.1})");
    EXPECT_EQ(get(app, "/items/1000?size=10.4").body, R"({"id":1000,"size":10.4})");
    EXPECT_EQ(
        get(app, "/items/1001?size=0").body,
        detail(R"({"type":"less_than_equal","loc":["path","id"],"msg":"Input should be less than or equal )"
               R"(to 1000","input":"1001","ctx":{"le":1000}},)"
               R"({"type":"greater_than","loc":["query","size"],"msg":"Input should be greater than 0",)"
               R"("input":"0","ctx":{"gt":0.0}})"));
    EXPECT_EQ(
        get(app, "/items/-1?size=10.5").body,
        detail(R"({"type":"greater_than_equal","loc":["path","id"],"msg":"Input should be greater than or )"
               R"(equal to 0","input":"-1","ctx":{"ge":0}},)"
               R"({"type":"less_than","loc":["query","size"],"msg":"Input should be less than 10.5",)"
               R"("input":"10.5","ctx":{"lt":10.5}})"));
}

TEST(Constraint, AListIsAsLongAsItsElementsAreMany) {
    alloc::Arena arena;
    ValidationErrors errors{arena.allocator()};
    const Location location{nullptr, "body"};
    const std::vector<int> list{1, 2};
    const JsonValue input{list};
    using http::detail::check_constraints;
    EXPECT_TRUE((check_constraints<MinLength<2>, MaxLength<2>>(list, errors, location, input)));
    EXPECT_FALSE((check_constraints<MinLength<3>>(list, errors, location, input)));
    EXPECT_FALSE((check_constraints<MaxLength<1>>(std::optional{list}, errors, location, input)));
    EXPECT_TRUE((check_constraints<MaxLength<1>>(std::optional<int>{}, errors, location, input)));
    EXPECT_EQ(errors.response().body(),
              detail(R"({"type":"too_short","loc":["body"],"msg":"List should have at least 3 items after )"
                     R"(validation, not 2","input":[1,2],"ctx":{"field_type":"List","min_length":3,)"
                     R"("actual_length":2}},)"
                     R"({"type":"too_long","loc":["body"],"msg":"List should have at most 1 item after )"
                     R"(validation, not 2","input":[1,2],"ctx":{"field_type":"List","max_length":1,)"
                     R"("actual_length":2}})"));
}

}  // namespace
