// Path, Query, Header, Cookie and Form: what comes from every place, and what FastAPI says when it is wrong.
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "in_process.hpp"
#include "parameter_answers.hpp"

namespace shop {
namespace http = zigmund::http;

enum class Color { red, green, blue };
BOOST_DESCRIBE_ENUM(Color, red, green, blue)

struct Filters {
    int limit = 100;
    std::optional<std::string_view> q;
    Color color;
    std::span<const std::string_view> tags;
};
BOOST_DESCRIBE_STRUCT(Filters, (), (limit, q, color, tags))

struct Login {
    std::string_view username;
    std::string_view password;
    bool remember = false;
};
BOOST_DESCRIBE_STRUCT(Login, (), (username, password, remember))

struct CommonHeaders {
    std::string_view host;
    bool save_data;
    std::optional<std::string_view> if_modified_since;
    std::span<const std::string_view> x_tag;
};
BOOST_DESCRIBE_STRUCT(CommonHeaders, (), (host, save_data, if_modified_since, x_tag))

struct Cookies {
    std::string_view session_id;
    std::optional<std::string_view> tracker;
};
BOOST_DESCRIBE_STRUCT(Cookies, (), (session_id, tracker))

struct Strict {
    int limit = 10;
    static constexpr auto extra_members = zigmund::http::ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Strict, (), (limit))

struct Page {
    http::Member<int, http::Default<1>, http::Ge<1>> number;
    http::Member<std::string_view, http::Alias<"q">, http::MinLength<2>> text;
    http::Member<std::pmr::vector<int>, http::MaxLength<2>> ids;
    http::Member<std::optional<int>, http::Alias<"x_max">, http::Lt<9>> max;
};
BOOST_DESCRIBE_STRUCT(Page, (), (number, text, ids, max))

struct Passwords {
    std::string_view first;
    std::string_view second;
};
BOOST_DESCRIBE_STRUCT(Passwords, (), (first, second))

std::optional<http::Invalid> validate(const Passwords& passwords) {
    if (passwords.first == "1234") return http::Invalid{"everybody has that one", "first"};
    if (passwords.first != passwords.second) return http::Invalid{"they differ"};
    return std::nullopt;
}

struct Some {
    http::Member<std::pmr::vector<int>, http::MinLength<1>> ids;
    http::Member<std::span<const std::string_view>, http::MinLength<2>> names;
    http::Member<std::optional<std::span<const int>>, http::MinLength<2>> more;
};
BOOST_DESCRIBE_STRUCT(Some, (), (ids, names, more))
}  // namespace shop

namespace {

using namespace parameter_answers;
using parameter_answers::detail;
using shop::Color;
using test::ask;
using test::get;
using test::post;

// ---- query ------------------------------------------------------------------------------------------------

TEST(ParameterQuery, AListTakesAllValuesOfItsName) {
    using Ints = Query<std::span<const int>, "v", MinLength<2>, MaxLength<3>>;
    EXPECT_EQ(query<Ints>("v=1&w=9&v=2"), R"({"v":[1,2]})");
    EXPECT_EQ(query<Ints>("v=1"),
              detail(error("too_short", R"(["query","v"])",
                           "List should have at least 2 items after validation, not 1", R"(["1"])",
                           R"("field_type":"List","min_length":2,"actual_length":1)")));
    EXPECT_EQ(query<Ints>("v=1&v=2&v=3&v=4"),
              detail(error("too_long", R"(["query","v"])",
                           "List should have at most 3 items after validation, not 4", R"(["1","2","3","4"])",
                           R"("field_type":"List","max_length":3,"actual_length":4)")));
    EXPECT_EQ(
        query<Ints>("v=1&v=x&v=&v=4"),
        detail(error("int_parsing", R"(["query","v",1])",
                     "Input should be a valid integer, unable to parse string as an integer", R"("x")") +
               "," +
               error("int_parsing", R"(["query","v",2])",
                     "Input should be a valid integer, unable to parse string as an integer", R"("")")));
    EXPECT_EQ(query<Ints>(""), detail(error("missing", R"(["query","v"])", "Field required", "null")));
    EXPECT_EQ((query<Query<std::span<const std::string_view>, "v">>("v=a%20b&%76=c&v=")),
              R"({"v":["a b","c",""]})");
    EXPECT_EQ((query<Query<std::optional<std::span<const Color>>, "v">>("v=red&v=blue")),
              R"({"v":["red","blue"]})");
    EXPECT_EQ((query<Query<std::optional<std::span<const Color>>, "v">>("")), R"({"v":null})");
    EXPECT_EQ((query<Query<std::optional<std::pmr::vector<int>>, "v">>("v=3&v=4")), R"({"v":[3,4]})");
    EXPECT_EQ((query<Query<std::optional<std::pmr::vector<int>>, "v">>("")), R"({"v":null})");
}

TEST(ParameterQuery, AListThatIsNotThereMayHaveADefault) {
    using Ids = Query<std::span<const std::uint8_t>, "v", DefaultList<7, 255>, MaxLength<2>>;
    EXPECT_EQ(query<Ids>(""), R"({"v":[7,255]})");
    EXPECT_EQ(query<Ids>("v=1"), R"({"v":[1]})");
    EXPECT_EQ(query<Ids>("v=x").substr(0, 34), R"({"detail":[{"type":"int_parsing",")");
    EXPECT_EQ((query<Query<std::span<const int>, "v", DefaultList<>>>("")), R"({"v":[]})");
    EXPECT_EQ((query<Query<std::span<const std::string_view>, "v", DefaultList<"a", "bc">>>("")),
              R"({"v":["a","bc"]})");
    EXPECT_EQ((query<Query<std::span<const Color>, "v", DefaultList<Color::blue>>>("")), R"({"v":["blue"]})");
    EXPECT_EQ((query<Query<std::span<const double>, "v", DefaultList<1, 2.5>>>("")), R"({"v":[1.0,2.5]})");
    EXPECT_EQ((fields<Header<std::span<const int>, "v", DefaultList<1>>>("")), R"({"v":[1]})");
    EXPECT_EQ((form<Form<std::span<const int>, "v", DefaultList<1>>>("")), R"({"v":[1]})");
}

TEST(ParameterQuery, AVectorLivesInTheRequestsArena) {
    App app{alloc::heap(), {}};
    app.get("/", [](Query<std::pmr::vector<double>, "v"> v, Request& request, alloc::Allocator arena) {
        const bool ours = v->get_allocator() == std::pmr::polymorphic_allocator<>{request.allocator()};
        return Response::json(arena, {{"v", v}, {"ours", ours}});
    });
    EXPECT_EQ(get(app, "/?v=1&v=2.5").body, R"({"v":[1.0,2.5],"ours":true})");
    EXPECT_EQ(get(app, "/").body, detail(error("missing", R"(["query","v"])", "Field required", "null")));
}

TEST(ParameterQuery, TheLastOfSeveralValuesCounts) {
    EXPECT_EQ((query<Query<int, "v">>("v=1&v=2")), R"({"v":2})");
    EXPECT_EQ((query<Query<std::string_view, "v">>("v=x&&=&v")), R"({"v":""})");
}

TEST(ParameterQuery, ADescribedStructTakesItsMembersByName) {
    using P = Query<shop::Filters>;
    EXPECT_EQ(query<P>("color=red"), R"({"v":{"limit":100,"q":null,"color":"red","tags":[]}})");
    EXPECT_EQ(query<P>("tags=a&color=blue&q=&limit=5&tags=b&more=1"),
              R"({"v":{"limit":5,"q":"","color":"blue","tags":["a","b"]}})");
    EXPECT_EQ(
        query<P>("limit=x&more=1&more=2&q=%26"),
        detail(error("int_parsing", R"(["query","limit"])",
                     "Input should be a valid integer, unable to parse string as an integer", R"("x")") +
               "," +
               error("missing", R"(["query","color"])", "Field required",
                     R"({"limit":"x","q":"&","more":["1","2"]})")));
    EXPECT_EQ(query<P>(""), detail(error("missing", R"(["query","color"])", "Field required", "{}")));
}

TEST(ParameterQuery, AMembersOptionsStandBehindItsType) {
    using P = Query<shop::Page>;
    EXPECT_EQ(query<P>("q=ab"), R"({"v":{"number":1,"q":"ab","ids":[],"x_max":null}})");
    EXPECT_EQ(query<P>("q=ab&number=3&ids=1&ids=2&x_max=5"),
              R"({"v":{"number":3,"q":"ab","ids":[1,2],"x_max":5}})");
    EXPECT_EQ(query<P>("text=ab&number=0&ids=1&ids=2&ids=3&x_max=9"),
              detail(error("greater_than_equal", R"(["query","number"])",
                           "Input should be greater than or equal to 1", R"("0")", R"("ge":1)") +
                     "," +
                     error("missing", R"(["query","q"])", "Field required",
                           R"({"number":"0","ids":["1","2","3"],"x_max":"9","text":"ab"})") +
                     "," +
                     error("too_long", R"(["query","ids"])",
                           "List should have at most 2 items after validation, not 3", R"(["1","2","3"])",
                           R"("field_type":"List","max_length":2,"actual_length":3)") +
                     "," +
                     error("less_than", R"(["query","x_max"])", "Input should be less than 9", R"("9")",
                           R"("lt":9)")));
    EXPECT_EQ(fields<Header<shop::Page>>("q: ab\r\nx_max: 3\r\nx-max: 4\r\n"),
              R"({"v":{"number":1,"q":"ab","ids":[],"x_max":3}})");
}

TEST(ParameterQuery, AStructMayForbidOtherNames) {
    EXPECT_EQ(query<Query<shop::Strict>>("limit=5"), R"({"v":{"limit":5}})");
    EXPECT_EQ(query<Query<shop::Strict>>("%74ool=plumb+us&limit=5"),
              detail(error("extra_forbidden", R"(["query","tool"])", "Extra inputs are not permitted",
                           R"("plumb us")")));
    EXPECT_EQ(
        query<Query<shop::Strict>>("a=1&b=2&%61=3&limit=x&a=4"),
        detail(error("int_parsing", R"(["query","limit"])",
                     "Input should be a valid integer, unable to parse string as an integer", R"("x")") +
               "," +
               error("extra_forbidden", R"(["query","a"])", "Extra inputs are not permitted",
                     R"(["1","3","4"])") +
               "," +
               error("extra_forbidden", R"(["query","b"])", "Extra inputs are not permitted", R"("2")")));
    EXPECT_EQ(
        form<Form<shop::Strict>>("a=1&a=&b="),
        detail(error("extra_forbidden", R"(["body","a"])", "Extra inputs are not permitted", R"(["1",""])") +
               "," + error("extra_forbidden", R"(["body","b"])", "Extra inputs are not permitted", R"("")")));
    // Of several cookies of one name, Starlette keeps the last.
    EXPECT_EQ(
        fields<Cookie<shop::Strict>>("Cookie: a=1; a=2\r\n"),
        detail(error("extra_forbidden", R"(["cookie","a"])", "Extra inputs are not permitted", R"("2")")));
    EXPECT_EQ(
        fields<Cookie<shop::Strict>>("Cookie: t%6F=\"1\"\r\n"),
        detail(error("extra_forbidden", R"(["cookie","t%6F"])", "Extra inputs are not permitted", R"("1")")));
    std::string many;
    for (int i = 0; i < 200; ++i) many += "x=1&";
    EXPECT_EQ(query<Query<shop::Strict>>(many).find(R"("type":"int)"), std::string::npos);
}

TEST(ParameterQuery, TheEchoOfManyNamesIsNull) {
    std::string text;
    for (int i = 0; i < 65; ++i) text += "a" + std::to_string(i) + "=1&";
    EXPECT_EQ(query<Query<shop::Filters>>(text),
              detail(error("missing", R"(["query","color"])", "Field required", "null")));
}

TEST(ParameterQuery, EscapesNulAndBytesThatAreNoUtf8) {
    EXPECT_EQ((query<Query<std::string_view, "v">>("v=%00")), R"({"v":"\u0000"})");
    EXPECT_EQ((query<Query<std::string_view, "v">>("v=%FF%2")), "{\"v\":\"\xEF\xBF\xBD%2\"}");
    EXPECT_EQ((query<Query<int, "v">>("v=1%00")),
              detail(error("int_parsing", R"(["query","v"])",
                           "Input should be a valid integer, unable to parse string as an integer",
                           R"("1\u0000")")));
    EXPECT_EQ((query<Query<int, "v">>("v%00=1")),
              detail(error("missing", R"(["query","v"])", "Field required", "null")));
}

TEST(ParameterQuery, HundredsOfParametersAreReadInOnePass) {
    std::string text = "v=1";
    for (int i = 0; i < 200; ++i) text += "&%76=1";
    EXPECT_EQ((query<Query<int, "v">>(text)), R"({"v":1})");
    EXPECT_EQ((query<Query<std::span<const int>, "v">>(text)).size(),
              std::string{R"({"v":[]})"}.size() + 2 * 201 - 1);
    std::string wrong = "v=x";
    for (int i = 1; i < 200; ++i) wrong += "&v=x";
    const std::string answer = query<Query<std::span<const int>, "v">>(wrong);
    EXPECT_NE(answer.find(R"("loc":["query","v",99])"), std::string::npos);
    EXPECT_EQ(answer.find(R"("loc":["query","v",100])"), std::string::npos);
}

// ---- header fields ----------------------------------------------------------------------------------------

TEST(ParameterHeader, UnderscoresAreHyphensAndCaseDoesNotMatter) {
    using P = Header<std::string_view, "user_agent">;
    EXPECT_EQ(fields<P>("uSER-aGENT:  curl/8 \r\n"), R"({"v":"curl/8"})");
    EXPECT_EQ(fields<P>("user_agent: x\r\n"),
              detail(error("missing", R"(["header","user-agent"])", "Field required", "null")));
    EXPECT_EQ((fields<Header<int, "n", Alias<"strange_name">>>("strange_name: 5\r\n")), R"({"v":5})");
    EXPECT_EQ((fields<Header<int, "x_count", Ge<1>>>("X-Count: 0\r\n")),
              detail(error("greater_than_equal", R"(["header","x-count"])",
                           "Input should be greater than or equal to 1", R"("0")", R"("ge":1)")));
    EXPECT_EQ((fields<Header<std::optional<int>, "x_count">>("")), R"({"v":null})");
    EXPECT_EQ((fields<Header<int, "x_count", Default<3>>>("")), R"({"v":3})");
}

TEST(ParameterHeader, TheFirstFieldCountsAndAListTakesAll) {
    EXPECT_EQ((fields<Header<int, "x_token">>("X-Token: 1\r\nx-token: 2\r\n")), R"({"v":1})");
    EXPECT_EQ((fields<Header<std::span<const int>, "x_token">>("X-Token: 1\r\nA: b\r\nx-token: 2\r\n")),
              R"({"v":[1,2]})");
}

TEST(ParameterHeader, EscapesStayAsTheyAre) {
    EXPECT_EQ((fields<Header<std::string_view, "x_token">>("X-Token: a%41%0d%0aX: y+z\r\n")),
              R"({"v":"a%41%0d%0aX: y+z"})");
}

TEST(ParameterHeader, AModelsMembersAreFields) {
    using P = Header<shop::CommonHeaders>;
    EXPECT_EQ(fields<P>("Save-Data: on\r\nX-Tag: a\r\nX-Tag: b\r\n"),
              R"({"v":{"host":"a","save_data":true,"if_modified_since":null,"x_tag":["a","b"]}})");
    // The echo does not show what the model did not ask for: a script may read it.
    EXPECT_EQ(fields<P>("Authorization: secret\r\nCookie: a=b\r\n"),
              detail(error("missing", R"(["header","save-data"])", "Field required", R"({"host":"a"})")));
}

// Starlette reads header fields as Latin-1.
TEST(ParameterHeader, AByteThatIsNoUtf8IsHandedOnAsItIsAndEchoedAsLatin1) {
    App app{alloc::heap(), {}};
    std::string seen;
    app.get("/", [&seen](Header<std::string_view, "x"> x) { seen = *x; });
    EXPECT_EQ(ask(app, "GET / HTTP/1.1\r\nHost: a\r\nX: \xE9 \xC3\xA9\xFF\r\n\r\n").line, "HTTP/1.1 200 OK");
    EXPECT_EQ(seen, "\xE9 \xC3\xA9\xFF");

    constexpr std::string_view no_integer =
        "Input should be a valid integer, unable to parse string as an integer";
    EXPECT_EQ((fields<Header<int, "x">>("X: \xE9 \xC3\xA9\xFF\r\n")),
              detail(error("int_parsing", R"(["header","x"])", no_integer, "\"\xC3\xA9 \xC3\xA9\xC3\xBF\"")));
    EXPECT_EQ((fields<Cookie<int, "x">>("Cookie: x=\"\\351\"\r\n")),
              detail(error("int_parsing", R"(["cookie","x"])", no_integer, "\"\xC3\xA9\"")));
    // A query is UTF-8, and what is not is U+FFFD, there as here.
    EXPECT_EQ((query<Query<int, "x">>("x=%E9")),
              detail(error("int_parsing", R"(["query","x"])", no_integer, "\"\xEF\xBF\xBD\"")));
}

// ---- cookies ----------------------------------------------------------------------------------------------

TEST(ParameterCookie, CookiesAreFoundByName) {
    using P = Cookie<std::string_view, "ads_id">;
    EXPECT_EQ(fields<P>("Cookie: ads_id=foobar\r\n"), R"({"v":"foobar"})");
    EXPECT_EQ(fields<P>("Cookie: a=1; ads_id = b=c ;ads_idx=2\r\n"), R"({"v":"b=c"})");
    EXPECT_EQ(fields<P>("Cookie: ads_id=1; ads_id=2\r\n"), R"({"v":"2"})");
    EXPECT_EQ(fields<P>("Cookie: ads_id=1\r\nCookie: x=y\r\n"), R"({"v":"1"})");
    EXPECT_EQ(fields<P>("Cookie: ads_id=\r\n"), R"({"v":""})");
    EXPECT_EQ(fields<P>("Cookie: Ads_Id=1; ads_id\r\n"),
              detail(error("missing", R"(["cookie","ads_id"])", "Field required", "null")));
    EXPECT_EQ((fields<Cookie<Uuid, "s">>("Cookie: s=x\r\n")).substr(0, 45),
              R"({"detail":[{"type":"uuid_parsing","loc":["coo)");
    EXPECT_EQ((fields<Cookie<std::optional<int>, "n">>("Cookie: ;;;=;\r\n")), R"({"v":null})");
}

TEST(ParameterCookie, QuotesAndBackslashesAreTakenOff) {
    using P = Cookie<std::string_view, "c">;
    EXPECT_EQ(fields<P>("Cookie: c=\"a b\"\r\n"), R"({"v":"a b"})");
    EXPECT_EQ(fields<P>("Cookie: c=\"a\\\"b\\\\\\054\\8\\\"\r\n"), R"({"v":"a\"b\\,8\\"})");
    EXPECT_EQ(fields<P>("Cookie: c=\"\r\n"), R"({"v":"\""})");
    EXPECT_EQ(fields<P>("Cookie: c=\"\"\r\n"), R"({"v":""})");
    EXPECT_EQ(fields<P>("Cookie: c=\"\\05\"\r\n"), R"({"v":"05"})");
}

TEST(ParameterCookie, WhatWithCookieQuotesComesBackAsItWas) {
    for (const std::string_view value :
         {"", "a b", "a;b,c", "\"a\"", "back\\slash", "abc==", "\xC3\xA9t\xC3\xA9", "\xE9\xFF", "plain"}) {
        App app{alloc::heap(), {}};
        std::string got = "none";
        app.get("/set", [value](alloc::Allocator arena) {
            return Response::text("").with_cookie(arena, {.name = "c", .value = value});
        });
        app.get("/get", [&got](Cookie<std::string_view, "c"> c) { got = *c; });
        const std::string set = get(app, "/set").field("set-cookie");
        (void)ask(app, std::string{"GET /get HTTP/1.1\r\nHost: a\r\nCookie: "}
                           .append(set.substr(0, set.find("; ")))
                           .append("\r\n\r\n"));
        EXPECT_EQ(got, value);
    }
}

TEST(ParameterCookie, AModelsMembersAreCookies) {
    using P = Cookie<shop::Cookies>;
    EXPECT_EQ(fields<P>("Cookie: session_id=1; other=2\r\n"), R"({"v":{"session_id":"1","tracker":null}})");
    EXPECT_EQ(fields<P>("Cookie: tracker=1; other=2\r\n"),
              detail(error("missing", R"(["cookie","session_id"])", "Field required", R"({"tracker":"1"})")));
}

// ---- forms ------------------------------------------------------------------------------------------------

TEST(Models, AValidatorSeesWhatIsGoodMemberByMember) {
    EXPECT_EQ(form<Form<shop::Passwords>>("first=abc&second=abc"), R"({"v":{"first":"abc","second":"abc"}})");
    EXPECT_EQ(form<Form<shop::Passwords>>("first=abc&second=abd"),
              detail(error("value_error", R"(["body"])", "Value error, they differ",
                           R"({"first":"abc","second":"abd"})", R"("error":{})")));
    EXPECT_EQ(query<Query<shop::Passwords>>("first=1234&second=1"),
              detail(error("value_error", R"(["query","first"])", "Value error, everybody has that one",
                           R"("1234")", R"("error":{})")));
    EXPECT_EQ(query<Query<shop::Passwords>>("first=1234"),
              detail(error("missing", R"(["query","second"])", "Field required", R"({"first":"1234"})")));
}

TEST(Models, AListThatMayNotBeEmptyMayNotBeMissing) {
    EXPECT_EQ(query<Query<shop::Some>>("ids=1&names=a&names=b"),
              R"({"v":{"ids":[1],"names":["a","b"],"more":null}})");
    EXPECT_EQ(query<Query<shop::Some>>(""),
              detail(error("missing", R"(["query","ids"])", "Field required", "{}") + "," +
                     error("missing", R"(["query","names"])", "Field required", "{}")));
}

TEST(Models, AnEmptyFieldOfAFormIsNotEchoed) {
    EXPECT_EQ(form<Form<shop::Login>>("username=&password=1"),
              detail(error("missing", R"(["body","username"])", "Field required", R"({"password":"1"})")));
}

TEST(ParameterForm, AFormIsADescribedStruct) {
    using P = Form<shop::Login>;
    EXPECT_EQ(form<P>("username=Fo%6F&password=a+b%2B"),
              R"({"v":{"username":"Foo","password":"a b+","remember":false}})");
    EXPECT_EQ(
        form<P>("username=Foo&password=x&remember=on", "Application/X-WWW-Form-Urlencoded; charset=utf-8"),
        R"({"v":{"username":"Foo","password":"x","remember":true}})");
    EXPECT_EQ(form<P>("username=Foo"),
              detail(error("missing", R"(["body","password"])", "Field required", R"({"username":"Foo"})")));
    EXPECT_EQ(form<P>(""), detail(error("missing", R"(["body","username"])", "Field required", "{}") + "," +
                                  error("missing", R"(["body","password"])", "Field required", "{}")));
}

TEST(ParameterForm, AnEmptyValueIsMissing) {
    EXPECT_EQ((form<Form<std::string_view, "v">>("v=")),
              detail(error("missing", R"(["body","v"])", "Field required", "null")));
    EXPECT_EQ((form<Form<int, "v", Default<3>>>("v=")), R"({"v":3})");
    EXPECT_EQ((form<Form<std::optional<int>, "v">>("v=")), R"({"v":null})");
    EXPECT_EQ((form<Form<int, "v">>("v=1&v=2")), R"({"v":2})");
    EXPECT_EQ((form<Form<std::span<const int>, "v">>("v=1&v=2")), R"({"v":[1,2]})");
}

TEST(ParameterForm, AFormOfAMegabyteIsReadInOnePassForEachName) {
    std::string text = "username=a&password=b";
    while (text.size() < 1'000'000) text += "&usernam%65=c&x=" + std::string(2200, 'y');
    EXPECT_EQ(form<Form<shop::Login>>(text), R"({"v":{"username":"c","password":"b","remember":false}})");
}

TEST(ParameterForm, AFormHasAtMost1000Values) {
    std::string text = "v=1";
    for (int i = 0; i < 999; ++i) text += "&v=2";
    EXPECT_EQ((form<Form<int, "v">>(text)), R"({"v":2})");
    EXPECT_EQ((form<Form<int, "v">>(text + "&v=2")),
              R"({"detail":"Too many fields. Maximum number of fields is 1000."})");
}

TEST(ParameterForm, ABodyOfAnotherTypeIsAnEmptyForm) {
    for (const std::string_view type :
         {"", "application/json", "text/plain", "application/x-www-form-urlencodedx"})
        EXPECT_EQ((form<Form<int, "v">>("v=1", type)),
                  detail(error("missing", R"(["body","v"])", "Field required", "null")))
            << type;
}

// ---- all of them together ---------------------------------------------------------------------------------

TEST(Parameters, ErrorsAreOrderedByPlaceAndThenAsTheyAreDeclared) {
    App app{alloc::heap(), {}};
    app.post("/{id}", [](Form<int, "f">, Cookie<int, "c">, Header<int, "h">, Query<int, "q">, Path<int, "id">,
                         Query<int, "r">, Header<int, "a">) { return Response::text("never"); });
    const std::string answer = post(app, "/x", "", "").body;
    std::string order;
    for (std::size_t at = 0; (at = answer.find("\"loc\":[", at)) != std::string::npos;) {
        at += 7;
        order.append(answer, at, answer.find(']', at) - at).append(" ");
    }
    EXPECT_EQ(order,
              R"("path","id" "query","q" "query","r" "header","h" "header","a" "cookie","c" "body","f" )");
}

TEST(Parameters, ErrorsOfAnEarlierSectionComeFirst) {
    alloc::Arena arena;
    ValidationErrors errors{arena.allocator()};
    const Location body{nullptr, "body"};
    const Location path{nullptr, "path"};
    errors.add(body, {"a", "", nullptr});
    errors.add(path, {"b", "", nullptr});
    errors.begin_section();
    errors.add(body, {"c", "", nullptr});
    errors.add(path, {"d", "", nullptr});
    EXPECT_EQ(errors.response(false).body(),
              detail(R"({"type":"b","loc":["path"],"msg":""},{"type":"a","loc":["body"],"msg":""},)"
                     R"({"type":"d","loc":["path"],"msg":""},{"type":"c","loc":["body"],"msg":""})"));
}

TEST(Parameters, TheEchoOfTheInputCanBeTurnedOff) {
    App app{alloc::heap(), {.echo_input = false}};
    app.get("/", [](Query<int, "n", Ge<5>>) { return Response::text(""); });
    EXPECT_EQ(
        get(app, "/?n=secret").body,
        detail(R"({"type":"int_parsing","loc":["query","n"],"msg":"Input should be a valid integer, unable )"
               R"(to parse string as an integer"})"));
    EXPECT_EQ(
        get(app, "/?n=4").body,
        detail(R"({"type":"greater_than_equal","loc":["query","n"],"msg":"Input should be greater than or )"
               R"(equal to 5","ctx":{"ge":5}})"));
}

}  // namespace
