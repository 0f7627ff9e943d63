// What FastAPI answers to the same requests, with pydantic 2, is the reference for every 422.
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app_fixture.hpp"
#include "in_process.hpp"

namespace {

using namespace app_fixture;
using app_fixture::detail;
using test::Answer;
using test::post;

struct Order {
    std::span<const Item> items;
    Address to;
    std::uint8_t count;
    float discount = 0.5F;
    std::string_view currency = "CHF";
};
BOOST_DESCRIBE_STRUCT(Order, (), (items, to, count, discount, currency))

struct Numbers {
    std::span<const std::span<const int>> rows;
};
BOOST_DESCRIBE_STRUCT(Numbers, (), (rows))

class AppBody : public AppTest {
  protected:
    AppBody() { app.post("/items", echo_item); }

    /// The body answered to this body, which is to be refused.
    std::string refused(std::string_view body, std::string_view content_type = "application/json") {
        const Answer answer = post(app, "/items", body, content_type);
        EXPECT_EQ(answer.line, unprocessable) << body;
        EXPECT_EQ(answer.field("content-type"), "application/json");
        return answer.body;
    }
    std::string accepted(std::string_view body, std::string_view content_type = "application/json") {
        const Answer answer = post(app, "/items", body, content_type);
        EXPECT_EQ(answer.line, "HTTP/1.1 200 OK") << answer.body;
        return answer.body;
    }
};

TEST_F(AppBody, MembersThatAreMissingKeepTheirDefaults) {
    EXPECT_EQ(accepted(R"({"name":"Pen","price":2})"),
              R"({"name":"Pen","price":2.0,"in_stock":true,"note":null,"tags":[],"home":null})");
    EXPECT_EQ(
        accepted(
            R"({"price":"50.5","name":"","in_stock":"off","note":"n","tags":["a","b"],"home":{"city":"Bern"}})"),
        R"({"name":"","price":50.5,"in_stock":false,"note":"n","tags":["a","b"],"home":{"city":"Bern","zip":3000}})");
    EXPECT_EQ(accepted(R"({"name":"a","price":true,"in_stock":0,"note":null,"home":null,"unknown":[1]})"),
              R"({"name":"a","price":1.0,"in_stock":false,"note":null,"tags":[],"home":null})");
    EXPECT_EQ(accepted(R"({"name":"a","name":"b","price":1})").substr(0, 11), R"({"name":"b")");
}

TEST_F(AppBody, EveryMissingMemberIsReportedWithTheObjectThatLacksIt) {
    EXPECT_EQ(
        refused(R"({"name":"Pen"})"),
        detail(R"({"type":"missing","loc":["body","price"],"msg":"Field required","input":{"name":"Pen"}})"));
    EXPECT_EQ(refused("{}"),
              detail(R"({"type":"missing","loc":["body","name"],"msg":"Field required","input":{}},)"
                     R"({"type":"missing","loc":["body","price"],"msg":"Field required","input":{}})"));
}

TEST_F(AppBody, EveryValueThatDoesNotFitIsReported) {
    EXPECT_EQ(
        refused(R"({"name":5,"price":"x"})"),
        detail(
            R"({"type":"string_type","loc":["body","name"],"msg":"Input should be a valid string","input":5},)"
            R"({"type":"float_parsing","loc":["body","price"],"msg":"Input should be a valid number, unable )"
            R"(to parse string as a number","input":"x"})"));
    EXPECT_EQ(
        refused(R"({"name":null,"price":null,"in_stock":null,"tags":null})"),
        detail(
            R"({"type":"string_type","loc":["body","name"],"msg":"Input should be a valid string","input":null},)"
            R"({"type":"float_type","loc":["body","price"],"msg":"Input should be a valid number","input":null},)"
            R"({"type":"bool_type","loc":["body","in_stock"],"msg":"Input should be a valid boolean","input":null},)"
            R"({"type":"list_type","loc":["body","tags"],"msg":"Input should be a valid list","input":null})"));
    EXPECT_EQ(
        refused(R"({"name":"a","price":[1]})"),
        detail(
            R"({"type":"float_type","loc":["body","price"],"msg":"Input should be a valid number","input":[1]})"));
}

TEST_F(AppBody, NestedObjectsAndArraysAreLocatedToTheElement) {
    EXPECT_EQ(
        refused(R"({"name":"a","price":1,"tags":["a",1,null],"home":{"zip":"x"}})"),
        detail(
            R"({"type":"string_type","loc":["body","tags",1],"msg":"Input should be a valid string","input":1},)"
            R"({"type":"string_type","loc":["body","tags",2],"msg":"Input should be a valid string","input":null},)"
            R"({"type":"missing","loc":["body","home","city"],"msg":"Field required","input":{"zip":"x"}},)"
            R"({"type":"int_parsing","loc":["body","home","zip"],"msg":"Input should be a valid integer, unable to )"
            R"(parse string as an integer","input":"x"})"));
    EXPECT_EQ(
        refused(R"({"name":"a","price":1,"home":5})"),
        detail(
            R"({"type":"model_attributes_type","loc":["body","home"],"msg":"Input should be a valid dictionary )"
            R"(or object to extract fields from","input":5})"));
    EXPECT_EQ(
        refused(R"({"name":"a","price":1,"tags":"a"})"),
        detail(
            R"({"type":"list_type","loc":["body","tags"],"msg":"Input should be a valid list","input":"a"})"));
}

TEST_F(AppBody, ABodyThatIsNoObjectIsRefused) {
    const auto error = [](std::string_view input) {
        return detail(
            std::string{R"({"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid )"
                        R"(dictionary or object to extract fields from","input":)"}
                .append(input)
                .append("}"));
    };
    EXPECT_EQ(refused("[]"), error("[]"));
    EXPECT_EQ(refused("5"), error("5"));
    EXPECT_EQ(refused("\"x\""), error("\"x\""));
    EXPECT_EQ(refused("[1,{\"a\":2.0}]"), error("[1,{\"a\":2.0}]"));
}

TEST_F(AppBody, NoBodyAndNullAreMissing) {
    const std::string missing =
        detail(R"({"type":"missing","loc":["body"],"msg":"Field required","input":null})");
    EXPECT_EQ(refused(""), missing);
    EXPECT_EQ(refused("", ""), missing);
    EXPECT_EQ(refused("null"), missing);
}

TEST_F(AppBody, MalformedJsonIs422InPythonsWords) {
    EXPECT_EQ(refused("{"),
              detail(R"({"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},)"
                     R"("ctx":{"error":"Expecting property name enclosed in double quotes"}})"));
    EXPECT_EQ(refused("{\"name\": \"ü\" \"price\"}"),
              detail(R"({"type":"json_invalid","loc":["body",13],"msg":"JSON decode error","input":{},)"
                     R"("ctx":{"error":"Expecting ',' delimiter"}})"));
    EXPECT_EQ(refused("{} x"),
              detail(R"({"type":"json_invalid","loc":["body",3],"msg":"JSON decode error","input":{},)"
                     R"("ctx":{"error":"Extra data"}})"));
}

TEST_F(AppBody, ABodyThatIsNoUtf8Is400) {
    const Answer answer = post(app, "/items", "{\"name\":\"\xFF\"}");
    EXPECT_EQ(answer.line, "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(answer.body, R"({"detail":"There was an error parsing the body"})");
}

TEST_F(AppBody, OnlyJsonsContentTypesAreParsed) {
    const std::string_view item = R"({"name":"a","price":1})";
    for (const std::string_view type :
         {"application/json", "Application/JSON", "application/json; charset=utf-8",
          "application/vnd.api+json", "application/problem+JSON;x=y", "application/json;"})
        (void)accepted(item, type);
    const std::string error = detail(
        R"({"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to )"
        R"(extract fields from","input":"{\"name\":\"a\",\"price\":1}"})");
    for (const std::string_view type :
         {"", "text/plain", "text/json", "application/jsonp", "application/json2", "application/+json",
          "application/x-www-form-urlencoded", "json", "application/", "xapplication/json"})
        EXPECT_EQ(refused(item, type), error) << type;
    EXPECT_EQ(
        refused("name=Foo&price=50.5", "application/x-www-form-urlencoded"),
        detail(
            R"({"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or )"
            R"(object to extract fields from","input":"name=Foo&price=50.5"})"));
}

TEST_F(AppBody, TheEchoOfAnInputIsCutTo1KiB) {
    const std::string longer = "é" + std::string(3000, 'x');
    EXPECT_EQ(
        refused(R"({"name":"a","price":")" + longer + R"("})"),
        detail(
            R"({"type":"float_parsing","loc":["body","price"],"msg":"Input should be a valid number, unable to )"
            R"(parse string as a number","input":")" +
            longer.substr(0, 1024) + R"("})"));
    const std::string within(1023, 'x');
    EXPECT_NE(refused(R"({"name":"a","price":")" + within + R"(é"})").find("\"input\":\"" + within + "\"}"),
              std::string::npos);
    EXPECT_EQ(refused(R"({"name":")" + std::string(2000, 'x') + R"("})"),
              detail(R"({"type":"missing","loc":["body","price"],"msg":"Field required","input":null})"));
    std::string many = R"({"name":"a","more":[)";
    for (int i = 0; i < 1000; ++i) many += "[[]],";
    EXPECT_EQ(refused(many + "1]}"),
              detail(R"({"type":"missing","loc":["body","price"],"msg":"Field required","input":null})"));
    EXPECT_LT(refused(std::string(100000, 'x'), "text/plain").size(), 1300U);
}

TEST_F(AppBody, ANumberThatNoDoubleHoldsIsRefusedAndEchoedAsNull) {
    EXPECT_EQ(
        refused(R"({"name":"a","price":1e400})"),
        detail(R"({"type":"finite_number","loc":["body","price"],"msg":"Input should be a finite number",)"
               R"("input":null})"));
    EXPECT_EQ(
        refused(R"({"other":[{"x":-1e400}],"name":1,"price":1})"),
        detail(
            R"({"type":"string_type","loc":["body","name"],"msg":"Input should be a valid string","input":1})"));
    EXPECT_EQ(refused(R"({"name":"a","other":[{"x":-1e400}]})"),
              detail(R"({"type":"missing","loc":["body","price"],"msg":"Field required","input":null})"));
}

TEST_F(AppBody, AtMost100ErrorsAreReported) {
    std::string tags;
    for (int i = 0; i < 1000; ++i) tags += i == 0 ? "1" : ",1";
    const std::string body = refused(R"({"name":"a","price":1,"tags":[)" + tags + "]}");
    std::size_t count = 0;
    for (std::size_t at = 0; (at = body.find("string_type", at)) != std::string::npos; ++at) ++count;
    EXPECT_EQ(count, 100U);
    EXPECT_TRUE(
        body.ends_with(R"("loc":["body","tags",99],"msg":"Input should be a valid string","input":1}]})"));
}

TEST_F(AppTest, ArraysOfStructsAndRequiredStructsAreBound) {
    app.post(
        "/orders", +[](Body<Order> order, alloc::Allocator arena) { return Response::json(arena, order); });
    EXPECT_EQ(
        post(
            app, "/orders",
            R"({"items":[{"name":"a","price":1},{"name":"b","price":2,"tags":["x"]}],"to":{"city":"Bern"},"count":255})")
            .body,
        R"({"items":[{"name":"a","price":1.0,"in_stock":true,"note":null,"tags":[],"home":null},)"
        R"({"name":"b","price":2.0,"in_stock":true,"note":null,"tags":["x"],"home":null}],)"
        R"("to":{"city":"Bern","zip":3000},"count":255,"discount":0.5,"currency":"CHF"})");
    EXPECT_EQ(
        post(app, "/orders", R"({"items":[{"name":"a","price":1},{"name":"b"}],"count":256,"discount":1e39})")
            .body,
        detail(
            R"({"type":"missing","loc":["body","items",1,"price"],"msg":"Field required","input":{"name":"b"}},)"
            R"({"type":"missing","loc":["body","to"],"msg":"Field required","input":{"items":[{"name":"a",)"
            R"("price":1},{"name":"b"}],"count":256,"discount":1e+39}},)"
            R"({"type":"less_than_equal","loc":["body","count"],"msg":"Input should be less than or equal to )"
            R"(255","input":256,"ctx":{"le":255}},)"
            R"({"type":"finite_number","loc":["body","discount"],"msg":"Input should be a finite number",)"
            R"("input":1e+39})"));
}

TEST_F(AppTest, ArraysOfArraysAreBound) {
    app.post(
        "/n", +[](Body<Numbers> numbers, alloc::Allocator arena) { return Response::json(arena, numbers); });
    EXPECT_EQ(post(app, "/n", R"({"rows":[[1,2],[],["3",4.0,true]]})").body,
              R"({"rows":[[1,2],[],[3,4,1]]})");
    EXPECT_EQ(
        post(app, "/n", R"({"rows":[[1],2,[3,"x"]]})").body,
        detail(
            R"({"type":"list_type","loc":["body","rows",1],"msg":"Input should be a valid list","input":2},)"
            R"({"type":"int_parsing","loc":["body","rows",2,1],"msg":"Input should be a valid integer, unable )"
            R"(to parse string as an integer","input":"x"})"));
}

TEST_F(AppTest, TruthValuesInBodiesFollowPydantic) {
    app.post("/f", +[](Body<Flag> flag, alloc::Allocator arena) { return Response::json(arena, flag); });
    for (const std::string_view text : {"true", "1", "1.0", "\"on\"", "\"Yes\""})
        EXPECT_EQ(post(app, "/f", std::string{R"({"on":)"}.append(text).append("}")).body, R"({"on":true})");
    for (const std::string_view text : {"false", "0", "-0.0", "\"n\"", "\"OFF\""})
        EXPECT_EQ(post(app, "/f", std::string{R"({"on":)"}.append(text).append("}")).body, R"({"on":false})");
    for (const std::string_view text : {"2", "-1", "5.0", "\"\"", "\" on\""})
        EXPECT_NE(
            post(app, "/f", std::string{R"({"on":)"}.append(text).append("}")).body.find(R"("bool_parsing")"),
            std::string::npos)
            << text;
    for (const std::string_view text : {"5.5", "1e20", "9223372036854775808", "[]", "{}", "null", "1e400"})
        EXPECT_NE(
            post(app, "/f", std::string{R"({"on":)"}.append(text).append("}")).body.find(R"("bool_type")"),
            std::string::npos)
            << text;
}

TEST_F(AppTest, IntegersInBodiesFollowPydantic) {
    app.post("/w", +[](Body<Whole> whole, alloc::Allocator arena) { return Response::json(arena, whole); });
    const auto answer = [this](std::string_view text) {
        return post(app, "/w", std::string{R"({"n":)"}.append(text).append("}")).body;
    };
    EXPECT_EQ(answer("5.0"), R"({"n":5})");
    EXPECT_EQ(answer("\"-5\""), R"({"n":-5})");
    EXPECT_EQ(answer("true"), R"({"n":1})");
    EXPECT_EQ(answer("-9223372036854775808"), R"({"n":-9223372036854775808})");
    EXPECT_EQ(answer("-9223372036854774784.0"), R"({"n":-9223372036854774784})");
    for (const auto& [text, type] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"5.5", "int_from_float"},
             {"\"5.5\"", "int_parsing"},
             {"\"\"", "int_parsing"},
             {"null", "int_type"},
             {"[1]", "int_type"},
             {"{}", "int_type"},
             {"1e400", "finite_number"},
             {"9223372036854775808", "less_than_equal"},
             {"99999999999999999999", "less_than_equal"},
             {"-99999999999999999999", "greater_than_equal"},
             {"1e20", "less_than_equal"},
             {"\"99999999999999999999\"", "less_than_equal"},
             {"1e19", "less_than_equal"},
             {"-9223372036854777856.0", "greater_than_equal"}})
        EXPECT_NE(answer(text).find("{\"type\":\"" + std::string{type} + "\""), std::string::npos)
            << text << answer(text);
}

}  // namespace
