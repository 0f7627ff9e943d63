#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "http_client.hpp"
#include "served_app.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::RunningServer;

http::Response hello() { return http::Response::text("Hello, World!"); }

http::Response echo(http::Request& request) { return http::Response::text(request.body()); }

http::Response repeat(http::Path<std::uint32_t, "size"> size, alloc::Allocator arena) {
    const std::span<char> text = arena.alloc<char>(size);
    std::memset(text.data(), 'x', text.size());
    return http::Response::text(std::string_view{text.data(), text.size()});
}

// Every test ends with the application's memory given back, whatever its clients did.
class Server : public zigmund::support::ServedApp {
  protected:
    Server() {
        app_->get("/hello", hello);
        app_->post("/echo", echo);
        app_->get("/repeat/{size}", repeat);
    }

    HttpClient& serve(http::ServeOptions options = {.workers = 1}) {
        running_ = std::make_unique<RunningServer>(*app_, options);
        clients_.push_back(std::make_unique<HttpClient>(running_->port(), std::size_t{8} << 20));
        return *clients_.back();
    }
    HttpClient& another_client() {
        clients_.push_back(std::make_unique<HttpClient>(running_->port()));
        return *clients_.back();
    }

    std::vector<std::unique_ptr<HttpClient>> clients_;
};

constexpr std::string_view get_hello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

std::string post(std::string_view body, std::string_view fields = "") {
    return std::string{"POST /echo HTTP/1.1\r\nHost: x\r\n"}
        .append(fields)
        .append("Content-Length: ")
        .append(std::to_string(body.size()))
        .append("\r\n\r\n")
        .append(body);
}

TEST_F(Server, AnswersRequestAfterRequestOnOneConnection) {
    HttpClient& client = serve();
    for (int i = 0; i < 100; ++i) {
        const HttpReply reply = client.request(get_hello);
        ASSERT_EQ(reply.status, 200);
        ASSERT_EQ(reply.body, "Hello, World!");
        ASSERT_EQ(reply.field("content-type"), "text/plain; charset=utf-8");
        ASSERT_EQ(reply.field("connection").data(), nullptr);
        ASSERT_EQ(reply.field("date").size(), 29u);
    }
}

TEST_F(Server, AnswersPipelinedRequestsInTheirOrder) {
    HttpClient& client = serve();
    std::string batch;
    for (int i = 0; i < 50; ++i) batch += post(std::to_string(i)) + std::string{get_hello};
    client.send(batch);
    for (int i = 0; i < 50; ++i) {
        ASSERT_EQ(client.receive().body, std::to_string(i));
        ASSERT_EQ(client.receive().body, "Hello, World!");
    }
}

TEST_F(Server, AnswersARequestThatArrivesByteByByte) {
    HttpClient& client = serve();
    const std::string request = post("{\"slow\":true}");
    for (const char& byte : request) ASSERT_TRUE(client.send({&byte, 1}));
    EXPECT_EQ(client.receive().body, "{\"slow\":true}");
}

TEST_F(Server, ClosesAfterTheResponseWhenTheClientAsksForIt) {
    HttpClient& client = serve();
    const HttpReply reply = client.request("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("connection"), "close");
    EXPECT_TRUE(client.closed());
}

TEST_F(Server, ClosesAfterTheResponseToHttp10UnlessAskedToKeepIt) {
    HttpClient& client = serve();
    EXPECT_EQ(client.request("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").field("connection"),
              "keep-alive");
    EXPECT_EQ(client.request("GET /hello HTTP/1.0\r\n\r\n").field("connection"), "close");
    EXPECT_TRUE(client.closed());
}

TEST_F(Server, HeadHasTheHeadOfGetAndNoBody) {
    HttpClient& client = serve();
    client.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    const HttpReply reply = client.receive(false);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("content-length"), "13");
    EXPECT_EQ(client.request(get_hello).body, "Hello, World!");
}

TEST_F(Server, TakesABodyThatExceedsItsBlockAndKeepsTheConnection) {
    HttpClient& client = serve();
    for (const std::size_t size : {8000u, 8192u, 8193u, 100'000u, 1u << 20}) {
        const std::string body(size, 'b');
        ASSERT_EQ(client.request(post(body)).body, body) << size;
    }
    EXPECT_EQ(client.request(get_hello).status, 200);
}

TEST_F(Server, JoinsTheChunksOfABody) {
    HttpClient& client = serve();
    const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(client.request(head + "5\r\nHello\r\n7;a=b\r\n, World\r\n0\r\nX-Trailer: 1\r\n\r\n").body,
              "Hello, World");
    EXPECT_EQ(client.request(get_hello).status, 200);
}

// ---- bodies that nobody looks at --------------------------------------------------------------------------

constexpr std::string_view large_head = "Host: x\r\nContent-Length: 1000000\r\n\r\n";

TEST_F(Server, ARequestThatNoRouteTakesIsAnsweredWithoutItsBody) {
    for (const auto& [line, status] :
         {std::pair{"POST /nope HTTP/1.1\r\n", 404}, std::pair{"POST /hello HTTP/1.1\r\n", 405},
          std::pair{"POST /echo/ HTTP/1.1\r\n", 307}}) {
        HttpClient& client = running_ == nullptr ? serve() : another_client();
        client.send(std::string{line}.append(large_head));
        const HttpReply reply = client.receive();
        EXPECT_EQ(reply.status, status);
        EXPECT_EQ(reply.field("connection"), "close");
        EXPECT_TRUE(client.closed());
    }
}

TEST_F(Server, AHandlerThatDoesNotTakeTheBodyIsCalledWithoutIt) {
    app_->post("/ping", hello);
    HttpClient& client = serve({.workers = 1, .max_body = 10});
    client.send(std::string{"POST /ping HTTP/1.1\r\n"}.append(large_head));
    EXPECT_EQ(client.receive().body, "Hello, World!");
    EXPECT_TRUE(client.closed());
}

TEST_F(Server, TheRestOfABodyThatNobodyLooksAtIsDroppedUpTo64KiB) {
    HttpClient& client = serve();
    for (const std::size_t size : {1U, 9000U, 65536U}) {
        client.send("POST /nope HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
        const HttpReply reply = client.receive();
        EXPECT_EQ(reply.status, 404);
        EXPECT_EQ(reply.field("connection").data(), nullptr);
        client.send(std::string(size, '\n') + std::string{get_hello});
        EXPECT_EQ(client.receive().body, "Hello, World!");
    }
    client.send("POST /nope HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
    EXPECT_EQ(client.receive().field("connection"), "close");
    EXPECT_TRUE(client.closed());
}

TEST_F(Server, WhatIsPipelinedBehindABodyThatNobodyLooksAtIsARequest) {
    HttpClient& client = serve();
    const std::string hello{get_hello};
    const std::string nope = "POST /nope HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n";
    const std::string body = hello + std::string(40'000 - hello.size(), 'x');
    for (const std::size_t split : {std::size_t{0}, nope.size(), nope.size() + 5000, nope.size() + 40'000}) {
        const std::string all = nope + body + hello + hello;
        client.send(hello + all.substr(0, split));
        EXPECT_EQ(client.receive().status, 200);
        client.send(all.substr(split));
        for (const int status : {404, 200, 200}) EXPECT_EQ(client.receive().status, status) << split;
    }
}

TEST_F(Server, AnAnswerIsNotFollowedByA408WhenTheBodyThatNobodyLooksAtStaysAway) {
    HttpClient& client = serve({.workers = 1, .request_timeout = std::chrono::seconds{1}});
    client.send("POST /nope HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(client.receive().status, 404);
    EXPECT_TRUE(client.closed());
}

TEST_F(Server, AChunkedBodyThatNobodyLooksAtEndsTheConnection) {
    HttpClient& client = serve();
    client.send("POST /nope HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    const HttpReply reply = client.receive();
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(reply.field("connection"), "close");
    EXPECT_TRUE(client.closed());
}

TEST_F(Server, Tells100ContinueOnlyWhereTheBodyIsRead) {
    app_->post("/ping", hello);
    HttpClient& client = serve();
    const std::string fields = " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    client.send("POST /echo" + fields);
    EXPECT_EQ(client.receive(false).status, 100);
    EXPECT_EQ(client.request("Hello").body, "Hello");
    for (const auto& [path, status] :
         {std::pair{"/nope", 404}, std::pair{"/hello", 405}, std::pair{"/ping", 200}}) {
        HttpClient& other = another_client();
        const HttpReply reply = other.request("POST " + std::string{path} + fields);
        EXPECT_EQ(reply.status, status);
        // Whether the body follows is not known: the next request could not be told from it.
        EXPECT_EQ(reply.field("connection"), "close");
        EXPECT_TRUE(other.closed());
    }
}

TEST_F(Server, MiddlewareSeesTheBodyOfARequestThatARouteTakesAndTheHeadOfAnyOther) {
    app_->post("/ping", hello);
    app_->use([](http::Request& request, http::Next next) {
        return next(request).with_header(request.allocator(), "x-body",
                                         request.allocator().dupe(request.body()));
    });
    HttpClient& client = serve();
    const std::string fields = " HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n";
    client.send("POST /ping" + fields);
    EXPECT_EQ(client.request("Hello").field("x-body"), "Hello");
    client.send("POST /nope" + fields);
    const HttpReply reply = client.receive();
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(reply.field("x-body"), "");
}

TEST_F(Server, AMountedApplicationRoutesBeforeTheBodyIsRead) {
    http::App inner{gpa_.allocator(), {}};
    inner.post("/echo/{id}", [](http::Path<int, "id"> id, http::Request& request, alloc::Allocator arena) {
        return http::Response::json(arena, {{"id", *id}, {"body", request.body()}});
    });
    app_->mount("/inner", inner);
    HttpClient& client = serve();
    client.send("POST /inner/echo/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(client.request("Hello").body, R"({"id":7,"body":"Hello"})");
    client.send("POST /inner/nope HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(client.receive().status, 404);
    running_.reset();
}

// Clients that announce much and send nothing hold what they have sent.
TEST_F(Server, ABodyTakesMemoryAsItArrives) {
    const http::ServeOptions options{.workers = 1, .max_body = std::size_t{64} << 20};
    HttpClient& client = serve(options);
    EXPECT_EQ(client.request(get_hello).status, 200);
    const std::size_t before = gpa_.live_bytes();
    const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n";
    constexpr int announcing = 20;
    for (int i = 0; i < announcing; ++i) another_client().send(head + "begun");
    EXPECT_EQ(client.request(get_hello).status, 200);
    EXPECT_LT(gpa_.live_bytes() - before, announcing * (std::size_t{64} << 10));
    clients_.resize(1);
}

TEST_F(Server, RefusesABodyAboveTheLimitBeforeItIsSentAndLetsTheClientReadTheAnswer) {
    HttpClient& client = serve({.workers = 1, .max_body = 1000});
    const HttpReply reply = client.request("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
    EXPECT_EQ(reply.status, 413);
    EXPECT_EQ(reply.body, R"({"detail":"Request Entity Too Large"})");
    EXPECT_EQ(reply.field("connection"), "close");
    EXPECT_TRUE(client.send(std::string(1001, 'b')));
    EXPECT_TRUE(client.closed());

    HttpClient& chunked = another_client();
    chunked.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    chunked.send("3e9\r\n" + std::string(1001, 'b') + "\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.receive().status, 413);
}

TEST_F(Server, AnswersMalformedInputWith400AndLivesOn) {
    serve();
    for (const std::string_view bytes :
         {"\x16\x03\x01\x02", "GET /\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        HttpClient& client = another_client();
        client.send(bytes);
        client.shutdown_send();
        const HttpReply reply = client.receive();
        EXPECT_TRUE(reply.status == 400 || reply.status == 0) << bytes;
        EXPECT_TRUE(client.closed());
    }
    EXPECT_EQ(another_client().request(get_hello).status, 200);
}

TEST_F(Server, SendsContinueToAClientThatWaitsForIt) {
    HttpClient& client = serve();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    EXPECT_EQ(client.receive().status, 100);
    client.send("body");
    EXPECT_EQ(client.receive().body, "body");
}

TEST_F(Server, SendsALargeResponseToAClientThatReadsLate) {
    HttpClient& client = serve();
    client.send("GET /repeat/7000000 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(another_client().request(get_hello).status, 200);  // the first one's buffers are full by now
    const HttpReply reply = client.receive();
    EXPECT_EQ(reply.body.size(), 7'000'000u);
    EXPECT_EQ(reply.body.find_first_not_of('x'), std::string_view::npos);
}

TEST_F(Server, GivesBackWhatALargeRequestTook) {
    HttpClient& client = serve();
    ASSERT_EQ(client.request("GET /repeat/100 HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    ASSERT_EQ(client.request("GET /repeat/5000000 HTTP/1.1\r\nHost: x\r\n\r\n").body.size(), 5'000'000u);
    ASSERT_EQ(client.request(get_hello).status, 200);  // answered after the reset
    EXPECT_LT(gpa_.live_bytes(), 300'000u);
}

TEST_F(Server, AHandlerThatThrowsIsA500WithoutInternalsAndTheConnectionLivesOn) {
    app_->get("/throws", []() -> http::Response { throw std::runtime_error("the password is 1234"); });
    HttpClient& client = serve();
    testing::internal::CaptureStderr();
    const HttpReply reply = client.request("GET /throws HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(reply.body, "Internal Server Error");
    EXPECT_EQ(reply.field("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(client.request(get_hello).status, 200);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: GET /throws: unhandled exception: the password is 1234\n");
}

TEST_F(Server, AStatusThatIsNoAnswersIsA500) {
    app_->get("/status/{status}", [](http::Path<std::uint16_t, "status"> status, alloc::Allocator arena) {
        return http::Response::json(arena, "x").with_status(http::Status{*status});
    });
    app_->get("/error", []() -> http::Response { throw http::HttpError{http::Status{100}}; });
    HttpClient& client = serve();
    testing::internal::CaptureStderr();
    for (const char* path : {"/status/0", "/status/100", "/status/199", "/status/600", "/error"}) {
        const HttpReply reply = client.request("GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ(reply.status, 500);
        EXPECT_EQ(reply.body, "Internal Server Error");
    }
    EXPECT_EQ(client.request("GET /status/599 HTTP/1.1\r\nHost: x\r\n\r\n").status, 599);
    EXPECT_TRUE(testing::internal::GetCapturedStderr().starts_with(
        "zigmund: GET /status/0: unhandled exception: a response's status is 200 to 599, and not 0\n"));
}

/// Closes with a reset instead of an end.
void reset(HttpClient& client) {
    const linger at_once{1, 0};
    ::setsockopt(client.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client.close();
}

TEST_F(Server, AClientThatLeavesAtAnyPointOfARequestLeavesNothingBehind) {
    serve();
    const std::string chunked =
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: "
        "b\r\n\r\n";
    for (const std::string& request :
         {post("0123456789"), chunked, std::string{get_hello}.append(get_hello)}) {
        for (std::size_t size = 0; size <= request.size(); ++size) {
            for (const bool resets : {false, true}) {
                HttpClient client{running_->port(), 1};
                client.send(std::string_view{request}.substr(0, size));
                resets ? reset(client) : client.close();
            }
        }
    }
    EXPECT_EQ(another_client().request(get_hello).status, 200);
}

TEST_F(Server, AClientThatLeavesAtAnyPointOfAResponseLeavesNothingBehind) {
    const std::string piece(3000, 'x');
    app_->get("/stream/{pieces}", [&](http::Path<std::uint32_t, "pieces"> pieces, alloc::Allocator arena) {
        return http::Response::stream(arena, [&piece, left = *pieces](http::StreamWriter& out) mutable {
            out.write(std::string_view{piece}.substr(left < 100 ? 2990 : 0));
            return --left != 0 ? http::Produced::more : http::Produced::end;
        });
    });
    serve();
    std::vector<char> read(std::size_t{1} << 20);
    const auto leave = [&](const std::string& request, std::size_t size, bool resets) {
        HttpClient client{running_->port(), 1};
        client.send(request);
        while (size != 0) {
            const ssize_t got = ::recv(client.descriptor(), read.data(), std::min(size, read.size()), 0);
            ASSERT_GT(got, 0);
            size -= static_cast<std::size_t>(got);
        }
        resets ? reset(client) : client.close();
    };
    for (const bool resets : {false, true}) {
        for (const std::string_view path : {"/repeat/50", "/repeat/3000000", "/stream/20", "/stream/1000"}) {
            const std::string request =
                std::string{"GET "}.append(path).append(" HTTP/1.1\r\nHost: x\r\n\r\n");
            // All of the short one, and its head and more of the long ones.
            for (std::size_t size = 0; size <= 150; ++size) leave(request, size, resets);
            if (path.size() > 11)
                for (std::size_t size = 200; size < 3000000; size += size / 2) leave(request, size, resets);
        }
    }
    EXPECT_EQ(another_client().request(get_hello).status, 200);
}

TEST_F(Server, AClientThatDoesNotReadItsResponseDoesNotHoldOthersUp) {
    HttpClient& client = serve();
    for (int i = 0; i < 4; ++i) client.send("GET /repeat/7000000 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(another_client().request(get_hello).status, 200);
    client.close();
    EXPECT_EQ(another_client().request(get_hello).status, 200);
}

TEST_F(Server, ServesFromSeveralWorkersAtOnce) {
    constexpr int workers = 4;
    std::atomic<int> inside = 0;
    app_->get("/meet", [&inside] {
        // Ends only if that many handlers run at the same time.
        int now = inside.fetch_add(1) + 1;
        inside.notify_all();
        for (; now < workers; now = inside.load()) inside.wait(now);
        return http::Response::text("met");
    });
    serve({.workers = workers});
    // The kernel spreads connections by a hash: enough of them reach every worker.
    std::vector<HttpClient*> clients;
    for (int i = 0; i < 64; ++i) clients.push_back(&another_client());
    for (HttpClient* client : clients) client->send("GET /meet HTTP/1.1\r\nHost: x\r\n\r\n");
    for (HttpClient* client : clients) EXPECT_EQ(client->receive().body, "met");
}

TEST_F(Server, StopAnswersOneMoreRequestOfAConnectionThatWasIdle) {
    HttpClient& client = serve();
    ASSERT_EQ(client.request(get_hello).status, 200);
    running_->server().stop();
    // Nobody can connect any more: the worker has seen the stop.
    EXPECT_THROW(while (true) HttpClient{running_->port()}, std::runtime_error);
    const HttpReply reply = client.request(get_hello);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("connection"), "close");
    EXPECT_TRUE(client.closed());
}

TEST_F(Server, StopClosesIdleConnectionsAndReturns) {
    HttpClient& client = serve({.workers = 2});
    ASSERT_EQ(client.request(get_hello).status, 200);
    running_->server().stop();
    running_->join();
    EXPECT_TRUE(client.closed());
    EXPECT_THROW(HttpClient{running_->port()}, std::runtime_error);
}

TEST_F(Server, StopLetsTheRequestThatWasBegunEnd) {
    std::latch begun{1};
    std::latch go_on{1};
    app_->get("/slow", [&] {
        begun.count_down();
        go_on.wait();
        return http::Response::text("done");
    });
    HttpClient& client = serve();
    client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    begun.wait();
    HttpClient& half = another_client();
    running_->server().stop();
    go_on.count_down();
    const HttpReply reply = client.receive();
    EXPECT_EQ(reply.body, "done");
    running_->join();
    EXPECT_TRUE(client.closed());
    half.close();
}

TEST_F(Server, StopAnswersARequestWhoseFirstHalfIsHereAndThenCloses) {
    HttpClient& client = serve();
    ASSERT_EQ(client.request(get_hello).status, 200);
    client.send(get_hello.substr(0, 10));
    // Another connection's answer comes after the loop has seen the bytes above.
    ASSERT_EQ(another_client().request(get_hello).status, 200);
    running_->server().stop();
    client.send(get_hello.substr(10));
    const HttpReply reply = client.receive();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("connection"), "close");
    EXPECT_TRUE(client.closed());
}

TEST_F(Server, StopNowDoesNotWaitForAClientThatHoldsARequestBack) {
    HttpClient& client = serve();
    ASSERT_EQ(client.request(get_hello).status, 200);
    client.send(get_hello.substr(0, 10));
    running_->server().stop();
    running_->server().stop_now();
    running_->join();
}

TEST_F(Server, ARequestThatDoesNotArriveInTimeIsA408) {
    HttpClient& client = serve({.workers = 1, .request_timeout = std::chrono::seconds{1}});
    client.send(get_hello.substr(0, 10));
    const HttpReply reply = client.receive();
    EXPECT_EQ(reply.status, 408);
    EXPECT_EQ(reply.body, R"({"detail":"Request Timeout"})");
    EXPECT_TRUE(client.closed());
}

TEST_F(Server, AnIdleConnectionIsClosedAfterItsTime) {
    HttpClient& client = serve({.workers = 1, .idle_timeout = std::chrono::seconds{1}});
    ASSERT_EQ(client.request(get_hello).status, 200);
    EXPECT_TRUE(client.closed());
}

TEST_F(Server, ConnectionsAboveTheLimitWaitUntilOneIsFree) {
    HttpClient& first = serve({.workers = 1, .max_connections = 1});
    ASSERT_EQ(first.request(get_hello).status, 200);
    HttpClient& second = another_client();
    second.send(get_hello);
    first.close();
    EXPECT_EQ(second.receive().status, 200);
}

TEST_F(Server, APortThatIsTakenIsAnErrorAndNotAShare) {
    serve();
    try {
        http::Server other{*app_, {.port = running_->port(), .workers = 1}};
        FAIL() << "listens on a port that is taken";
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::address_in_use);
    }
    testing::internal::CaptureStderr();
    EXPECT_EQ(app_->serve({.port = running_->port(), .workers = 1}), 1);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: cannot listen on 127.0.0.1:" + std::to_string(running_->port()) +
                  ": Address already in use\n"
                  "zigmund: stop the program that listens there, or choose another port\n");
}

TEST_F(Server, AHostThatIsNoAddressIsAnError) {
    try {
        http::Server other{*app_, {.host = "localhost.example", .port = 0, .workers = 1}};
        FAIL() << "listens somewhere";
    } catch (const std::invalid_argument& error) {
        EXPECT_STREQ(error.what(), "zigmund: host is no IP address: localhost.example");
    }
}

TEST_F(Server, OptionsThatNoServerCanMeanAreErrors) {
    using std::chrono::seconds;
    const std::string long_path(108, 'x');
    const std::pair<http::ServeOptions, const char*> cases[] = {
        {{.unix_socket = long_path}, "zigmund: unix_socket is longer than 107 bytes"},
        {{.unix_socket = std::string_view{"a\0b", 3}}, "zigmund: unix_socket has a NUL in it"},
        {{.unix_socket = "a", .unix_socket_mode = 01000}, "zigmund: unix_socket_mode is more than 0777"},
        {{.unix_socket = "a", .fd = 3}, "zigmund: unix_socket and fd: a server listens on one of them"},
        {{.fd = -1}, "zigmund: fd is negative"},
        {{.tls_certificate = "a"}, "zigmund: tls_certificate without tls_key"},
        {{.tls_key = "a"}, "zigmund: tls_key without tls_certificate"},
        {{.drain_grace = seconds{-1}}, "zigmund: drain_grace is negative"},
        {{.drain_grace = seconds::max()}, "zigmund: drain_grace is more than a year"},
        {{.max_connections = 0}, "zigmund: max_connections is 0: nobody would be served"},
        {{.max_requests = 0}, "zigmund: max_requests is 0: nobody would be served"},
        {{.blocking_threads = 0}, "zigmund: blocking_threads is 0: what blocks would never run"},
        {{.blocking_threads = 1025}, "zigmund: blocking_threads is more than 1024"},
        {{.workers = 1025}, "zigmund: workers is more than 1024"},
        {{.request_timeout = seconds{0}}, "zigmund: request_timeout is less than a second"},
        {{.idle_timeout = seconds{-1}}, "zigmund: idle_timeout is less than a second"},
        {{.write_timeout = seconds::max()}, "zigmund: write_timeout is more than a year"},
        {{.drain_timeout = seconds{-1}}, "zigmund: drain_timeout is negative"},
        {{.drain_timeout = seconds::max()}, "zigmund: drain_timeout is more than a year"},
    };
    for (const auto& [options, message] : cases) {
        try {
            http::Server server{*app_, options};
            ADD_FAILURE() << "accepted, without: " << message;
        } catch (const std::invalid_argument& error) {
            EXPECT_STREQ(error.what(), message);
        }
    }
    testing::internal::CaptureStderr();
    EXPECT_EQ(app_->serve({.port = 0, .max_connections = 0}), 1);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: max_connections is 0: nobody would be served\n");
}

TEST_F(Server, NothingOfAFinishedRequestStaysInTheApplicationsMemory) {
    HttpClient& client = serve();
    ASSERT_EQ(client.request(post("warm")).status, 200);
    ASSERT_EQ(client.request("GET /repeat/2000 HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    ASSERT_EQ(client.request(get_hello).status, 200);
    const std::size_t bytes = gpa_.live_bytes();
    const std::size_t blocks = gpa_.live_blocks();
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(client.request("GET /repeat/2000 HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
        ASSERT_EQ(client.request("GET /nope HTTP/1.1\r\nHost: x\r\n\r\n").status, 404);
        ASSERT_EQ(client.request("GET /repeat/x HTTP/1.1\r\nHost: x\r\n\r\n").status, 422);
        ASSERT_EQ(client.request("PUT /hello HTTP/1.1\r\nHost: x\r\n\r\n").status, 405);
    }
    ASSERT_EQ(client.request(get_hello).status, 200);
    EXPECT_EQ(gpa_.live_bytes(), bytes);
    EXPECT_EQ(gpa_.live_blocks(), blocks);
}

}  // namespace
