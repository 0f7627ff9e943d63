// The OpenAPI document of an App: what FastAPI says of the same routes.
#include <zigmund/http.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "in_process.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;
namespace json = boost::json;

enum class Size { small, large };
BOOST_DESCRIBE_ENUM(Size, small, large)

struct Item {
    http::Member<std::string_view, http::MinLength<1>, http::Description<"As on the label">> name;
    http::Member<double, http::Gt<0>, http::Example<2.5>> price;
    std::optional<std::string_view> note;
    bool in_stock = true;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, note, in_stock))

struct User {
    std::string_view username;
    std::int64_t age;
};
BOOST_DESCRIBE_STRUCT(User, (), (username, age))

/// The document of an App with the routes that `add` registers; the part of it that `pointer` leads to.
template <class F>
json::value document(F&& add, std::string_view pointer = "", http::AppInfo info = {}) {
    http::App app{alloc::heap(), info};
    add(app);
    const test::Answer answer = test::get(app, "/openapi.json");
    EXPECT_EQ(answer.line, "HTTP/1.1 200 OK");
    EXPECT_EQ(answer.field("content-type"), "application/json");
    EXPECT_EQ(answer.body, app.openapi());
    const json::value whole = json::parse(answer.body);
    const json::value* part = nullptr;
    boost::system::error_code error;
    part = whole.find_pointer(pointer, error);
    return part == nullptr ? json::value{"there is no " + std::string{pointer} + " in " + answer.body}
                           : *part;
}

void expect(const json::value& actual, std::string_view expected) {
    EXPECT_EQ(actual, json::parse(expected)) << "expected " << json::serialize(json::parse(expected));
}

const auto nothing = [](http::App&) {};

http::Response read_item(
    http::Path<std::int64_t, "item_id", http::Ge<1>, http::Le<1000>,
               http::Title<"The ID of the item to get">>,
    http::Query<std::optional<std::string_view>, "q", http::Alias<"item-query">, http::MaxLength<50>,
                http::Description<"What to look for">, http::Deprecated>,
    http::Query<double, "size", http::Gt<0.0>, http::Lt<10.5>, http::Default<1.5>, http::Example<2.5>>) {
    return http::Response::text("");
}

TEST(OpenApi, OfAnAppWithoutRoutesHasTitleVersionAndDescription) {
    expect(document(nothing),
           R"({"openapi":"3.1.0","info":{"title":"Zigmund","version":"0.1.0"},"paths":{}})");
    expect(document(nothing, "/info", {.title = "Shop", .version = "2.0", .description = "Sells *things*"}),
           R"({"title":"Shop","description":"Sells *things*","version":"2.0"})");
}

TEST(OpenApi, OfAPathAndAQueryWithConstraints) {
    const json::value whole = document([](http::App& app) { app.get<read_item>("/items/{item_id:int}"); });
    expect(whole.at("paths"), R"({"/items/{item_id}":{"get":{
        "summary":"Read Item","operationId":"read_item_items__item_id__get",
        "parameters":[
          {"name":"item_id","in":"path","required":true,"schema":{
            "type":"integer","format":"int64","minimum":1,"maximum":1000,"title":"The ID of the item to get"}},
          {"name":"item-query","in":"query","required":false,"description":"What to look for",
           "deprecated":true,"schema":{
             "anyOf":[{"type":"string","maxLength":50},{"type":"null"}],"title":"Item-Query",
             "description":"What to look for","deprecated":true}},
          {"name":"size","in":"query","required":false,"schema":{
            "type":"number","exclusiveMinimum":0.0,"exclusiveMaximum":10.5,"title":"Size","default":1.5,
            "examples":[2.5]}}],
        "responses":{
          "200":{"description":"Successful Response","content":{"application/json":{"schema":{}}}},
          "422":{"description":"Validation Error","content":{"application/json":{"schema":{
            "$ref":"#/components/schemas/HTTPValidationError"}}}}}}}})");
    expect(whole.at("components"), R"({"schemas":{
        "HTTPValidationError":{"properties":{"detail":{"items":{"$ref":"#/components/schemas/ValidationError"},
          "type":"array","title":"Detail"}},"type":"object","title":"HTTPValidationError"},
        "ValidationError":{"properties":{
          "loc":{"items":{"anyOf":[{"type":"string"},{"type":"integer"}]},"type":"array","title":"Location"},
          "msg":{"type":"string","title":"Message"},"type":{"type":"string","title":"Error Type"},
          "input":{"title":"Input"},"ctx":{"type":"object","title":"Context"}},
          "type":"object","required":["loc","msg","type"],"title":"ValidationError"}}})");
}

// What a type holds is what the server refuses beyond it; a 64-bit limit is none that JSON's readers can see.
TEST(OpenApi, ATypesLimitsAreItsBounds) {
    const json::value parameters = document(
        [](http::App& app) {
            app.get("/",
                    [](http::Query<std::uint32_t, "u32">, http::Query<std::int8_t, "i8", http::Ge<0>>,
                       http::Query<std::uint64_t, "u64">, http::Query<bool, "flag">,
                       http::Query<std::span<const http::Uuid>, "ids", http::MaxLength<3>>,
                       http::Query<std::span<const int>, "none", http::DefaultList<>>,
                       http::Query<std::span<const std::string_view>, "tags", http::DefaultList<"a", "b">>,
                       http::Query<http::Timestamp, "since">,
                       http::Query<Size, "size", http::Default<Size::large>>) {});
        },
        "/paths/~1/get/parameters");
    expect(parameters, R"([
        {"name":"u32","in":"query","required":true,"schema":{
          "type":"integer","minimum":0,"maximum":4294967295,"title":"U32"}},
        {"name":"i8","in":"query","required":true,"schema":{
          "type":"integer","minimum":0,"maximum":127,"title":"I8"}},
        {"name":"u64","in":"query","required":true,"schema":{"type":"integer","minimum":0,"title":"U64"}},
        {"name":"flag","in":"query","required":true,"schema":{"type":"boolean","title":"Flag"}},
        {"name":"ids","in":"query","required":true,"schema":{
          "type":"array","items":{"type":"string","format":"uuid"},"maxItems":3,"title":"Ids"}},
        {"name":"none","in":"query","required":false,"schema":{"type":"array","items":{
          "type":"integer","minimum":-2147483648,"maximum":2147483647},"title":"None","default":[]}},
        {"name":"tags","in":"query","required":false,"schema":{
          "type":"array","items":{"type":"string"},"title":"Tags","default":["a","b"]}},
        {"name":"since","in":"query","required":true,"schema":{
          "type":"string","format":"date-time","title":"Since"}},
        {"name":"size","in":"query","required":false,"schema":{
          "$ref":"#/components/schemas/Size","default":"large"}}])");
}

Item create_item(http::Body<Item> item) { return *item; }

// Members with a value may be left out of what is sent, and are always in what comes back.
TEST(OpenApi, ABodyAndAResultAreComponents) {
    const json::value whole =
        document([](http::App& app) { app.post<create_item>("/items", {.status = http::Status::created}); });
    expect(whole.at_pointer("/paths/~1items/post"), R"({
        "summary":"Create Item","operationId":"create_item_items_post",
        "requestBody":{"required":true,"content":{"application/json":{"schema":{
          "$ref":"#/components/schemas/Item-Input"}}}},
        "responses":{
          "201":{"description":"Successful Response","content":{"application/json":{"schema":{
            "$ref":"#/components/schemas/Item-Output"}}}},
          "422":{"description":"Validation Error","content":{"application/json":{"schema":{
            "$ref":"#/components/schemas/HTTPValidationError"}}}}}})");
    const std::string properties = R"("properties":{
        "name":{"type":"string","minLength":1,"title":"Name","description":"As on the label"},
        "price":{"type":"number","exclusiveMinimum":0,"title":"Price","examples":[2.5]},
        "note":{"anyOf":[{"type":"string"},{"type":"null"}],"title":"Note"},
        "in_stock":{"type":"boolean","title":"In Stock","default":true}},"type":"object","title":"Item",)";
    expect(whole.at_pointer("/components/schemas/Item-Input"),
           "{" + properties + R"("required":["name","price"]})");
    expect(whole.at_pointer("/components/schemas/Item-Output"),
           "{" + properties + R"("required":["name","price","note","in_stock"]})");
}

TEST(OpenApi, AStructThatIsTheSameBothWaysIsOneComponent) {
    const json::value schemas =
        document([](http::App& app) { app.post("/users", [](http::Body<User> user) { return *user; }); },
                 "/components/schemas");
    EXPECT_TRUE(schemas.as_object().contains("User"));
    EXPECT_EQ(schemas.as_object().size(), 3U);  // and the two of a refusal
}

TEST(OpenApi, SeveralBodiesAreMembersOfOne) {
    const json::value whole = document([](http::App& app) {
        app.put("/items/{item_id}",
                [](http::Path<int, "item_id">, http::Body<Item, "item">, http::Body<User, "user">,
                   http::Body<std::optional<std::uint8_t>, "importance">) {},
                {.name = "update_item"});
    });
    expect(whole.at_pointer("/paths/~1items~1{item_id}/put/requestBody"), R"({
        "required":true,"content":{"application/json":{"schema":{
          "$ref":"#/components/schemas/Body_update_item_items__item_id__put"}}}})");
    expect(whole.at_pointer("/components/schemas/Body_update_item_items__item_id__put"), R"({
        "properties":{"item":{"$ref":"#/components/schemas/Item"},"user":{"$ref":"#/components/schemas/User"},
          "importance":{"anyOf":[{"type":"integer","minimum":0,"maximum":255},{"type":"null"}],
            "title":"Importance"}},
        "type":"object","required":["item","user"],"title":"Body_update_item_items__item_id__put"})");
}

TEST(OpenApi, ABodyThatIsNoStructStandsInItsPlace) {
    expect(document(
               [](http::App& app) {
                   app.post("/users", [](http::Body<std::optional<std::span<const User>>>) {});
               },
               "/paths/~1users/post/requestBody"),
           R"({"content":{"application/json":{"schema":{"anyOf":[
             {"type":"array","items":{"$ref":"#/components/schemas/User"}},{"type":"null"}],"title":"Body"}}}})");
}

struct Login {
    std::string_view username;
    std::string_view scope = "me";
};
BOOST_DESCRIBE_STRUCT(Login, (), (username, scope))

TEST(OpenApi, AFormIsItsStructOrPutTogetherOfItsFields) {
    const json::value whole = document([](http::App& app) {
        app.post("/login", [](http::Form<Login>) {});
        app.post("/token", [](http::Form<std::string_view, "code">, http::Form<Login>) {});
    });
    expect(whole.at_pointer("/paths/~1login/post/requestBody"), R"({"required":true,"content":{
        "application/x-www-form-urlencoded":{"schema":{"$ref":"#/components/schemas/Login"}}}})");
    expect(whole.at_pointer("/components/schemas/Login"), R"({"properties":{
        "username":{"type":"string","title":"Username"},
        "scope":{"type":"string","title":"Scope","default":"me"}},
        "type":"object","required":["username"],"title":"Login"})");
    expect(whole.at_pointer("/components/schemas/Body_post_token"), R"({"properties":{
        "code":{"type":"string","title":"Code"},"username":{"type":"string","title":"Username"},
        "scope":{"type":"string","title":"Scope","default":"me"}},
        "type":"object","required":["code","username"],"title":"Body_post_token"})");
}

struct Report {
    std::string_view title;
    http::Upload report;
    http::Member<std::span<const http::Upload>, http::MaxLength<20>> pages;
    std::optional<http::Upload> cover;
};
BOOST_DESCRIBE_STRUCT(Report, (), (title, report, pages, cover))

TEST(OpenApi, AStructOfAFormWithFilesIsMultipart) {
    const json::value whole = document([](http::App& app) { app.post("/send", [](http::Form<Report>) {}); });
    expect(whole.at_pointer("/paths/~1send/post/requestBody"), R"({"required":true,"content":{
        "multipart/form-data":{"schema":{"$ref":"#/components/schemas/Report"}}}})");
    const std::string file =
        R"({"type":"string","format":"binary","contentMediaType":"application/octet-stream")";
    expect(whole.at_pointer("/components/schemas/Report"),
           R"({"properties":{"title":{"type":"string","title":"Title"},"report":)" + file +
               R"(,"title":"Report"},
             "pages":{"type":"array","items":)" +
               file + R"(},"maxItems":20,"title":"Pages"},
             "cover":{"anyOf":[)" +
               file + R"(},{"type":"null"}],"title":"Cover"}},
             "type":"object","required":["title","report"],"title":"Report"})");
}

TEST(OpenApi, AFormWithFilesIsMultipart) {
    const json::value whole = document([](http::App& app) {
        app.post("/send", [](http::File<"report">, http::File<"cover", std::optional<http::Upload>>,
                             http::File<"pages", std::span<const http::Upload>, http::MaxLength<20>>,
                             http::Form<std::string_view, "title">) {});
    });
    expect(whole.at_pointer("/paths/~1send/post/requestBody"), R"({"required":true,"content":{
        "multipart/form-data":{"schema":{"$ref":"#/components/schemas/Body_post_send"}}}})");
    const std::string file =
        R"({"type":"string","format":"binary","contentMediaType":"application/octet-stream")";
    expect(whole.at_pointer("/components/schemas/Body_post_send"), R"({"properties":{"report":)" + file +
                                                                       R"(,"title":"Report"},
             "cover":{"anyOf":[)" + file + R"(},{"type":"null"}],"title":"Cover"},
             "pages":{"type":"array","items":)" + file + R"(},"maxItems":20,"title":"Pages"},
             "title":{"type":"string","title":"Title"}},
             "type":"object","required":["report","pages","title"],"title":"Body_post_send"})");
}

struct Headers {
    std::string_view x_token;
    http::Member<std::optional<std::string_view>, http::Alias<"x_raw">> raw;
};
BOOST_DESCRIBE_STRUCT(Headers, (), (x_token, raw))

TEST(OpenApi, MembersOfAModelAreParameters) {
    const json::value whole =
        document([](http::App& app) { app.get("/", [](http::Header<Headers>, http::Cookie<Login>) {}); });
    expect(whole.at_pointer("/paths/~1/get/parameters"), R"([
        {"name":"x-token","in":"header","required":true,"schema":{"type":"string","title":"X-Token"}},
        {"name":"x_raw","in":"header","required":false,"schema":{
          "anyOf":[{"type":"string"},{"type":"null"}],"title":"X Raw"}},
        {"name":"username","in":"cookie","required":true,"schema":{"type":"string","title":"Username"}},
        {"name":"scope","in":"cookie","required":false,"schema":{
          "type":"string","title":"Scope","default":"me"}}])");
    EXPECT_FALSE(whole.at_pointer("/components/schemas").as_object().contains("Login"));
}

int page_size(http::Query<int, "limit", http::Default<10>, http::Ge<0>, http::Le<99>> limit) { return limit; }
std::string_view token(http::Header<std::string_view, "x_token"> given, inject::Depends<page_size>) {
    return given;
}

// The handler's own come first; one that several ask for stands there once, and is required if one requires
// it.
TEST(OpenApi, ParametersOfDependenciesAreTheRoutes) {
    const json::value parameters = document(
        [](http::App& app) {
            app.get("/{id}", [](inject::Depends<token>, http::Query<int, "skip">, inject::Depends<page_size>,
                                http::Header<std::optional<std::string_view>, "x_token">,
                                http::Path<std::string_view, "id">) {});
        },
        "/paths/~1{id}/get/parameters");
    expect(parameters, R"([
        {"name":"id","in":"path","required":true,"schema":{"type":"string","title":"Id"}},
        {"name":"skip","in":"query","required":true,"schema":{
          "type":"integer","minimum":-2147483648,"maximum":2147483647,"title":"Skip"}},
        {"name":"limit","in":"query","required":false,"schema":{
          "type":"integer","minimum":0,"maximum":99,"title":"Limit","default":10}},
        {"name":"x-token","in":"header","required":true,"schema":{"type":"string","title":"X-Token"}}])");
}

void check_key(http::Query<std::string_view, "key", http::Description<"A secret">>) {}

TEST(OpenApi, SoAreThoseOfRoutersAndRoutes) {
    http::App app{alloc::heap(), {.dependencies = {http::depends<page_size>}}};
    app.get("/", [](http::Query<int, "skip", http::Default<0>>) {},
            {.dependencies = {http::depends<check_key>}});
    const json::value whole = json::parse(app.openapi());
    std::vector<std::string_view> names;
    for (const json::value& parameter : whole.at_pointer("/paths/~1/get/parameters").as_array())
        names.push_back(parameter.at("name").as_string());
    EXPECT_EQ(names, (std::vector<std::string_view>{"skip", "limit", "key"}));
}

struct Cat {
    http::Literal<"cat"> kind;
    int lives = 9;
    static constexpr auto extra_members = http::ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Cat, (), (kind, lives))
struct Dog {
    http::Literal<"dog", "puppy"> kind;
};
BOOST_DESCRIBE_STRUCT(Dog, (), (kind))

struct Owner {
    std::pmr::vector<std::variant<Cat, Dog>> pets;
    std::variant<Cat, Dog> favourite;
    std::pmr::map<std::string_view, Size> shirts;
    std::pmr::vector<Owner> children;
    boost::json::value anything;
    http::Member<http::Uuid, http::Example<"6ba7b810-9dad-11d1-80b4-00c04fd430c8">> id;
    http::Member<std::span<const std::string_view>, http::Example<"new">, http::MinLength<1>> tags;
};
BOOST_DESCRIBE_STRUCT(Owner, (), (pets, favourite, shirts, children, anything, id, tags))

TEST(OpenApi, NestedTypes) {
    const json::value schemas = document(
        [](http::App& app) { app.post("/owners", [](http::Body<Owner>) {}); }, "/components/schemas");
    const std::string pet =
        R"({"oneOf":[{"$ref":"#/components/schemas/Cat"},{"$ref":"#/components/schemas/Dog"}],
        "discriminator":{"propertyName":"kind","mapping":{"cat":"#/components/schemas/Cat",
          "dog":"#/components/schemas/Dog","puppy":"#/components/schemas/Dog"}})";
    expect(schemas.at("Owner"), R"({"properties":{
        "pets":{"type":"array","items":)" +
                                    pet + R"(},"title":"Pets","default":[]},
        "favourite":)" + pet + R"(,"title":"Favourite"},
        "shirts":{"type":"object","additionalProperties":{"$ref":"#/components/schemas/Size"},"title":"Shirts",
          "default":{}},
        "children":{"type":"array","items":{"$ref":"#/components/schemas/Owner"},"title":"Children",
          "default":[]},
        "anything":{"title":"Anything"},
        "id":{"type":"string","format":"uuid","title":"Id",
          "examples":["6ba7b810-9dad-11d1-80b4-00c04fd430c8"]},
        "tags":{"type":"array","items":{"type":"string"},"minItems":1,"title":"Tags",
          "examples":[["new"]]}},
        "type":"object","required":["favourite","id","tags"],"title":"Owner"})");
    expect(schemas.at("Cat"), R"({"properties":{"kind":{"type":"string","const":"cat","title":"Kind"},
        "lives":{"type":"integer","minimum":-2147483648,"maximum":2147483647,"title":"Lives","default":9}},
        "additionalProperties":false,"type":"object","required":["kind"],"title":"Cat"})");
    expect(schemas.at("Dog"),
           R"({"properties":{"kind":{"type":"string","enum":["dog","puppy"],"title":"Kind"}},
        "type":"object","required":["kind"],"title":"Dog"})");
    expect(schemas.at("Size"), R"({"type":"string","enum":["small","large"],"title":"Size"})");
}

std::map<std::string, std::vector<User>> users_by_town() { return {}; }
std::expected<std::vector<std::string>, http::HttpError> names() { return {}; }

TEST(OpenApi, ResultsThatAreNoStructHaveATitle) {
    const json::value paths = document(
        [](http::App& app) {
            app.get<users_by_town>("/users");
            app.get<names>("/names/");
            app.get("/nothing", [] {}, {.status = http::Status::no_content});
        },
        "/paths");
    expect(paths.at_pointer("/~1users/get/responses"),
           R"({"200":{"description":"Successful Response","content":{
        "application/json":{"schema":{"type":"object","additionalProperties":{
          "type":"array","items":{"$ref":"#/components/schemas/User"}},
          "title":"Response Users By Town Users Get"}}}}})");
    expect(paths.at_pointer("/~1names~1/get/responses"),
           R"({"200":{"description":"Successful Response","content":{
        "application/json":{"schema":{"type":"array","items":{"type":"string"},
          "title":"Response Names Names  Get"}}}}})");
    expect(paths.at_pointer("/~1nothing/get/responses"), R"({"204":{"description":"Successful Response"}})");
}

http::Task<User> find_later(alloc::Allocator) { co_return User{}; }

TEST(OpenApi, OfATaskIsWhatItReturns) {
    expect(document([](http::App& app) { app.get<find_later>("/later"); },
                    "/paths/~1later/get/responses/200/content/application~1json/schema"),
           R"({"$ref":"#/components/schemas/User"})");
}

struct Problem {
    std::string_view message;
};
BOOST_DESCRIBE_STRUCT(Problem, (), (message))

TEST(OpenApi, OptionsOfRoutesAndRouters) {
    const auto add = [](http::Router& users) {
        users.get("/{id}", [](http::Path<int, "id">) { return http::Response::text(""); },
                  {.name = "get_user",
                   .tags = {"people"},
                   .summary = "One user",
                   .description = "By *number*.",
                   .operation_id = "getUser",
                   .responses = {{http::Status::ok, "The user", http::schema<User>},
                                 {http::Status::not_found, "Nobody", http::schema<Problem>},
                                 {http::Status::unprocessable_content, "Not a number"}},
                   .deprecated = true});
        users.get("/hidden", [] {}, {.include_in_schema = false});
        users.get("/page", [] { return http::Response::html(""); },
                  {.responses = {{http::Status::ok, "", http::schema<std::string>, "text/html"}}});
    };
    const json::value whole = document([&](http::App& app) {
        app.include(add, {.prefix = "/users",
                          .tags = {"users"},
                          .responses = {{http::Status::not_found}, {http::Status::gone}}});
        app.include([](http::Router& secret) { secret.get("", [] {}); },
                    {.prefix = "/secret", .include_in_schema = false});
        app.include([](http::Router& old) { old.get("", [] {}); }, {.prefix = "/old", .deprecated = true});
    });
    expect(whole.at_pointer("/paths/~1users~1{id}/get"), R"({
        "tags":["users","people"],"summary":"One user","description":"By *number*.","operationId":"getUser",
        "parameters":[{"name":"id","in":"path","required":true,"schema":{
          "type":"integer","minimum":-2147483648,"maximum":2147483647,"title":"Id"}}],
        "responses":{
          "200":{"description":"The user","content":{"application/json":{"schema":{
            "$ref":"#/components/schemas/User"}}}},
          "404":{"description":"Nobody","content":{"application/json":{"schema":{
            "$ref":"#/components/schemas/Problem"}}}},
          "422":{"description":"Not a number"},
          "410":{"description":"Gone"}},
        "deprecated":true})");
    expect(whole.at_pointer("/paths/~1users~1page/get/responses/200"),
           R"({"description":"Successful Response","content":{"text/html":{"schema":{
             "type":"string","title":"Response Get Users Page"}}}})");
    expect(whole.at_pointer("/paths/~1old/get/deprecated"), "true");
    EXPECT_EQ(whole.at("paths").as_object().size(), 3U);
    EXPECT_FALSE(whole.at_pointer("/components/schemas").as_object().contains("HTTPValidationError"));
}

// Where nothing says what a function is called, the route is named after its method and path.
TEST(OpenApi, NamesOfOperations) {
    const auto id_and_summary = [](const json::value& operation) {
        return std::string{operation.at("operationId").as_string()} + ": " +
               std::string{operation.at("summary").as_string()};
    };
    const json::value paths = document(
        [](http::App& app) {
            app.get("/", [] {});
            app.get("/users/{user_id}/posts", [] {});
            app.get("/a-b", [] {});
            app.get("/a_b", [] {});
            app.get("/named", [] {}, {.name = "show_1st"});
            app.get("/function", http::handler<names>);
            app.post("/function",
                     http::with_middleware(http::handler<names>, [](http::Request& request, http::Next next) {
                         return next(request);
                     }));
        },
        "/paths");
    EXPECT_EQ(id_and_summary(paths.at_pointer("/~1/get")), "get_: Get");
    EXPECT_EQ(id_and_summary(paths.at_pointer("/~1users~1{user_id}~1posts/get")),
              "get_users__user_id__posts: Get Users User Id Posts");
    EXPECT_EQ(id_and_summary(paths.at_pointer("/~1a-b/get")), "get_a_b: Get A B");
    EXPECT_EQ(id_and_summary(paths.at_pointer("/~1a_b/get")), "get_a_b_2: Get A B");
    EXPECT_EQ(id_and_summary(paths.at_pointer("/~1named/get")), "show_1st_named_get: Show 1St");
    EXPECT_EQ(id_and_summary(paths.at_pointer("/~1function/get")), "names_function_get: Names");
    EXPECT_EQ(id_and_summary(paths.at_pointer("/~1function/post")), "names_function_post: Names");
}

TEST(OpenApi, AFunctionsNameIsItsRoutesName) {
    http::App app{alloc::heap(), {}};
    app.get<names>("/names");
    app.post<names>("/names");
    alloc::Arena arena;
    EXPECT_EQ(app.url_for(arena, "names"), "/names");
    EXPECT_EQ(test::get(app, "/names").body, "[]");
}

TEST(OpenApi, AnOperationIdIsOneOfAKind) {
    http::App app{alloc::heap(), {}};
    app.get("/a", [] {}, {.operation_id = "getIt"});
    try {
        app.get("/b", [] {}, {.operation_id = "getIt"});
        FAIL();
    } catch (const http::RouteError& error) {
        EXPECT_STREQ(error.what(), "zigmund: GET /b: the operation id \"getIt\" is that of GET /a");
    }
}

// Who asks for no parameter of its path, or takes it from the Request, has it all the same.
TEST(OpenApi, EveryParameterOfATemplateIsThere) {
    expect(document([](http::App& app) { app.get("/{a:int}/{b:uuid}/{c:path}", [] {}); },
                    "/paths/~1{a}~1{b}~1{c}/get/parameters"),
           R"([{"name":"a","in":"path","required":true,"schema":{"type":"integer","minimum":0,"title":"A"}},
              {"name":"b","in":"path","required":true,"schema":{"type":"string","format":"uuid","title":"B"}},
              {"name":"c","in":"path","required":true,"schema":{"type":"string","title":"C"}}])");
}

namespace shop {
struct User {
    int number;
};
BOOST_DESCRIBE_STRUCT(User, (), (number))
template <class T>
struct Page {
    std::pmr::vector<T> items;
};
BOOST_DESCRIBE_STRUCT(Page<User>, (), (items))
}  // namespace shop

struct ValidationError {
    int code;
};
BOOST_DESCRIBE_STRUCT(ValidationError, (), (code))

TEST(OpenApi, ComponentsOfOneNameAreToldApart) {
    const json::value schemas = document(
        [](http::App& app) {
            app.post("/a", [](http::Body<shop::Page<shop::User>>) { return std::vector<User>{}; });
            app.post("/b", [](http::Body<ValidationError>) {});
        },
        "/components/schemas");
    std::vector<std::string_view> names;
    for (const auto& [name, schema] : schemas.as_object()) names.push_back(name);
    EXPECT_EQ(names, (std::vector<std::string_view>{"HTTPValidationError", "Page_User_", "User",
                                                    "ValidationError", "ValidationError_2", "shop__User"}));
}

TEST(OpenApi, StatusIsThatOfValuesAndNotOfResponses) {
    http::App app{alloc::heap(), {}};
    app.get("/value", [] { return 1; }, {.status = http::Status::created});
    app.get("/nothing", [] {}, {.status = http::Status::no_content});
    app.get("/response", [] { return http::Response::text(""); }, {.status = http::Status::created});
    EXPECT_EQ(test::get(app, "/value").line, "HTTP/1.1 201 Created");
    EXPECT_EQ(test::get(app, "/nothing").line, "HTTP/1.1 204 No Content");
    EXPECT_EQ(test::get(app, "/nothing").body, "");
    EXPECT_EQ(test::get(app, "/response").line, "HTTP/1.1 200 OK");
}

TEST(OpenApi, AMountedAppHasItsOwn) {
    http::App inner{alloc::heap(), {.title = "Inner"}};
    inner.get("/x", [] {});
    http::App middle{alloc::heap(), {.title = "Middle"}};
    middle.mount("/v1", inner);
    http::App outer{alloc::heap(), {.title = "Outer", .root_path = "/api"}};
    outer.get("/y", [] {});
    outer.mount("/a b", middle);
    const json::value own = json::parse(test::get(outer, "/openapi.json").body);
    expect(own.at("servers"), R"([{"url":"/api"}])");
    EXPECT_EQ(own.at("paths").as_object().size(), 1U);
    const json::value mounted = json::parse(test::get(outer, "/a%20b/v1/openapi.json").body);
    expect(mounted.at("servers"), R"([{"url":"/api/a%20b/v1"}])");
    expect(mounted.at_pointer("/info/title"), R"("Inner")");
    EXPECT_FALSE(json::parse(inner.openapi()).as_object().contains("servers"));
}

TEST(OpenApi, IsNotSentAgainToWhoHasIt) {
    http::App app{alloc::heap(), {}};
    const std::string tag = test::get(app, "/openapi.json").field("etag");
    EXPECT_EQ(tag.size(), 20U);
    const test::Answer again =
        test::ask(app, "GET /openapi.json HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\", " + tag + "\r\n\r\n");
    EXPECT_EQ(again.line, "HTTP/1.1 304 Not Modified");
    EXPECT_EQ(again.field("etag"), tag);
    EXPECT_EQ(again.body, "");
}

TEST(OpenApi, IsWhereTheAppSaysOrNowhere) {
    http::App elsewhere{alloc::heap(),
                        {.openapi_url = "/api/v1/openapi.json", .docs_url = "/api/docs", .redoc_url = ""}};
    EXPECT_EQ(test::get(elsewhere, "/api/v1/openapi.json").line, "HTTP/1.1 200 OK");
    EXPECT_EQ(test::get(elsewhere, "/openapi.json").line, "HTTP/1.1 404 Not Found");
    EXPECT_EQ(test::get(elsewhere, "/redoc").line, "HTTP/1.1 404 Not Found");
    EXPECT_NE(test::get(elsewhere, "/api/docs").body.find("\"../api/v1/openapi.json\""), std::string::npos);
    http::App strict{alloc::heap(), {.fastapi_strict_head = true}};
    EXPECT_EQ(test::ask(strict, "HEAD /docs HTTP/1.1\r\nHost: a\r\n\r\n").line, "HTTP/1.1 200 OK");
    http::App none{alloc::heap(), {.openapi_url = ""}};
    EXPECT_EQ(test::get(none, "/docs").line, "HTTP/1.1 404 Not Found");
    none.get("/docs", [] { return http::Response::text("mine"); });
    EXPECT_EQ(test::get(none, "/docs").body, "mine");
}

TEST(DocsPage, NamesTheDocumentAndEscapesTheTitle) {
    http::App app{alloc::heap(), {.title = "</title><script>alert(\"1\")</script> & more"}};
    for (const std::string_view page : {"/docs", "/redoc"}) {
        const test::Answer answer = test::get(app, page);
        EXPECT_EQ(answer.line, "HTTP/1.1 200 OK");
        EXPECT_EQ(answer.field("content-type"), "text/html; charset=utf-8");
        EXPECT_NE(answer.body.find("<title>&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; "
                                   "&amp; more"),
                  std::string::npos);
        EXPECT_NE(answer.body.find("=\"openapi.json\""), std::string::npos);
        EXPECT_EQ(answer.body.find("http"), std::string::npos);  // no other host
    }
    EXPECT_EQ(test::get(app, "/docs/nothing").line, "HTTP/1.1 404 Not Found");
}

}  // namespace
