// What hostile and unlucky clients do to a server, on real sockets. Whatever they do, the memory comes back.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "http_client.hpp"
#include "served_app.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::RunningServer;

constexpr std::string_view get_hello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

struct Reading {
    std::string_view name;
    double value;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (name, value))

class Robustness : public zigmund::support::ServedApp {
  protected:
    Robustness() {
        app_->get("/hello", [] { return http::Response::text("Hello, World!"); });
        app_->post("/echo", [](http::Request& request) { return http::Response::text(request.body()); });
        app_->post("/readings", [](http::Body<Reading> reading, alloc::Allocator arena) {
            return http::Response::json(arena, *reading);
        });
    }

    void expect_alive() const {
        HttpClient client{running_->port()};
        EXPECT_EQ(client.request(get_hello).body, "Hello, World!");
    }
};

const std::string upload_head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";

std::string post_reading(std::string_view body) {
    return std::string{
        "POST /readings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: "}
        .append(std::to_string(body.size()))
        .append("\r\n\r\n")
        .append(body);
}

// The part that has come may be larger than the connection's block.
TEST_F(Robustness, AClientThatLeavesInTheMiddleOfALargeUploadLeavesNothingBehind) {
    serve();
    for (int i = 0; i < 20; ++i) {
        HttpClient client = connect();
        client.send(upload_head);
        client.send(std::string(50'000, 'b'));
        expect_alive();  // the server has read some of it by now
        client.close();
        expect_alive();
    }
}

TEST_F(Robustness, ALargeUploadThatStallsIsA408) {
    serve({.workers = 1, .request_timeout = std::chrono::seconds{1}});
    HttpClient client = connect();
    client.send(upload_head);
    client.send(std::string(50'000, 'b'));
    EXPECT_EQ(client.receive().status, 408);
    EXPECT_TRUE(client.closed());
    expect_alive();
}

TEST_F(Robustness, StopNowInTheMiddleOfALargeUploadLeavesNothingBehind) {
    serve();
    HttpClient client = connect();
    client.send(upload_head);
    client.send(std::string(50'000, 'b'));
    expect_alive();
    running_->server().stop_now();
    running_->join();
}

// The system has a signal for that, which ends a process.
TEST_F(Robustness, AClientThatLeavesInTheMiddleOfALargeFileLeavesNothingBehind) {
    std::string path = "/tmp/zigmund-file-XXXXXX";
    const int file = ::mkstemp(path.data());
    ASSERT_EQ(::ftruncate(file, 64 << 20), 0);
    ::close(file);
    app_->get("/file",
              [&path](http::Request& request) { return http::Response::file_from_path(request, path); });
    serve();
    std::vector<char> some(7000);
    for (std::size_t i = 0; i < 300; ++i) {
        HttpClient client = connect();
        client.send("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_GT(::recv(client.descriptor(), some.data(), 1000 * (i % 7 + 1), 0), 0);
        client.close();  // a reset, as there is more to read
    }
    expect_alive();
    ::unlink(path.c_str());
}

// As every process does, between fork and exec: what is closed here is open there, and the system tells of it.
TEST_F(Robustness, AProcessThatWasForkedMayHoldConnectionsThatHaveEnded) {
    serve();
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<HttpClient>(running_->port()));
        EXPECT_EQ(clients.back()->request(get_hello).status, 200);
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::pause();
        ::_exit(0);
    }
    for (const auto& client : clients)
        client->send("GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n");
    for (const auto& client : clients) {
        EXPECT_EQ(client->receive().status, 400);
        client->send("more");
        client->shutdown_send();
        client->send("even more");
    }
    for (int i = 0; i < 100; ++i) expect_alive();
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

// RFC 9112, 6.3: only 1xx, 204 and 304 end with their head; a client of any other waits for a length.
TEST_F(Robustness, A205SaysThatItIsEmptySoThatTheClientDoesNotWait) {
    app_->post("/reset", [] { return http::Response{http::Status::reset_content}; });
    serve();
    HttpClient client = connect();
    const HttpReply reply = client.request("POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(reply.status, 205);
    EXPECT_EQ(reply.field("content-length"), "0");
    EXPECT_EQ(client.request(get_hello).status, 200);
}

TEST_F(Robustness, ANumberBeyondDoublesRangeIsTheClientsErrorWhereverItStands) {
    serve();
    HttpClient client = connect();
    for (const std::string_view body :
         {R"({"name":"a","value":1e999})", R"({"name":"a","value":-1e999})", R"({"name":1e999})",
          R"({"value":1e999})", R"({"name":[1,-1e999],"value":2})", R"(1e999)"}) {
        EXPECT_EQ(client.request(post_reading(body)).status, 422) << body;
    }
    EXPECT_EQ(client.request(post_reading(R"({"name":"a","value":2,"other":1e999})")).status, 200);
}

TEST_F(Robustness, AResponseFieldWithoutTextIsSentEmpty) {
    app_->get("/field", [](alloc::Allocator arena) {
        return http::Response::text(std::string_view{}).with_header(arena, "x-empty", {});
    });
    serve();
    HttpClient client = connect();
    const HttpReply reply = client.request("GET /field HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(reply.status, 200);
    EXPECT_NE(reply.head.find("\r\nx-empty: \r\n"), std::string_view::npos);
}

TEST_F(Robustness, AFailureBehindPipelinedRequestsIsAnsweredAfterThem) {
    serve();
    HttpClient client = connect();
    client.send(std::string{get_hello}
                    .append(get_hello)
                    .append("GET / HTTP/1.1\r\nBad : x\r\n\r\n")
                    .append(get_hello));
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(client.receive().status, 400);
    EXPECT_TRUE(client.closed());
}

TEST_F(Robustness, AHeadThatIsTooLongIsToldFromATargetThatIsTooLong) {
    serve();
    HttpClient field = connect();
    field.send("GET /hello HTTP/1.1\r\nHost: x\r\nX: " + std::string(9000, 'x') + "\r\n\r\n");
    EXPECT_EQ(field.receive().status, 431);
    HttpClient target = connect();
    target.send("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(target.receive().status, 414);
}

// Names that collide in a hash table cost the square of their number: there is a limit to it.
TEST_F(Robustness, AnObjectHasAtMost1024Members) {
    serve();
    HttpClient client = connect();
    std::string body = R"({"name":"a","value":2)";
    for (int i = 2; i < 1024; ++i) body.append(",\"m").append(std::to_string(i)).append("\":1");
    EXPECT_EQ(client.request(post_reading(body + "}")).status, 200);
    const HttpReply reply = client.request(post_reading(body + ",\"m1024\":1}"));
    EXPECT_EQ(reply.status, 422);
    EXPECT_NE(reply.body.find("Object exceeds 1024 members"), std::string_view::npos);
}

TEST(Secret, IsEqualToItselfAlone) {
    using http::timing_safe_equal;
    const std::string secret{"s3cret\0x", 8};
    EXPECT_TRUE(timing_safe_equal(std::string{secret}, secret));
    EXPECT_TRUE(timing_safe_equal("", ""));
    for (std::size_t i = 0; i < secret.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string other = secret;
            other[i] = static_cast<char>(other[i] ^ (1 << bit));
            EXPECT_FALSE(timing_safe_equal(other, secret)) << i << ' ' << bit;
        }
        EXPECT_FALSE(timing_safe_equal(secret.substr(0, i), secret));
        EXPECT_FALSE(timing_safe_equal(secret, secret.substr(0, i)));
    }
}

}  // namespace
