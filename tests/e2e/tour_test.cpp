// The tour (docs/examples/tour), asked in process and through a socket: each of its routes answers as it
// should, and survives every allocation that fails.
#include <zigmund/http/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "http_client.hpp"
#include "request_bytes.hpp"
#include "running_server.hpp"
#include "tour_requests.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using http::testing::TestClient;
using http::testing::TestRequest;
using http::testing::TestResponse;
using http::testing::TestStream;
using test::TourRequest;

/// Does not follow redirects, and takes a 500 for what a client sees.
const http::testing::TestClientOptions as_client{.follow_redirects = false, .raise_server_exceptions = false};

struct Tour : testing::Test {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "tour"}};
    tour::Tour tour{gpa.allocator(), {.files = TOUR_FILES}};
};

TEST_F(Tour, HasNoRouteThatIsNotAskedFor) {
    std::set<std::string> asked;
    for (const TourRequest& request : test::tour_requests()) asked.insert(request.route);
    std::set<std::string> there;
    for (const http::RouteInfo& route : tour.app().routes())
        there.insert(std::string{to_string(route.method)} + " " + route.path);
    EXPECT_EQ(asked, there);
}

TEST_F(Tour, AnswersAsItShould) {
    TestClient client{tour.app(), as_client};
    testing::internal::CaptureStderr();
    for (const TourRequest& request : test::tour_requests()) {
        client.cookies().clear();
        const TestResponse response = client.request(test::method_of(request), request.url, request.request);
        EXPECT_EQ(response.status(), request.status) << request.route << " " << request.url;
        EXPECT_EQ(response.text(), request.body) << request.route << " " << request.url;
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: GET /errors/other: unhandled exception: the password is 1234\n");
}

/// An answer as a socket gives it.
struct SocketAnswer {
    int status = 0;
    std::string body;
};

SocketAnswer ask(std::uint16_t port, const TourRequest& request) {
    using namespace http::testing;
    TestRequest closing = request.request;
    closing.headers.push_back({"connection", "close"});
    zigmund::support::HttpClient client{port};
    client.send(RequestBytes{
        test::method_of(request),
        TestUrl{"http://testserver"}.resolved(request.url),
        closing,
        {}}.text({}));
    std::string text;
    char buffer[4096];
    for (ssize_t size = 0; (size = ::recv(client.descriptor(), buffer, sizeof buffer, 0)) > 0;)
        text.append(buffer, static_cast<std::size_t>(size));
    SocketAnswer answer;
    if (text.size() < 12) return answer;
    std::from_chars(text.data() + 9, text.data() + 12, answer.status);
    const std::size_t end = text.find("\r\n\r\n");
    std::string_view rest = std::string_view{text}.substr(end + 4);
    if (text.find("\r\ntransfer-encoding: chunked\r\n") > end) {
        answer.body = rest;
        return answer;
    }
    for (std::size_t size = 1; size != 0;) {
        size = 0;
        std::from_chars(rest.data(), rest.data() + rest.size(), size, 16);
        rest.remove_prefix(rest.find("\r\n") + 2);
        answer.body += rest.substr(0, size);
        rest.remove_prefix(size + 2);
    }
    return answer;
}

TEST_F(Tour, AnswersTheSameThroughASocket) {
    testing::internal::CaptureStderr();
    {
        const zigmund::support::RunningServer running{tour.app()};
        for (const TourRequest& request : test::tour_requests()) {
            const SocketAnswer answer = ask(running.port(), request);
            EXPECT_EQ(answer.status, request.status) << request.route << " " << request.url;
            EXPECT_EQ(answer.body, request.body) << request.route << " " << request.url;
        }
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: GET /errors/other: unhandled exception: the password is 1234\n");
}

TEST_F(Tour, SurvivesEveryAllocationThatFails) {
    http::testing::AllocationFailureOptions options{.left_out = {"GET /errors/other"}};
    for (const TourRequest& request : test::tour_requests()) {
        if (request.status < 500)
            options.requests.push_back(
                {.route = request.route, .url = request.url, .request = request.request});
    }
    EXPECT_TRUE(http::testing::survives_allocation_failures(tour.app(), options));
}

// ---- what takes more than one request ----

TEST_F(Tour, KeepsTheClientLoggedInByACookie) {
    TestClient client{tour.app()};
    const TestRequest tag{.headers = {{"x-tag", "a"}}};
    EXPECT_EQ(client.get("/client", tag).json().at("session"), nullptr);
    client.post("/login", {.form = {{"username", "ann"}, {"password", "12345678"}}});
    EXPECT_EQ(client.get("/client", tag).json().at("session"), "1234");
    client.get("/decorated");
    EXPECT_EQ(client.cookies().get("seen"), "1");
    client.delete_("/decorated");
    EXPECT_EQ(client.cookies().get("seen"), std::nullopt);
}

TEST_F(Tour, SendsTheClientOn) {
    TestClient client{tour.app()};
    const TestResponse response = client.get("/redirect");
    EXPECT_EQ(response.text(), "Hello, World!");
    EXPECT_EQ(response.history().size(), 1u);
}

TEST_F(Tour, SaysMoreInHeaderFields) {
    TestClient client{tour.app(), as_client};
    const TestResponse decorated = client.get("/decorated");
    EXPECT_EQ(decorated.header("x-tour"), "yes");
    EXPECT_EQ(decorated.header("content-type"), "application/vnd.tour+json");
    EXPECT_EQ(client.get("/errors/http").header("retry-after"), "60");
    EXPECT_EQ(client.get("/squares").header("content-type"), "text/csv; charset=utf-8");
    EXPECT_EQ(client.get("/lines").header("content-type"), "application/jsonl");
    EXPECT_EQ(client.get("/vault").header("x-served-by"), "the tour");
    EXPECT_EQ(client.options("/links").header("allow"), "GET");
    EXPECT_EQ(client.head("/links").header("x-links"), "1");

    const TestResponse manual = client.get("/manual");
    EXPECT_EQ(manual.header("content-disposition"), "attachment; filename=\"The manual.txt\"");
    const TestRequest again{.headers = {{"if-none-match", std::string{manual.header("etag").value_or("")}}}};
    EXPECT_EQ(client.get("/manual", again).status(), 304);
}

TEST_F(Tour, ReceivesLargeFilesOutOfMemory) {
    TestClient client{tour.app()};
    std::string large;
    for (int i = 0; i < 300'000; ++i) large += "a line\n";
    const TestResponse response = client.post(
        "/reports", {.form = {{"title", "Large"}},
                     .files = {{"report", "large.txt", large}, {"cover", "c.png", "x", "image/png"}}});
    EXPECT_EQ(response.text(), R"({"title":"Large","name":"large.txt","type":"application/octet-stream",)"
                               R"("bytes":2100000,"lines":300000,"in_memory":false,"has_cover":true})");
}

TEST_F(Tour, HasAllMiddlewareAroundItsApi) {
    TestClient client{tour.app(), {.base_url = "https://localhost"}};
    const TestResponse me = client.get("/api/me", {.headers = {{"origin", "https://shop.example"},
                                                               {"x-request-id", "mine"},
                                                               {"x-forwarded-for", "192.0.2.7"}}});
    EXPECT_EQ(me.text(), R"({"client":"192.0.2.7","scheme":"https"})");
    EXPECT_EQ(me.header("x-request-id"), "mine");
    EXPECT_EQ(me.header("access-control-allow-origin"), "https://shop.example");
    EXPECT_EQ(me.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(client.get("https://elsewhere/api/me").text(), "Invalid host header");
    const TestResponse before = client.options(
        "/api/me",
        {.headers = {{"origin", "https://shop.example"}, {"access-control-request-method", "GET"}}});
    EXPECT_EQ(before.text(), "OK");
    EXPECT_EQ(client.get("/text").header("x-request-id"), std::nullopt);  // the others have none of it
    EXPECT_EQ(client.get("/tower/bells?ticket=valid").header("x-served-by"), "the tour");
}

TEST_F(Tour, CompressesWhatIsWorthIt) {
    TestClient client{tour.app()};
    const TestRequest takes_gzip{.headers = {{"accept-encoding", "gzip"}}};
    const TestResponse zeros = client.get("/api/zeros", takes_gzip);
    EXPECT_EQ(zeros.header("content-encoding"), "gzip");
    EXPECT_LT(zeros.text().size(), 100u);
    EXPECT_EQ(client.get("/api/me", takes_gzip).header("content-encoding"), std::nullopt);
}

TEST_F(Tour, IsDocumentedByItself) {
    TestClient client{tour.app()};
    const auto document = client.get("/openapi.json").json();
    EXPECT_EQ(document.at("openapi"), "3.1.0");
    EXPECT_EQ(document.at("info").at("title"), "Tour");
    const auto& paths = document.at("paths").as_object();
    for (const http::RouteInfo& route : tour.app().routes()) {
        if (route.path.starts_with("/admin/") || route.path.starts_with("/api/")) continue;  // have their own
        std::string path = route.path;
        if (const std::size_t colon = path.find(':'); colon != std::string::npos)
            path.replace(colon, path.find('}') - colon, "");
        EXPECT_TRUE(paths.contains(path)) << path;
    }
    const auto& create = paths.at("/items").at("post");
    EXPECT_EQ(create.at("operationId"), "create_item_items_post");
    EXPECT_EQ(create.at("responses").at("200").at("description"), "The item");
    EXPECT_TRUE(paths.at("/text")
                    .at("get")
                    .at("responses")
                    .at("200")
                    .at("content")
                    .as_object()
                    .contains("text/plain"));
    EXPECT_EQ(paths.at("/errors/teapot").at("get").at("deprecated"), true);
    EXPECT_TRUE(paths.at("/events")
                    .at("get")
                    .at("responses")
                    .at("200")
                    .at("content")
                    .at("text/event-stream")
                    .as_object()
                    .contains("itemSchema"));
    EXPECT_EQ(client.get("/docs").status(), 200);
    EXPECT_EQ(client.get("/redoc").status(), 200);
    EXPECT_EQ(client.get("/api/openapi.json").json().at("info").at("title"), "Tour: API");
}

TEST_F(Tour, CommitsOrRollsBack) {
    TestClient client{tour.app(), {.headers = {{"authorization", "Bearer secret"}}}};
    const auto stock = [&] { return client.get("/shop").json().at("stock").at(0); };
    EXPECT_EQ(client.post("/shop/0?count=2").status(), 200);
    EXPECT_EQ(stock(), 3);
    EXPECT_EQ(client.post("/shop/0?count=4").status(), 409);
    EXPECT_EQ(client.post("/shop/0?count=x").status(), 422);
    EXPECT_EQ(client.post("/shop/2?count=11").status(), 409);  // refused by what ends with the handler
    EXPECT_EQ(stock(), 3);
    EXPECT_EQ(client.get("/shop?offset=2&limit=1").text(), R"({"offset":2,"stock":[1000000]})");
}

TEST_F(Tour, SellsToACustomerOfATestsOwn) {
    tour.app().override<tour::get_customer>([] { return tour::Customer{"bob"}; });
    TestClient client{tour.app()};
    EXPECT_EQ(client.post("/shop/2").text(), R"({"item":2,"count":1,"for":"bob"})");
    tour.app().clear_overrides();
    EXPECT_EQ(client.post("/shop/2").status(), 401);
}

TEST_F(Tour, StreamsUntilTheClientLeaves) {
    TestClient client{tour.app()};
    TestStream events = client.stream("GET", "/events");
    EXPECT_EQ(events.head().header("content-type"), "text/event-stream");
    EXPECT_EQ(events.next(), "event: tick\ndata: {\"n\":0}\n\n");
    EXPECT_EQ(events.next(), "");  // a second passes
    EXPECT_EQ(events.next(), "event: tick\ndata: {\"n\":1}\n\n");
    events.close();
    TestStream squares = client.stream("GET", "/squares?to=18446744073709551615");
    for (int i = 1; i < 1000; ++i)
        EXPECT_EQ(squares.next(), std::to_string(i) + "," + std::to_string(i * i) + "\n");
}

TEST_F(Tour, TellsNewsToAllWhoListenWhicheverWorkerServesThem) {
    using zigmund::support::HttpClient;
    const zigmund::support::RunningServer running{tour.app(), {.workers = 2}};
    std::vector<std::unique_ptr<HttpClient>> listeners;
    for (int i = 0; i < 8; ++i) {
        listeners.push_back(std::make_unique<HttpClient>(running.port()));
        listeners.back()->send("GET /news HTTP/1.1\r\nHost: localhost\r\n\r\n");
        EXPECT_EQ(listeners.back()->receive().status, 200);
    }
    const auto publish = [&](const std::string& text) {
        return ask(running.port(), {"POST /news", "/news", {.json = {{"text", text}}}}).body;
    };
    const auto hear = [](HttpClient& listener) {
        listener.receive_line();  // the size of the chunk
        return std::string{listener.receive_line()};
    };
    EXPECT_EQ(publish("Rain"), R"({"number":1})");
    for (const auto& listener : listeners)
        EXPECT_EQ(hear(*listener), "event: headline\ndata: {\"number\":1,\"text\":\"Rain\"}\n\n\r\n");
    listeners.resize(4);  // the others leave
    EXPECT_EQ(publish("Sun"), R"({"number":2})");
    for (const auto& listener : listeners)
        EXPECT_EQ(hear(*listener), "event: headline\ndata: {\"number\":2,\"text\":\"Sun\"}\n\n\r\n");
}

TEST_F(Tour, KnowsTheMethodsOfItsPaths) {
    TestClient client{tour.app()};
    EXPECT_EQ(client.put("/items").status(), 405);
    EXPECT_EQ(client.put("/items").header("allow"), "POST, OPTIONS");
    EXPECT_EQ(client.options("/shop").header("allow"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(client.head("/text").header("content-length"), "13");
    EXPECT_EQ(client.get("/none").text(), R"({"detail":"Not Found"})");
    EXPECT_EQ(client.get("/admin/none").text(), R"({"detail":"Not Found"})");
    EXPECT_EQ(client.get("/text/").url(), "http://testserver/text");
}

TEST(TourLog, TellsInWhichOrderThingsHappen) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* const log = ::open_memstream(&text, &size);
    {
        tour::Tour tour{alloc::heap(), {.files = TOUR_FILES, .log = log}};
        TestClient client{tour.app(), {.headers = {{"authorization", "Bearer secret"}}}};
        client.post("/shop/0");
        client.post("/shop/0?count=9");
    }
    std::fclose(log);
    EXPECT_STREQ(text,
                 "tour: database opened\ntour: started\ntour: ann\ntour: committed\ntour: rolled back\n"
                 "tour: stopped\ntour: database closed\n");
    std::free(text);
}

TEST(TourLog, KnowsWhoWasAtTheTowerInTheCommonFormat) {
    std::string name = "/tmp/zigmund-visitors-XXXXXX";
    ::close(::mkstemp(name.data()));
    {
        tour::Tour tour{alloc::heap(), {.files = TOUR_FILES, .visitors = name}};
        TestClient client{tour.app(), as_client};
        client.get("/tower/bells?ticket=valid");
        client.get("/tower/bells?ticket=none");
        client.get("/text");
    }
    std::ifstream file{name};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const std::regex lines{R"(\S+ - - \[[^\]]+ \+0000\] "GET /tower/bells\?ticket=valid HTTP/1\.1" 200 4\n)"
                           R"(\S+ - - \[[^\]]+ \+0000\] "GET /tower/bells\?ticket=none HTTP/1\.1" 403 36\n)"};
    EXPECT_TRUE(std::regex_match(text, lines)) << text;
    ::unlink(name.c_str());
}

TEST(TourMemory, IsGivenBack) {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "tour"}};
    {
        tour::Tour tour{gpa.allocator(), {.files = TOUR_FILES}};
        TestClient client{tour.app(), as_client};
        for (const TourRequest& request : test::tour_requests()) {
            if (request.status < 500) client.request(test::method_of(request), request.url, request.request);
        }
    }
    EXPECT_EQ(gpa.deinit(), alloc::LeakCheck::ok);
}

}  // namespace
