// The client that tests use: what it sends, what it keeps, what it tells.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <memory_resource>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;
using http::testing::TestClient;
using http::testing::TestRequest;
using http::testing::TestResponse;
using http::testing::TestStream;

struct Item {
    std::string_view name;
    double price = 0;
    std::optional<int> count = {};
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, count))

/// What a handler saw of a request, for the test to look at.
http::Response echo(http::Request& request, alloc::Allocator arena) {
    std::string text{request.method_text()};
    text.append(" ").append(request.target()).append("\n");
    for (const http::Field& field : request.fields())
        text.append(field.name).append(": ").append(field.value).append("\n");
    return http::Response::text(arena.dupe(std::string_view{text.append("\n").append(request.body())}));
}

struct Client : testing::Test {
    Client() {
        app.get("/echo", echo);
        app.post("/echo", echo);
        app.put("/echo", echo);
        app.patch("/echo", echo);
        app.delete_("/echo", echo);
        app.options("/echo", echo);
    }
    http::App app{alloc::heap(), {}};
};

// ---- requests ----

TEST_F(Client, SendsEveryVerb) {
    TestClient client{app};
    EXPECT_EQ(client.get("/echo").text().find("GET /echo\n"), 0u);
    EXPECT_EQ(client.post("/echo").text().find("POST /echo\n"), 0u);
    EXPECT_EQ(client.put("/echo").text().find("PUT /echo\n"), 0u);
    EXPECT_EQ(client.patch("/echo").text().find("PATCH /echo\n"), 0u);
    EXPECT_EQ(client.delete_("/echo").text().find("DELETE /echo\n"), 0u);
    EXPECT_EQ(client.options("/echo").text().find("OPTIONS /echo\n"), 0u);
    const TestResponse head = client.head("/echo");
    EXPECT_EQ(head.status(), 200);
    EXPECT_EQ(head.text(), "");
    EXPECT_NE(head.header("content-length"), "0");
    EXPECT_EQ(client.request("TRACE", "/echo").status(), 405);
}

TEST_F(Client, SaysWhoItIsAndWhatItIsTold) {
    TestClient client{app, {.headers = {{"x-key", "1"}, {"x-other", "2"}}}};
    EXPECT_EQ(
        client.get("/echo", {.headers = {{"X-Key", "mine"}}}).text(),
        "GET /echo\nhost: testserver\naccept: */*\nuser-agent: testclient\nX-Key: mine\nx-other: 2\n\n");
    EXPECT_EQ(client.get("/echo", {.headers = {{"Host", "a"}, {"User-Agent", "b"}, {"accept", "c"}}}).text(),
              "GET /echo\nHost: a\nUser-Agent: b\naccept: c\nx-key: 1\nx-other: 2\n\n");
}

TEST_F(Client, PutsTheQueryTogetherAndEncodesWhatAUrlCannotHold) {
    app.get("/{name}", [](http::Path<std::string_view, "name"> name,
                          http::Query<std::span<const std::string_view>, "q"> q, alloc::Allocator arena) {
        return http::Response::json(arena, {{"name", name}, {"q", q}});
    });
    TestClient client{app};
    EXPECT_EQ(client.get("/a b\"?q=%41", {.query = {{"q", "x&y z"}, {"q", "\xc3\xa9="}}}).text(),
              "{\"name\":\"a b\\\"\",\"q\":[\"A\",\"x&y z\",\"\xc3\xa9=\"]}");
    EXPECT_EQ(client.get("http://testserver/echo?a=b#part").text().find("GET /echo?a=b\nhost: testserver\n"),
              0u);
    EXPECT_EQ(client.get("echo").text().find("GET /echo\n"), 0u);
    EXPECT_EQ(client.get("/x/../echo").status(), 404);  // a path is sent as it is
}

TEST_F(Client, SendsJsonFromBracesStructsAndText) {
    app.post("/item", [](http::Body<Item> item, alloc::Allocator arena) {
        return http::Response::json(arena, *item);
    });
    TestClient client{app};
    EXPECT_EQ(client.post("/item", {.json = {{"name", "Pen"}, {"price", 2.5}}}).text(),
              R"({"name":"Pen","price":2.5,"count":null})");
    EXPECT_EQ(client.post("/item", {.json = Item{.name = "Ink", .count = 3}}).text(),
              R"({"name":"Ink","price":0.0,"count":3})");
    EXPECT_EQ(
        client.post("/item", {.content = R"({"name":"X"})", .content_type = "application/json"}).status(),
        200);
    EXPECT_EQ(client.post("/item", {.json = std::vector<int>{1, 2}}).status(), 422);
    EXPECT_NE(client.post("/echo", {.json = 7})
                  .text()
                  .find("content-type: application/json\ncontent-length: 1\n\n7"),
              std::string::npos);
}

TEST_F(Client, SendsForms) {
    app.post("/form", [](http::Form<Item> item, alloc::Allocator arena) {
        return http::Response::json(arena, *item);
    });
    TestClient client{app};
    EXPECT_EQ(client.post("/form", {.form = {{"name", "a&b =\xc3\xa9"}, {"price", "2"}}}).text(),
              "{\"name\":\"a&b =\xc3\xa9\",\"price\":2.0,\"count\":null}");
}

TEST_F(Client, SendsMultipartAsBrowsersDo) {
    TestClient client{app};
    const TestRequest request{
        .form = {{"note", "mine"}},
        .files = {{"file", "a \"b\".txt", "Hello", "text/plain"}, {"raw", "c", "\r\n"}}};
    const std::string body =
        "------zigmund-test-client\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nmine\r\n"
        "------zigmund-test-client\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a "
        "%22b%22.txt\"\r\n"
        "Content-Type: text/plain\r\n\r\nHello\r\n"
        "------zigmund-test-client\r\nContent-Disposition: form-data; name=\"raw\"; filename=\"c\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n\r\n\r\n"
        "------zigmund-test-client--\r\n";
    EXPECT_EQ(client.post("/echo", request).text(),
              "POST /echo\nhost: testserver\naccept: */*\nuser-agent: testclient\n"
              "content-type: multipart/form-data; boundary=----zigmund-test-client\ncontent-length: " +
                  std::to_string(body.size()) + "\n\n" + body);
}

TEST_F(Client, HasOneBodyARequest) {
    TestClient client{app};
    try {
        client.post("/echo", {.json = 1, .content = "x"});
        FAIL();
    } catch (const std::invalid_argument& error) {
        EXPECT_STREQ(error.what(),
                     "zigmund: TestClient: a request has one body: json, form and files, or content");
    }
}

TEST_F(Client, SendsBytesAsTheyAre) {
    TestClient client{app};
    EXPECT_EQ(client.send("GET /echo HTTP/1.0\r\n\r\n").text(), "GET /echo\n\n");
    EXPECT_EQ(client.send("GET /echo HTTP/1.1\r\n\r\n").status(), 400);
    EXPECT_THROW(client.send("GET /echo HTTP/1.1\r\n"), std::invalid_argument);
    EXPECT_EQ(client.get("/echo").status(), 200);  // the next one is not its rest
    EXPECT_EQ(client.post("/echo", {.content = std::string((1 << 20) + 1, 'x')}).status(), 413);
    EXPECT_EQ(client.get("/echo").status(), 200);
}

TEST_F(Client, SendsLargeBodies) {
    TestClient client{app};
    const std::string large(100'000, 'x');
    EXPECT_TRUE(client.post("/echo", {.content = large}).text().ends_with("\n\n" + large));
}

TEST_F(Client, ComesFromAnAddressAndMaybeOverTls) {
    app.get("/who",
            [](const http::Request& request, alloc::Allocator arena) {
                return http::Response::json(arena, {{"host", request.client().host()},
                                                    {"port", request.client().port()},
                                                    {"url", request.url_for("who")}});
            },
            {.name = "who"});
    EXPECT_EQ(TestClient{app}.get("/who").text(),
              R"({"host":"127.0.0.1","port":50000,"url":"http://testserver/who"})");
    TestClient other{app, {.base_url = "https://a:1", .client_address = "2001:db8::1", .client_port = 7}};
    EXPECT_EQ(other.get("/who").text(), R"({"host":"2001:db8::1","port":7,"url":"https://a:1/who"})");
    try {
        const TestClient client{app, {.client_address = "here"}};
        FAIL();
    } catch (const std::invalid_argument& error) {
        EXPECT_STREQ(error.what(), "zigmund: TestClient: client_address is no IP address: here");
    }
}

TEST_F(Client, NeedsABaseUrl) {
    try {
        const TestClient client{app, {.base_url = "testserver"}};
        FAIL();
    } catch (const std::invalid_argument& error) {
        EXPECT_STREQ(error.what(), "zigmund: TestClient: base_url is no URL: testserver");
    }
}

// ---- responses ----

TEST_F(Client, TellsAllOfAResponse) {
    app.get("/item", [](alloc::Allocator arena) {
        return http::Response::json(arena, {{"name", "P\"n"}, {"price", 2}})
            .with_header(arena, "X-Tag", "1")
            .with_header(arena, "x-tag", "2")
            .with_status(http::Status::created);
    });
    app.get("/text", [] { return http::Response::text("Hello, World!"); });
    TestClient client{app};
    const TestResponse response = client.get("/item");
    EXPECT_EQ(response.status(), 201);
    EXPECT_EQ(response.reason(), "Created");
    EXPECT_EQ(response.url(), "http://testserver/item");
    EXPECT_EQ(response.header("X-TAG"), "1");
    EXPECT_EQ(response.header("none"), std::nullopt);
    EXPECT_EQ(response.header_values("x-tag"), (std::vector<std::string_view>{"1", "2"}));
    EXPECT_EQ(response.json().at("price"), 2);
    const auto item = response.json<Item>();
    EXPECT_EQ(item.name, "P\"n");
    EXPECT_EQ(item.price, 2);
    EXPECT_TRUE(response.history().empty());

    const TestResponse text = client.get("/text");
    EXPECT_EQ(text.text(), "Hello, World!");
    try {
        (void)text.json();
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(),
                     "zigmund: the answer of GET http://testserver/text is no JSON: Hello, World!");
    }
    try {
        (void)response.json<std::pmr::vector<int>>();
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(
            error.what(),
            R"(zigmund: the answer of GET http://testserver/item does not fit: {"detail":[{"type":)"
            R"("list_type","loc":["body"],"msg":"Input should be a valid list","input":{"name":"P\"n",)"
            R"("price":2}}]})");
    }
}

TEST_F(Client, ReadsFilesAndTheirRanges) {
    const std::string file = testing::TempDir() + "zigmund_client_" + std::to_string(::getpid());
    const std::string content(200'000, 'x');
    std::ofstream{file} << content;
    app.get("/file",
            [&file](http::Request& request) { return http::Response::file_from_path(request, file); });
    TestClient client{app};
    EXPECT_EQ(client.get("/file").text(), content);
    EXPECT_EQ(client.get("/file", {.headers = {{"range", "bytes=2-4"}}}).text(), "xxx");
    const TestResponse parts = client.get("/file", {.headers = {{"range", "bytes=0-0,100-101"}}});
    EXPECT_EQ(parts.status(), 206);
    EXPECT_NE(parts.text().find("\r\n\r\nxx\r\n"), std::string::npos);
    EXPECT_EQ(client.head("/file").header("content-length"), "200000");
    std::remove(file.c_str());
}

// ---- redirects ----

TEST_F(Client, FollowsRedirectsAndKeepsTheirHistory) {
    for (const int status : {301, 302, 303, 307, 308}) {
        app.post("/" + std::to_string(status), [status](alloc::Allocator arena) {
            return http::Response::redirect(arena, "/echo?x=1", static_cast<http::Status>(status));
        });
    }
    app.get("/twice", [](alloc::Allocator arena) { return http::Response::redirect(arena, "once?b"); });
    app.get("/once",
            [](alloc::Allocator arena) { return http::Response::redirect(arena, "http://testserver/echo"); });
    TestClient client{app};
    const TestRequest json{.json = {{"a", 1}}};
    for (const char* url : {"/301", "/302", "/303"}) {
        const TestResponse response = client.post(url, json);
        EXPECT_EQ(response.text(), "GET /echo?x=1\nhost: testserver\naccept: */*\nuser-agent: testclient\n\n")
            << url;
        EXPECT_EQ(response.url(), "http://testserver/echo?x=1");
    }
    for (const char* url : {"/307", "/308"}) {
        const std::string text = client.post(url, json).text();
        EXPECT_EQ(text.find("POST /echo?x=1\n"), 0u) << text;
        EXPECT_TRUE(text.ends_with(R"({"a":1})")) << text;
    }
    const TestResponse response = client.get("/twice");
    EXPECT_EQ(response.status(), 200);
    ASSERT_EQ(response.history().size(), 2u);
    EXPECT_EQ(response.history()[0].url(), "http://testserver/twice");
    EXPECT_EQ(response.history()[1].status(), 307);
    EXPECT_EQ(response.history()[1].url(), "http://testserver/once?b");
    EXPECT_EQ(client.get("/echo/").url(), "http://testserver/echo");  // the App's own redirect
}

TEST_F(Client, DoesNotFollowRedirectsIfItIsToldSo) {
    app.get("/to", [](alloc::Allocator arena) { return http::Response::redirect(arena, "/echo"); });
    TestClient client{app, {.follow_redirects = false}};
    EXPECT_EQ(client.get("/to").status(), 307);
    EXPECT_EQ(client.get("/to").header("location"), "/echo");
    EXPECT_EQ(client.get("/to", {.follow_redirects = true}).status(), 200);
}

TEST_F(Client, GivesUpOnRedirectsThatDoNotEnd) {
    app.get("/again", [](alloc::Allocator arena) { return http::Response::redirect(arena, "/again"); });
    TestClient client{app};
    try {
        client.get("/again");
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "zigmund: TestClient: GET /again: more than 20 redirects");
    }
}

TEST_F(Client, KeepsWhatIsSecretFromOtherHosts) {
    app.get("/away",
            [](alloc::Allocator arena) { return http::Response::redirect(arena, "http://other/echo"); });
    TestClient client{app};
    client.cookies().set({.name = "kept", .value = "1", .domain = "testserver"});
    EXPECT_EQ(client.get("/away", {.headers = {{"authorization", "me"}}, .cookies = {{"a", "b"}}}).text(),
              "GET /echo\nhost: other\naccept: */*\nuser-agent: testclient\n\n");
}

// ---- cookies ----

TEST_F(Client, KeepsCookiesByPathUntilTheyAreDeleted) {
    app.get("/set/{where}", [](http::Path<std::string_view, "where"> where, alloc::Allocator arena) {
        const http::Response response{http::Status::no_content};
        if (*where == "all") return response.with_cookie(arena, {.name = "all", .value = "1"});
        if (*where == "below")
            return response.with_cookie(arena, {.name = "below", .value = "2", .path = "/echo"});
        if (*where == "secure")
            return response.with_cookie(arena, {.name = "secure", .value = "3", .secure = true});
        if (*where == "default") return response.with_header(arena, "set-cookie", "default=4");
        if (*where == "past")
            return response.with_header(arena, "set-cookie",
                                        "all=x; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/");
        if (*where == "domain")
            return response.with_cookie(arena, {.name = "d", .value = "5", .domain = "elsewhere"});
        return response.with_cookie(arena, {.name = "all", .max_age = std::chrono::seconds{0}});
    });
    TestClient client{app};
    const auto sent = [&](const std::string& url, const TestRequest& request = {}) {
        const std::string text = client.get(url, request).text();
        const std::size_t at = text.find("cookie: ");
        return at == std::string::npos ? std::string{} : text.substr(at + 8, text.find('\n', at) - at - 8);
    };
    client.get("/set/all");
    client.get("/set/below");
    client.get("/set/secure");
    client.get("/set/default");
    client.get("/set/domain");
    EXPECT_EQ(sent("/echo"), "below=2; all=1");
    EXPECT_EQ(sent("https://testserver/echo"), "below=2; all=1; secure=3");
    EXPECT_EQ(sent("http://elsewhere/echo"), "");
    EXPECT_EQ(sent("/echo", {.cookies = {{"own", "9"}}}), "below=2; all=1; own=9");
    EXPECT_EQ(sent("/echo"), "below=2; all=1");
    EXPECT_EQ(client.cookies().get("default"), "4");
    EXPECT_EQ(client.cookies().get("d"), std::nullopt);

    client.get("/set/none");
    EXPECT_EQ(sent("/echo"), "below=2");
    EXPECT_EQ(client.cookies().get("all"), std::nullopt);
    client.get("/set/all");
    EXPECT_EQ(sent("/echo"), "below=2; all=1");
    client.get("/set/past");
    EXPECT_EQ(sent("/echo"), "below=2");
    client.cookies().clear();
    EXPECT_EQ(sent("/echo"), "");
}

TEST(CookieJar, SendsACookieOfADomainToTheHostsBelow) {
    http::testing::CookieJar jar;
    jar.store("a=1; Domain=.Example.com; Path=/x", "www.example.com", "/y");
    EXPECT_EQ(jar.field_for("example.com", "/x/z", false), "a=1");
    EXPECT_EQ(jar.field_for("api.example.com", "/x", false), "a=1");
    EXPECT_EQ(jar.field_for("notexample.com", "/x", false), "");
    EXPECT_EQ(jar.field_for("example.com", "/xy", false), "");
    jar.store("b", "example.com", "/");
    jar.store("=b", "example.com", "/");
    EXPECT_EQ(jar.cookies().size(), 1u);
    jar.store("a=; Domain=example.com; Path=/x; Max-Age=-1", "example.com", "/");
    EXPECT_TRUE(jar.cookies().empty());
}

// ---- streams ----

/// Numbers, one a piece, until it is destroyed.
struct Numbers {
    std::shared_ptr<int> alive;
    int last;
    int next = 0;
    http::Produced operator()(http::StreamWriter& out) {
        out.line({{"n", next}});
        return ++next == last ? http::Produced::end : http::Produced::more;
    }
};

TEST_F(Client, ReadsAStreamToItsEndOrPieceByPiece) {
    app.get("/lines", [](alloc::Allocator arena) {
        return http::Response::json_lines(arena, Numbers{std::make_shared<int>(), 3});
    });
    TestClient client{app};
    const TestResponse whole = client.get("/lines");
    EXPECT_EQ(whole.text(), "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
    EXPECT_EQ(whole.header("transfer-encoding"), "chunked");
    EXPECT_FALSE(whole.cut());
    EXPECT_EQ(client.send("GET /lines HTTP/1.0\r\n\r\n").text(), whole.text());

    TestStream stream = client.stream("GET", "/lines");
    EXPECT_EQ(stream.head().status(), 200);
    EXPECT_EQ(stream.next(), "{\"n\":0}\n");
    EXPECT_EQ(client.get("/echo").status(), 200);
    EXPECT_EQ(stream.rest(), "{\"n\":1}\n{\"n\":2}\n");
    EXPECT_EQ(stream.next(), std::nullopt);
    EXPECT_EQ(stream.rest(), "");
}

TEST_F(Client, LeavesAStreamAndItsProducerIsDestroyed) {
    auto alive = std::make_shared<int>();
    bool task = false;
    app.get("/lines", [&](alloc::Allocator arena, http::BackgroundTasks& tasks) {
        tasks.add([&task] { task = true; });
        return http::Response::json_lines(arena, Numbers{alive, -1});
    });
    TestClient client{app};
    {
        TestStream stream = client.stream("GET", "/lines");
        EXPECT_EQ(stream.next(), "{\"n\":0}\n");
        EXPECT_EQ(alive.use_count(), 2);
        EXPECT_FALSE(task);
        stream.close();
        EXPECT_EQ(alive.use_count(), 1);
        EXPECT_TRUE(task);
        EXPECT_EQ(stream.next(), std::nullopt);
    }
    {
        const TestStream stream = client.stream("GET", "/lines");
    }
    EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(Client, TellsThatAStreamWaits) {
    bool ready = false;
    app.get("/events", [&](alloc::Allocator arena) {
        return http::Response::event_stream(arena, [&](http::StreamWriter& out) {
            if (!ready) return http::Produced::wait;
            out.event({.data = "x"});
            return http::Produced::end;
        });
    });
    app.get("/never", [](alloc::Allocator arena) {
        return http::Response::stream(arena, [](http::StreamWriter&) { return http::Produced::wait; });
    });
    TestClient client{app};
    TestStream stream = client.stream("GET", "/events");
    EXPECT_EQ(stream.next(), "");
    EXPECT_EQ(stream.next(), "");
    ready = true;
    EXPECT_EQ(stream.next(), "data: x\n\n");
    EXPECT_EQ(stream.next(), std::nullopt);
    try {
        client.get("/never");
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(),
                     "zigmund: TestClient: GET http://testserver/never: the stream does not go on: "
                     "read it with stream()");
    }
    EXPECT_EQ(client.get("/echo").status(), 200);
}

// ---- exceptions ----

TEST_F(Client, ThrowsWhatNobodyAnswers) {
    app.get("/throw", []() -> http::Response { throw std::out_of_range{"mine"}; });
    app.get("/task", [](http::BackgroundTasks& tasks) { tasks.add([] { throw std::logic_error{"task"}; }); });
    app.get("/stream", [](alloc::Allocator arena) {
        return http::Response::stream(arena, [](http::StreamWriter& out) -> http::Produced {
            if (out.stopping()) return http::Produced::end;
            throw std::runtime_error{"stream"};
        });
    });
    app.get("/error", []() -> http::Response { throw http::HttpError{http::Status::conflict}; });
    TestClient client{app};
    EXPECT_THROW(client.get("/throw"), std::out_of_range);
    EXPECT_THROW(client.get("/task"), std::logic_error);
    EXPECT_THROW(client.get("/stream"), std::runtime_error);
    TestStream stream = client.stream("GET", "/stream");
    EXPECT_THROW((void)stream.next(), std::runtime_error);
    EXPECT_EQ(client.get("/error").status(), 409);

    TestClient server{app, {.raise_server_exceptions = false}};
    testing::internal::CaptureStderr();
    EXPECT_EQ(server.get("/throw").status(), 500);
    EXPECT_EQ(server.get("/throw").text(), "Internal Server Error");
    EXPECT_EQ(server.get("/task").text(), "null");
    EXPECT_TRUE(server.get("/stream").cut());
    EXPECT_EQ(
        testing::internal::GetCapturedStderr(),
        "zigmund: GET /throw: unhandled exception: mine\nzigmund: GET /throw: unhandled exception: mine\n"
        "zigmund: GET /task: after the response: task\n"
        "zigmund: GET /stream: unhandled exception of a stream: stream\n");
}

// ---- lifespan and memory ----

TEST(ClientLifespan, StartsAndStopsTheApplicationAndKeepsNothing) {
    std::vector<std::string> journal;
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    {
        http::App app{gpa.allocator(), {}};
        app.provide<std::string>("state");
        app.get("/", [](inject::State<std::string> text) { return http::Response::text(*text); });
        app.on_startup([&] { journal.emplace_back("start"); });
        app.on_shutdown([&] { journal.emplace_back("stop"); });
        {
            TestClient client{app};
            EXPECT_EQ(client.get("/").text(), "state");
            TestClient other{app};
            EXPECT_EQ(other.get("/").text(), "state");
        }
        EXPECT_EQ(journal, (std::vector<std::string>{"start", "stop"}));
        TestClient plain{app, {.raise_server_exceptions = false, .lifespan = false}};
        EXPECT_EQ(journal.size(), 2u);
    }
    EXPECT_EQ(gpa.deinit(), alloc::LeakCheck::ok);

    http::App broken{alloc::heap(), {}};
    broken.on_startup([] { throw std::runtime_error{"no database"}; });
    EXPECT_THROW(TestClient{broken}, std::runtime_error);
}

}  // namespace
