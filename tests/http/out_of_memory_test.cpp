// Every allocation of a serving application fails once, and once for all: nothing crashes, hangs or leaks,
// and a client gets an answer or a closed connection.
#include <zigmund/alloc/failing.hpp>
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <array>
#include <new>
#include <set>
#include <string>

#include "http_client.hpp"
#include "running_server.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::RunningServer;

struct Item {
    std::string_view name;
    double price;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price))

std::string post(std::string_view path, std::string_view fields, std::string_view body) {
    return std::string{"POST "}
        .append(path)
        .append(" HTTP/1.1\r\nHost: x\r\n")
        .append(fields)
        .append("\r\n")
        .append(body);
}

/// One of each way on which serving a request takes memory.
std::array<std::string, 8> requests() {
    const std::string json = "Content-Type: application/json\r\n";
    const std::string large(20'000, 'b');
    return {"GET /repeat/30000 HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /repeat/%31 HTTP/1.1\r\nHost: x\r\n\r\n",
            post("/items", json + "Content-Length: 24\r\n", R"({"name":"Pen","price":2})"),
            post("/items", json + "Content-Length: 2\r\n", "{}"),
            post("/echo", "Content-Length: 20000\r\n", large),
            post("/echo", "Transfer-Encoding: chunked\r\n", "4e20\r\n" + large + "\r\n0\r\n\r\n"),
            "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n",
            "PUT /echo HTTP/1.1\r\nHost: x\r\n\r\n"};
}

void add_routes(http::App& app) {
    app.get("/repeat/{size}", [](http::Path<std::uint32_t, "size"> size, alloc::Allocator arena) {
        const std::span<char> text = arena.alloc<char>(size);
        std::memset(text.data(), 'x', text.size());
        return http::Response::text(std::string_view{text.data(), text.size()});
    });
    app.post("/items", [](http::Body<Item> item, alloc::Allocator arena) {
        return http::Response::json(arena, *item);
    });
    app.get("/wait", [](alloc::Allocator arena) -> http::Task<http::Response> {
        co_await http::sleep_for(std::chrono::nanoseconds{0});
        co_return http::Response::text(arena.dupe(std::string_view{"waited"}));
    });
    app.post("/echo", [](http::Request& request) { return http::Response::text(request.body()); });
}

/// The statuses that clients saw, each with a connection of its own; 0: it was closed without an answer.
std::set<int> serve_all(alloc::Allocator allocator) {
    http::App app{allocator, {}};
    add_routes(app);
    RunningServer running{app};
    std::set<int> statuses;
    for (const std::string& request : requests()) {
        HttpClient client{running.port()};
        client.send(request);
        statuses.insert(client.receive().status);
    }
    // And all on one connection, as far as it lives.
    HttpClient client{running.port()};
    for (const std::string& request : requests()) client.send(request);
    for (std::size_t i = 0; i < requests().size(); ++i) {
        const int status = client.receive().status;
        statuses.insert(status);
        if (status == 0) break;
    }
    // And all at once; what this client does not get, the next one must not get either.
    std::string pipelined;
    for (const std::string& request : requests()) pipelined += request;
    HttpClient gone{running.port()};
    gone.send(pipelined);
    HttpClient next{running.port()};
    const HttpReply reply = next.request("GET /repeat/7 HTTP/1.1\r\nHost: x\r\n\r\n");
    statuses.insert(reply.status);
    if (reply.status == 200) {
        EXPECT_EQ(reply.body, "xxxxxxx");
    }
    return statuses;
}

class OutOfMemory : public testing::TestWithParam<bool> {};

TEST_P(OutOfMemory, AtAnyAllocationIsAnAnswerOrAClosedConnection) {
    const std::set<int> good{200, 405, 422};
    const std::set<int> expected{0, 200, 405, 422, 500, 503};
    bool failed = true;
    std::size_t served = 0;
    testing::internal::CaptureStderr();  // a handler without memory is a line there
    for (std::size_t at = 0; failed && !HasFailure(); ++at) {
        alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "test"}};
        {
            alloc::Failing failing{gpa.allocator(), {.at = at, .and_later = GetParam()}};
            try {
                const std::set<int> statuses = serve_all(failing.allocator());
                ++served;
                for (const int status : statuses) EXPECT_TRUE(expected.contains(status)) << status;
                if (failing.failures() == 0) {
                    EXPECT_EQ(statuses, good);
                }
            } catch (const std::bad_alloc&) {
                EXPECT_NE(failing.failures(), 0u);  // on the way up
            }
            failed = failing.failures() != 0;
        }
        EXPECT_EQ(gpa.deinit(), alloc::LeakCheck::ok) << "the allocation that failed: " << at;
    }
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("unhandled exception: std::bad_alloc"), std::string::npos);
    EXPECT_GT(served, 10u);
}

INSTANTIATE_TEST_SUITE_P(Http, OutOfMemory, testing::Bool(), [](const auto& instance) {
    return instance.param ? std::string{"FromThenOn"} : std::string{"Once"};
});

}  // namespace
