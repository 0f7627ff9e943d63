// Bodies: what is answered to those that a type does not take, and how a handler says what it takes.
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/http.hpp>

#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "body_types.hpp"
#include "in_process.hpp"

namespace {

using namespace bodies;
using test::post;

struct Range {
    int low = 0;
    int high;
};
BOOST_DESCRIBE_STRUCT(Range, (), (low, high))

std::optional<Invalid> validate(const Range& range) {
    if (range.low > 100) return Invalid{"low is out of the world", "low"};
    if (range.low > range.high) return Invalid{"low is above high"};
    return std::nullopt;
}

struct Inner {
    int id;
    std::optional<int> more;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (id, more))

struct Outer {
    Inner given{7, std::nullopt};
    Inner asked;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (given, asked))

struct Deep {
    Outer outer{{1, 2}, {3, 4}};
};
BOOST_DESCRIBE_STRUCT(Deep, (), (outer))

struct Lists {
    Member<std::pmr::vector<int>, MinLength<2>> some;
    Member<std::pmr::vector<int>, MaxLength<2>> few;
};
BOOST_DESCRIBE_STRUCT(Lists, (), (some, few))

struct Ranges {
    std::span<const Range> ranges;
};
BOOST_DESCRIBE_STRUCT(Ranges, (), (ranges))

std::string detail_of(std::string_view errors) {
    return std::string{R"({"detail":[)"}.append(errors).append("]}");
}

class BodyAnswer : public testing::Test {
  protected:
    template <class T>
    std::string answer(std::string_view body, std::string_view content_type = "application/json") {
        App app{alloc::heap(), {}};
        app.post("/", [](Body<T> value, alloc::Allocator arena) { return Response::json(arena, value); });
        return post(app, "/", body, content_type).body;
    }
};

TEST_F(BodyAnswer, ExtraMembersAreForbiddenByChoice) {
    EXPECT_EQ(answer<Strict>(R"({"a":1,"item":{"name":"a","price":1,"x":2}})"),
              R"({"a":1,"item":{"name":"a","price":1.0,"in_stock":true}})");
    EXPECT_EQ(
        answer<Strict>(R"({"b":[1],"a":"x","c":"d"})"),
        detail_of(
            R"({"type":"int_parsing","loc":["body","a"],"msg":"Input should be a valid integer, unable to parse )"
            R"(string as an integer","input":"x"},)"
            R"({"type":"extra_forbidden","loc":["body","b"],"msg":"Extra inputs are not permitted","input":[1]},)"
            R"({"type":"extra_forbidden","loc":["body","c"],"msg":"Extra inputs are not permitted","input":"d"})"));
}

TEST_F(BodyAnswer, AConstraintThatIsBrokenIsSaidUnderTheAlias) {
    EXPECT_EQ(
        answer<Priced>(R"({"name":"P","price":0,"inStock":"x","rank":200,"tags":[1,2,3],"step":0.75})"),
        detail_of(
            R"({"type":"string_too_short","loc":["body","name"],"msg":"String should have at least 2 characters",)"
            R"("input":"P","ctx":{"min_length":2}},)"
            R"({"type":"greater_than","loc":["body","price"],"msg":"Input should be greater than 0","input":0,)"
            R"("ctx":{"gt":0.0}},)"
            R"({"type":"int_parsing","loc":["body","inStock"],"msg":"Input should be a valid integer, unable to )"
            R"(parse string as an integer","input":"x"},)"
            R"({"type":"less_than_equal","loc":["body","rank"],"msg":"Input should be less than or equal to 127",)"
            R"("input":200,"ctx":{"le":127}},)"
            R"({"type":"too_long","loc":["body","tags"],"msg":"List should have at most 2 items after validation, )"
            R"(not 3","input":[1,2,3],"ctx":{"field_type":"List","max_length":2,"actual_length":3}},)"
            R"({"type":"multiple_of","loc":["body","step"],"msg":"Input should be a multiple of 0.5","input":0.75,)"
            R"("ctx":{"multiple_of":0.5}})"));
}

TEST_F(BodyAnswer, WhatIsNoEnumeratorUuidOrTimeIsSaid) {
    EXPECT_EQ(
        answer<Event>(R"({"color":1,"id":7,"at":null})"),
        detail_of(
            R"({"type":"enum","loc":["body","color"],"msg":"Input should be 'red' or 'green'","input":1,)"
            R"("ctx":{"expected":"'red' or 'green'"}},)"
            R"({"type":"uuid_type","loc":["body","id"],"msg":"UUID input should be a string, bytes or UUID )"
            R"(object","input":7},)"
            R"({"type":"datetime_type","loc":["body","at"],"msg":"Input should be a valid datetime",)"
            R"("input":null})"));
}

TEST_F(BodyAnswer, ANumberThatIsNoTimeIsSaidOfATime) {
    const auto refused = [](std::string_view why, std::string_view input) {
        return detail_of(std::string{
            R"({"type":"datetime_parsing","loc":["body"],"msg":"Input should be a valid datetime, )"}
                             .append(why)
                             .append(R"(","input":)")
                             .append(input)
                             .append(R"(,"ctx":{"error":")")
                             .append(why)
                             .append("\"}}"));
    };
    EXPECT_EQ(answer<Timestamp>("1732309200123.45"), R"("2024-11-22T21:00:00.123450Z")");
    EXPECT_EQ(answer<Timestamp>("1e20"),
              refused("dates after 9999 are not supported as unix timestamps", "1e+20"));
    EXPECT_EQ(answer<Timestamp>("253402300800000"),
              refused("dates after 9999 are not supported as unix timestamps", "253402300800000"));
    EXPECT_EQ(answer<Timestamp>("-62167219200001"),
              refused("dates before 0000 are not supported as unix timestamps", "-62167219200001"));
    EXPECT_EQ(answer<Timestamp>("-62135596800001"), refused("year 0 is out of range", "-62135596800001"));
}

TEST_F(BodyAnswer, AVariantsErrorsNameTheTag) {
    EXPECT_EQ(
        answer<Home>(
            R"({"pet":{"kind":"cat","lives":"x"},"other":{},"more":[{"kind":"bird"},{"kind":5},3]})"),
        detail_of(
            R"({"type":"int_parsing","loc":["body","pet","cat","lives"],"msg":"Input should be a valid integer, )"
            R"(unable to parse string as an integer","input":"x"},)"
            R"({"type":"union_tag_not_found","loc":["body","other"],"msg":"Unable to extract tag using )"
            R"(discriminator 'kind'","input":{},"ctx":{"discriminator":"'kind'"}},)"
            R"({"type":"union_tag_invalid","loc":["body","more",0],"msg":"Input tag 'bird' found using 'kind' )"
            R"(does not match any of the expected tags: 'cat', 'kitten', 'dog'","input":{"kind":"bird"},)"
            R"("ctx":{"discriminator":"'kind'","tag":"bird","expected_tags":"'cat', 'kitten', 'dog'"}},)"
            R"({"type":"union_tag_invalid","loc":["body","more",1],"msg":"Input tag '5' found using 'kind' )"
            R"(does not match any of the expected tags: 'cat', 'kitten', 'dog'","input":{"kind":5},)"
            R"("ctx":{"discriminator":"'kind'","tag":"5","expected_tags":"'cat', 'kitten', 'dog'"}},)"
            R"({"type":"model_attributes_type","loc":["body","more",2],"msg":"Input should be a valid )"
            R"(dictionary or object to extract fields from","input":3})"));
    EXPECT_EQ(
        answer<Cat>(R"({"kind":"dog","lives":1})"),
        detail_of(
            R"({"type":"literal_error","loc":["body","kind"],"msg":"Input should be 'cat' or 'kitten'",)"
            R"("input":"dog","ctx":{"expected":"'cat' or 'kitten'"}})"));
    EXPECT_EQ(answer<Dog>(R"({"name":"Rex","kind":null})"),
              detail_of(R"({"type":"literal_error","loc":["body","kind"],"msg":"Input should be 'dog'",)"
                        R"("input":null,"ctx":{"expected":"'dog'"}})"));
    EXPECT_EQ(
        answer<Dog>(R"({"name":"Rex"})"),
        detail_of(
            R"({"type":"missing","loc":["body","kind"],"msg":"Field required","input":{"name":"Rex"}})"));
}

TEST_F(BodyAnswer, AValidatorSeesWhatIsGoodMemberByMember) {
    EXPECT_EQ(answer<Range>(R"({"low":1,"high":2})"), R"({"low":1,"high":2})");
    EXPECT_EQ(
        answer<Ranges>(
            R"({"ranges":[{"high":1},{"low":3,"high":2},{"low":"x","high":2},{"low":101,"high":1}]})"),
        detail_of(
            R"({"type":"value_error","loc":["body","ranges",1],"msg":"Value error, low is above high",)"
            R"("input":{"low":3,"high":2},"ctx":{"error":{}}},)"
            R"({"type":"int_parsing","loc":["body","ranges",2,"low"],"msg":"Input should be a valid integer, )"
            R"(unable to parse string as an integer","input":"x"},)"
            R"({"type":"value_error","loc":["body","ranges",3,"low"],"msg":"Value error, low is out of the )"
            R"(world","input":101,"ctx":{"error":{}}})"));
}

TEST_F(BodyAnswer, ABodyNeedNotBeAStruct) {
    EXPECT_EQ(answer<std::span<const Item>>(R"([{"name":"a","price":1}])"),
              R"([{"name":"a","price":1.0,"in_stock":true}])");
    EXPECT_EQ(
        answer<std::span<const Item>>(R"([{"name":"a"},1])"),
        detail_of(
            R"({"type":"missing","loc":["body",0,"price"],"msg":"Field required","input":{"name":"a"}},)"
            R"({"type":"model_attributes_type","loc":["body",1],"msg":"Input should be a valid dictionary )"
            R"(or object to extract fields from","input":1})"));
    EXPECT_EQ(
        answer<std::span<const Item>>(R"({"name":"a"})"),
        detail_of(
            R"({"type":"list_type","loc":["body"],"msg":"Input should be a valid list","input":{"name":"a"}})"));
    using Map = std::pmr::map<std::string_view, double>;
    EXPECT_EQ(answer<Map>(R"({"b":1,"a":2.5})"), R"({"a":2.5,"b":1.0})");
    EXPECT_EQ(
        answer<Map>(R"([1])"),
        detail_of(
            R"({"type":"dict_type","loc":["body"],"msg":"Input should be a valid dictionary","input":[1]})"));
    EXPECT_EQ(
        answer<Map>(R"({"b":"x"})"),
        detail_of(
            R"({"type":"float_parsing","loc":["body","b"],"msg":"Input should be a valid number, unable to )"
            R"(parse string as a number","input":"x"})"));
    EXPECT_EQ(answer<int>("7"), "7");
    EXPECT_EQ(answer<boost::json::value>(R"({"a":[1]})"), R"({"a":[1]})");
    EXPECT_EQ(
        answer<boost::json::value>("{"),
        detail_of(R"({"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":)"
                  R"({"error":"Expecting property name enclosed in double quotes"}})"));
}

TEST_F(BodyAnswer, AnOptionalBodyMayBeMissing) {
    using Maybe = std::optional<Item>;
    EXPECT_EQ(answer<Maybe>(""), "null");
    EXPECT_EQ(answer<Maybe>("null"), "null");
    EXPECT_EQ(answer<Maybe>(R"({"name":"a","price":1})"), R"({"name":"a","price":1.0,"in_stock":true})");
    EXPECT_EQ(
        answer<Maybe>(R"({"name":"a"})"),
        detail_of(
            R"({"type":"missing","loc":["body","price"],"msg":"Field required","input":{"name":"a"}})"));
    EXPECT_EQ(answer<Item>("null"),
              detail_of(R"({"type":"missing","loc":["body"],"msg":"Field required","input":null})"));
}

TEST_F(BodyAnswer, TheInitialiserOfAStructIsKept) {
    EXPECT_EQ(answer<Outer>(R"({"asked":{"id":1}})"),
              R"({"given":{"id":7,"more":null},"asked":{"id":1,"more":null}})");
    EXPECT_EQ(answer<Outer>(R"({"given":{"id":2}})"),
              detail_of(R"({"type":"missing","loc":["body","asked"],"msg":"Field required",)"
                        R"("input":{"given":{"id":2}}})"));
}

TEST_F(BodyAnswer, TheInitialiserOfAStructOfStructsIsKept) {
    EXPECT_EQ(answer<Deep>("{}"), R"({"outer":{"given":{"id":1,"more":2},"asked":{"id":3,"more":4}}})");
}

TEST_F(BodyAnswer, AListThatMayNotBeEmptyMayNotBeMissing) {
    EXPECT_EQ(answer<Lists>(R"({"some":[1,2]})"), R"({"some":[1,2],"few":[]})");
    EXPECT_EQ(answer<Lists>("{}"),
              detail_of(R"({"type":"missing","loc":["body","some"],"msg":"Field required","input":{}})"));
}

TEST_F(BodyAnswer, WhatIsNotJsonIsText) {
    EXPECT_EQ(
        answer<Item>("name=Foo&price=50.5", "application/x-www-form-urlencoded"),
        detail_of(
            R"({"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or )"
            R"(object to extract fields from","input":"name=Foo&price=50.5"})"));
    EXPECT_EQ(
        answer<std::span<const int>>("[1]", "text/plain"),
        detail_of(
            R"({"type":"list_type","loc":["body"],"msg":"Input should be a valid list","input":"[1]"})"));
    EXPECT_EQ(answer<std::span<const int>>("[1]", "application/problem+json; charset=utf-8"), "[1]");
}

// As Python's json.loads() does with bytes; positions are those of the text behind it.
TEST_F(BodyAnswer, AByteOrderMarkBeforeTheTextIsNoPartOfIt) {
    EXPECT_EQ(answer<Item>("\xEF\xBB\xBF{\"name\":\"a\",\"price\":1}"),
              R"({"name":"a","price":1.0,"in_stock":true})");
    EXPECT_EQ(
        answer<Item>("\xEF\xBB\xBF{\"name\":1}"),
        detail_of(
            R"({"type":"string_type","loc":["body","name"],"msg":"Input should be a valid string","input":1},)"
            R"({"type":"missing","loc":["body","price"],"msg":"Field required","input":{"name":1}})"));
    const auto invalid = [](std::string_view position) {
        return detail_of(std::string{R"({"type":"json_invalid","loc":["body",)"}.append(position).append(
            R"(],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting value"}})"));
    };
    EXPECT_EQ(answer<Item>("\xEF\xBB\xBF[x"), invalid("1"));
    EXPECT_EQ(answer<Item>("\xEF\xBB\xBF"), invalid("0"));
    EXPECT_EQ(answer<Item>("\xEF\xBB\xBF\xEF\xBB\xBF[]"), invalid("0"));
    // It is text elsewhere.
    EXPECT_EQ(answer<std::span<const int>>("\xEF\xBB\xBF[1]", "text/plain"),
              detail_of(R"({"type":"list_type","loc":["body"],"msg":"Input should be a valid list","input":")"
                        "\xEF\xBB\xBF[1]\"}"));
}

TEST(BodyStrict, WhatCannotBeReadHasAStatusOfItsOwnIfAsked) {
    App app{alloc::heap(), {.strict_415 = true}};
    app.post("/json", [](Body<Item> item, alloc::Allocator arena) { return Response::json(arena, item); });
    app.post("/form", [](Form<std::string_view, "name"> name) { return Response::text(*name); });
    const auto status = [&](std::string_view path, std::string_view body, std::string_view type) {
        return post(app, path, body, type).line.substr(9, 3);
    };
    const std::string_view item = R"({"name":"a","price":1})";
    EXPECT_EQ(status("/json", item, "application/json"), "200");
    EXPECT_EQ(post(app, "/json", item, "text/plain").body, R"({"detail":"Unsupported Media Type"})");
    EXPECT_EQ(status("/json", item, "text/plain"), "415");
    EXPECT_EQ(status("/json", item, ""), "415");
    EXPECT_EQ(status("/json", "{", "application/json"), "400");
    EXPECT_EQ(
        post(app, "/json", "{", "application/json").body,
        detail_of(R"({"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":)"
                  R"({"error":"Expecting property name enclosed in double quotes"}})"));
    EXPECT_EQ(status("/json", "{}", "application/json"), "422");
    EXPECT_EQ(status("/json", "", ""), "422");
    EXPECT_EQ(status("/form", "name=a", "application/x-www-form-urlencoded"), "200");
    EXPECT_EQ(status("/form", "name=a", "application/json"), "415");
    EXPECT_EQ(post(app, "/form", "name=a", "").body, R"({"detail":"Unsupported Media Type"})");
    EXPECT_EQ(status("/form", "", ""), "422");
}

TEST(BodyWithoutContentType, IsJsonIfAsked) {
    App app{alloc::heap(), {.strict_content_type = false}};
    app.post("/json", [](Body<Item> item, alloc::Allocator arena) { return Response::json(arena, item); });
    const std::string_view item = R"({"name":"a","price":1.5,"in_stock":false})";
    EXPECT_EQ(post(app, "/json", item, "").body, item);
    EXPECT_EQ(post(app, "/json", item, "text/plain").line.substr(9, 3), "422");
    App strict{alloc::heap(), {}};
    strict.post("/json", [](Body<Item> one, alloc::Allocator arena) { return Response::json(arena, one); });
    EXPECT_EQ(post(strict, "/json", item, "").line.substr(9, 3), "422");
}

class NamedBodies : public testing::Test {
  protected:
    NamedBodies() {
        app.post("/", [](Body<Item, "item"> item, Body<User, "user"> user, Body<int, "importance"> importance,
                         Body<std::optional<double>, "factor"> factor, alloc::Allocator arena) {
            return Response::json(
                arena, {{"item", item}, {"user", user}, {"importance", importance}, {"factor", *factor}});
        });
    }
    std::string answer(std::string_view body, std::string_view content_type = "application/json") {
        return post(app, "/", body, content_type).body;
    }
    App app{alloc::heap(), {}};
};

TEST_F(NamedBodies, AreMembersOfTheBody) {
    EXPECT_EQ(
        answer(R"({"user":{"username":"ada"},"x":[{}],"item":{"name":"a","price":1},"importance":"5"})"),
        R"({"item":{"name":"a","price":1.0,"in_stock":true},"user":{"username":"ada","full_name":null},)"
        R"("importance":5,"factor":null})");
    EXPECT_EQ(
        answer(R"({"user":{"username":"ada"},"item":{"name":"a","price":1},"importance":5,"factor":2,)"
               R"("importance":6})"),
        R"({"item":{"name":"a","price":1.0,"in_stock":true},"user":{"username":"ada","full_name":null},)"
        R"("importance":6,"factor":2.0})");
}

TEST_F(NamedBodies, ErrorsAreFoundUnderTheirNames) {
    EXPECT_EQ(
        answer(R"({"item":{"name":"a"},"user":null,"factor":"x"})"),
        detail_of(
            R"({"type":"missing","loc":["body","item","price"],"msg":"Field required","input":{"name":"a"}},)"
            R"({"type":"missing","loc":["body","user"],"msg":"Field required","input":null},)"
            R"({"type":"missing","loc":["body","importance"],"msg":"Field required","input":null},)"
            R"({"type":"float_parsing","loc":["body","factor"],"msg":"Input should be a valid number, unable )"
            R"(to parse string as a number","input":"x"})"));
}

TEST_F(NamedBodies, WithoutAnObjectAllAreMissing) {
    const std::string missing =
        detail_of(R"({"type":"missing","loc":["body","item"],"msg":"Field required","input":null},)"
                  R"({"type":"missing","loc":["body","user"],"msg":"Field required","input":null},)"
                  R"({"type":"missing","loc":["body","importance"],"msg":"Field required","input":null})");
    EXPECT_EQ(answer(""), missing);
    EXPECT_EQ(answer("[1]"), missing);
    EXPECT_EQ(answer("{}"), missing);
    EXPECT_EQ(answer("item=1", "text/plain"), missing);
}

TEST_F(NamedBodies, WhatIsNoJsonIsSaidOnce) {
    EXPECT_EQ(
        answer(R"({"item":})"),
        detail_of(R"({"type":"json_invalid","loc":["body",8],"msg":"JSON decode error","input":{},"ctx":)"
                  R"({"error":"Expecting value"}})"));
    EXPECT_EQ(answer("{\"\xff"), R"({"detail":"There was an error parsing the body"})");
}

TEST(BodyMemory, WhereverMemoryEndsTheAnswerIsWholeOrA500) {
    App app{alloc::heap(), {}};
    app.post("/", [](Body<Shelf> shelf, alloc::Allocator arena) { return Response::json(arena, shelf); });
    const std::string body =
        R"({"label":"\u0041","place":"left","items":[{"name":"a","price":1}],"counts":{"z":[1,2]},"note":")" +
        std::string(5000, 'x') + R"(","level":4})";
    const std::string bytes =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    bool done = false;
    for (std::size_t call = 0; !done; ++call) {
        alloc::testing::CheckedUpstream upstream;
        upstream.fail_at(call);
        try {
            const test::Answer answer = test::ask(app, bytes, upstream);
            EXPECT_TRUE(answer.line == "HTTP/1.1 200 OK" || answer.line.starts_with("HTTP/1.1 500"))
                << answer.line;
            done = answer.line == "HTTP/1.1 200 OK" && upstream.calls() <= call;
        } catch (const std::bad_alloc&) {
        }
        EXPECT_EQ(upstream.live_blocks(), 0U);
        EXPECT_EQ(upstream.violations(), std::vector<std::string>{});
    }
}

}  // namespace
