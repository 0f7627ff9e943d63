// What the tour's routes are asked, and what they answer.
#pragma once

#include <zigmund/http/testing/test_request.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "tour.hpp"

namespace test {

struct TourRequest {
    std::string route;
    std::string url;
    zigmund::http::testing::TestRequest request = {};
    int status = 200;
    std::string body = {};
    /// Why it may touch the heap; empty: it may not.
    std::string_view cold = {};
};

inline constexpr std::string_view throws = "the C++ runtime takes an exception's memory from the heap";

inline std::vector<TourRequest> tour_requests() {
    using zigmund::http::testing::TestRequest;
    const auto json = [](std::string text) {
        return TestRequest{.content = std::move(text), .content_type = "application/json"};
    };
    const auto order = [](std::string_view zip, std::string_view lines) {
        return std::string{R"({"to":{"street":"A 1","zip":")"}
            .append(zip)
            .append(R"("},"delivery":"express","lines":)")
            .append(lines)
            .append(R"(,"notes":["soon"],"points":{"a":-1}})");
    };
    const auto error = [](std::string_view rest) {
        return std::string{R"({"detail":[{"type":)"}.append(rest).append("]}");
    };
    const TestRequest key{.headers = {{"x-key", "secret"}}};
    const TestRequest ann{.headers = {{"authorization", "Bearer secret"}}};
    return {
        // basics
        {"GET /text", "/text", {}, 200, "Hello, World!"},
        {"GET /users/{user_id}", "/users/7", {}, 200, R"({"id":7,"name":"Alice"})"},
        {"GET /users/{user_id}",
         "/users/x",
         {},
         422,
         error(R"("int_parsing","loc":["path","user_id"],"msg":"Input should be a valid integer, )"
               R"(unable to parse string as an integer","input":"x"})")},
        {"POST /items", "/items", json(R"({"name":"Pen","price":2.5})"), 200,
         R"({"name":"Pen","price":2.5,"in_stock":true,"message":"Item created successfully"})"},
        {"POST /items", "/items", json(R"({"name":"Pen"})"), 422,
         error(R"("missing","loc":["body","price"],"msg":"Field required","input":{"name":"Pen"}})")},
        // parameters
        {"GET /types/{small}",
         "/types/-128?large=18446744073709551615&number=1.5&flag=yes&color=green&"
         "id=6BA7B8109DAD11D180B400C04FD430C8&since=2026-11-22T22:00:00%2B01:00",
         {},
         200,
         R"({"small":-128,"large":18446744073709551615,"number":1.5,"flag":true,"color":"green",)"
         R"("id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","since":"2026-11-22T21:00:00Z"})"},
        {"GET /types/{small}",
         "/types/128?large=0&number=0&flag=0&color=pink&id=" + std::string(32, '0') + "&since=0",
         {},
         422,
         R"({"detail":[{"type":"less_than_equal","loc":["path","small"],"msg":"Input should be less than or equal )"
         R"(to 127","input":"128","ctx":{"le":127}},{"type":"enum","loc":["query","color"],"msg":"Input should be )"
         R"('red', 'green' or 'blue'","input":"pink","ctx":{"expected":"'red', 'green' or 'blue'"}}]})"},
        {"GET /search",
         "/search?q=p%65n&tag=a&tag=b",
         {},
         200,
         R"({"q":"pen","limit":10,"tags":["a","b"],"code":"AB","by":5,"ratio":0.5})"},
        {"GET /search",
         "/search?by=7&ratio=1",
         {},
         422,
         R"({"detail":[{"type":"missing","loc":["query","tag"],"msg":"Field required","input":null},)"
         R"({"type":"multiple_of","loc":["query","by"],"msg":"Input should be a multiple of 5","input":"7",)"
         R"("ctx":{"multiple_of":5}},{"type":"less_than","loc":["query","ratio"],"msg":"Input should be less than 1",)"
         R"("input":"1","ctx":{"lt":1.0}}]})"},
        {"GET /client",
         "/client",
         {.headers = {{"x-tag", "a"}, {"X-Tag", "b"}}, .cookies = {{"session", "1"}}},
         200,
         R"({"agent":"testclient","tags":["a","b"],"session":"1"})"},
        {"GET /filter", "/filter?limit=5&color=red", {}, 200, R"({"limit":5,"offset":0,"color":"red"})"},
        {"GET /filter",
         "/filter?page=1",
         {},
         422,
         error(
             R"("extra_forbidden","loc":["query","page"],"msg":"Extra inputs are not permitted","input":"1"})")},
        {"GET /screen",
         "/screen",
         {.headers = {{"viewport-width", "390"}, {"DPR", "2.5"}, {"color", "red"}, {"color", "blue"}}},
         200,
         R"({"viewport_width":390,"dpr":2.5,"color":["red","blue"]})"},
        {"POST /login",
         "/login",
         {.form = {{"username", "ann"}, {"password", "12 34&56"}}},
         200,
         R"({"user":"ann"})"},
        {"POST /login",
         "/login",
         {.form = {{"username", "ann"}, {"password", "1234"}}},
         422,
         error(
             R"("string_too_short","loc":["body","password"],"msg":"String should have at least 8 characters",)"
             R"("input":"1234","ctx":{"min_length":8}})")},
        {"GET /request",
         "/request?a=%41",
         {},
         200,
         R"({"method":"GET","path":"/request","query":"a=%41","a":"A"})"},
        // bodies
        {"POST /orders", "/orders", json(order("3000", R"([{"productName":"Pen","count":2,"price":1.5}])")),
         201,
         R"({"total":3.0,"order":{"to":{"street":"A 1","zip":"3000"},"delivery":"express","lines":[{"productName":"Pen","count":2,)"
         R"("price":1.5}],"notes":["soon"],"points":{"a":-1},"bill_to":null,"gift":false}})"},
        {"POST /orders", "/orders", json(order("300", R"([{"productName":"","count":0,"price":1}])")), 422,
         R"({"detail":[{"type":"string_pattern_mismatch","loc":["body","to","zip"],"msg":"String should match pattern )"
         R"('^[0-9]{4}$'","input":"300","ctx":{"pattern":"^[0-9]{4}$"}},{"type":"string_too_short","loc":["body",)"
         R"("lines",0,"productName"],"msg":"String should have at least 1 character","input":"","ctx":{"min_length":1}},)"
         R"({"type":"greater_than_equal","loc":["body","lines",0,"count"],"msg":"Input should be greater than or )"
         R"(equal to 1","input":0,"ctx":{"ge":1}}]})"},
        {"PUT /pet", "/pet", json(R"({"kind":"cat"})"), 200, R"({"kind":"cat","lives":9})"},
        {"PUT /pet", "/pet", json(R"({"good":false,"kind":"dog"})"), 200, R"({"kind":"dog","good":false})"},
        {"PATCH /house", "/house", json(R"({"address":{"street":"B","zip":"3001"},"importance":3})"), 200,
         R"({"zip":"3001","importance":3})"},
        {"POST /mirror", "/mirror", json(R"( {"a" : [1, null, {"b": 0.1}] })"), 200,
         R"({"a":[1,null,{"b":0.1}]})"},
        {"POST /bytes", "/bytes", {.content = std::string(20'000, 'x')}, 200, R"({"bytes":20000})"},
        // uploads
        {"POST /reports",
         "/reports",
         {.form = {{"title", "Mine"}}, .files = {{"report", "../a.txt", "one\ntwo\n", "text/plain"}}},
         200,
         R"({"title":"Mine","name":"a.txt","type":"text/plain","bytes":8,"lines":2,"in_memory":true,)"
         R"("has_cover":false})"},
        {"POST /reports",
         "/reports",
         {.form = {{"title", "Mine"}}, .multipart = true},
         422,
         error(R"("missing","loc":["body","report"],"msg":"Field required","input":null})")},
        {"POST /pages",
         "/pages",
         {.files = {{"page", "1", "one"}, {"page", "2", "two!"}}},
         200,
         R"({"pages":2,"bytes":7})"},
        // responses
        {"GET /point", "/point", {}, 200, R"({"x":0.1,"y":-2.0})"},
        {"GET /points", "/points", {}, 200, R"([{"x":0.0,"y":1.0},{"x":2.0,"y":3.0}])"},
        {"GET /points/{index:int}", "/points/1", {}, 200, R"({"x":2.0,"y":3.0})"},
        {"GET /points/{index:int}", "/points/2", {}, 404, R"({"detail":"No such point"})"},
        {"POST /nothing", "/nothing", {}, 200, "null"},
        {"GET /page/{number}", "/page/7", {}, 200, "<!doctype html><title>A page</title><p>Page 7"},
        {"GET /redirect", "/redirect", {}, 307, ""},
        {"GET /decorated", "/decorated", {}, 202, R"({"made":"elsewhere"})"},
        {"DELETE /decorated", "/decorated", {}, 204, ""},
        // streams
        {"GET /squares", "/squares", {}, 200, "1,1\n2,4\n3,9\n"},
        {"GET /lines", "/lines", {}, 200, "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n"},
        {"GET /events", "/events?count=1", {}, 200, "event: tick\ndata: {\"n\":0}\n\n"},
        {"POST /news", "/news", {.json = {{"text", "Rain"}}}, 200, R"({"number":1})"},
        {"GET /news",
         "/news?count=1",
         {},
         200,
         "event: headline\ndata: {\"number\":1,\"text\":\"Rain\"}\n\n"},
        // files
        {"GET /manual", "/manual", {}, 200, "First, read this.\n"},
        {"GET /manual", "/manual", {.headers = {{"range", "bytes=0-4"}}}, 206, "First"},
        {"GET /static/{path:path}", "/static/style.css", {}, 200, "body { color: black }\n"},
        {"GET /static/{path:path}",
         "/static/",
         {},
         200,
         "<!doctype html>\n<title>Tour</title>\n<p>The tour.\n"},
        {"GET /static/{path:path}", "/static/../tour.cpp", {}, 404, R"({"detail":"Not Found"})"},
        // routing
        {"GET /book", "/book", {}, 200, R"({"route":"book","path":"/book"})"},
        {"GET /book/{page:int}", "/book/7", {}, 200, R"({"route":"page","path":"/book/7"})"},
        {"GET /book/index", "/book/index", {}, 200, R"({"route":"index","path":"/book/index"})"},
        {"GET /book/notes/{rest:path}",
         "/book/notes/a/b%20c",
         {},
         200,
         R"({"route":"note","path":"/book/notes/a/b c"})"},
        {"GET /other-book", "/other-book", {}, 200, R"({"route":"book","path":"/other-book"})"},
        {"GET /other-book/{page:int}",
         "/other-book/7",
         {},
         200,
         R"({"route":"page","path":"/other-book/7"})"},
        {"GET /other-book/index",
         "/other-book/index",
         {},
         200,
         R"({"route":"index","path":"/other-book/index"})"},
        {"GET /other-book/notes/{rest:path}",
         "/other-book/notes/",
         {},
         200,
         R"({"route":"note","path":"/other-book/notes/"})"},
        {"GET /measures/{width:float}", "/measures/2.50", {}, 200, "2.5"},
        {"GET /measures/{object:uuid}",
         "/measures/6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
         {},
         200,
         R"("6ba7b810-9dad-11d1-80b4-00c04fd430c8")"},
        {"GET /measures/{width:float}", "/measures/wide", {}, 404, R"({"detail":"Not Found"})"},
        {"GET /admin/users/{id}", "/admin/users/7", {}, 200, "7"},
        {"GET /admin/users/{id}",
         "/admin/users/secret",
         {},
         422,
         error(R"("int_parsing","loc":["path","id"],"msg":"Input should be a valid integer, )"
               R"(unable to parse string as an integer"})")},
        {"GET /admin/status", "/admin/status", {}, 200, R"({"route":"status","path":"/status"})"},
        {"GET /links", "/links", {}, 200, R"({"user":"/users/7","text":"http://testserver/text"})"},
        {"HEAD /links", "/links", {}, 204, ""},
        {"OPTIONS /links", "/links", {}, 204, ""},
        // shop
        {"POST /shop/{item:int}", "/shop/2?count=2", ann, 200, R"({"item":2,"count":2,"for":"ann"})"},
        {"POST /shop/{item:int}", "/shop/1", ann, 409, R"({"detail":"Not that many left"})", throws},
        {"POST /shop/{item:int}", "/shop/2", {}, 401, R"({"detail":"Who are you?"})", throws},
        {"POST /shop/{item:int}", "/shop/2?count=11", ann, 409, R"({"detail":"Too many at once"})", throws},
        {"GET /shop", "/shop", {}, 200, R"({"offset":0,"stock":[5,0]})"},
        // errors
        {"GET /errors/own", "/errors/own", {}, 409, R"({"out_of_stock":"pen"})", throws},
        {"GET /errors/http", "/errors/http", {}, 403, R"({"detail":{"reason":"closed","until":8}})", throws},
        {"GET /errors/translated", "/errors/translated", {}, 404, R"({"detail":"Not on the list"})", throws},
        {"GET /errors/teapot", "/errors/teapot", {}, 418, "Short and stout", throws},
        {"GET /errors/other", "/errors/other", {}, 500, "Internal Server Error", throws},
        // middleware
        {"GET /vault", "/vault", key, 200, "gold"},
        {"GET /vault", "/vault", {}, 401, R"({"detail":"A key is needed"})"},
        {"GET /tower/bells", "/tower/bells?ticket=valid", {}, 200, "ding"},
        {"GET /tower/bells",
         "/tower/bells?ticket=old",
         {},
         403,
         R"({"detail":"The ticket is not valid"})",
         throws},
        {"GET /api/me",
         "/api/me",
         {.headers = {{"origin", "https://shop.example"}}},
         200,
         R"({"client":"127.0.0.1","scheme":"http"})"},
        {"GET /api/zeros", "/api/zeros", {}, 200, std::string(1000, '0')},
        // waiting
        {"GET /later", "/later", {}, 200, R"({"value":42})"},
        {"GET /report", "/report", {}, 200, R"({"report":"made"})"},
    };
}

/// The method of a route: "GET".
inline std::string method_of(const TourRequest& request) {
    return request.route.substr(0, request.route.find(' '));
}

}  // namespace test
