// Who watches a server: liveness, readiness and numbers, on routes of the application and on a port of their
// own; and what a drain looks like from there.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "http_client.hpp"
#include "served_app.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::RunningServer;

std::string get(std::string_view path) {
    return std::string{"GET "}.append(path).append(" HTTP/1.1\r\nHost: x\r\n\r\n");
}

/// Status and body of the answer, on a connection of its own.
std::string answer_of(std::uint16_t port, std::string_view path) {
    HttpClient client{port};
    const HttpReply reply = client.request(get(path));
    return std::to_string(reply.status) + " " + std::string{reply.body};
}

/// Has a request answered and counted: that is done before the next answer on its connection.
void have_counted(std::uint16_t port, std::string_view path) {
    HttpClient client{port};
    EXPECT_EQ(client.request(get(path)).status, 200);
    EXPECT_EQ(client.request(get("/nothing")).status, 404);
}

class Monitor : public zigmund::support::ServedApp {
  protected:
    Monitor() {
        app_->get("/hello", [] { return http::Response::text("Hello, World!"); });
        app_->get("/busy", [this] {
            begun_.count_down();
            go_on_.wait();
            return http::Response::text("done");
        });
    }
    ~Monitor() override {
        running_.reset();
        app_.reset();  // before the metrics that it counts in
    }

    void serve(const http::ServeOptions& options = {.monitor_port = 0, .workers = 1}) {
        running_ = std::make_unique<RunningServer>(*app_, options);
    }
    [[nodiscard]] std::string monitor(std::string_view path) const {
        return answer_of(running_->server().monitor_port(), path);
    }
    std::string refusal(const http::ServeOptions& options) {
        try {
            const http::Server server{*app_, options};
            return "it listens";
        } catch (const std::exception& error) {
            return error.what();
        }
    }

    std::optional<http::Metrics> metrics_;
    std::latch begun_{1};
    std::latch go_on_{1};
};

TEST_F(Monitor, HasAPortOfItsOwnForHealthReadinessAndMetricsAndNothingElse) {
    app_->use(metrics_.emplace(gpa_.allocator()).middleware());
    serve();
    const http::Server& server = running_->server();
    EXPECT_EQ(server.monitor_address(), "http://127.0.0.1:" + std::to_string(server.monitor_port()));
    EXPECT_NE(server.monitor_port(), server.port());
    have_counted(server.port(), "/hello");
    EXPECT_EQ(monitor("/healthz"), R"(200 {"status":"ok"})");
    EXPECT_EQ(monitor("/readyz"), R"(200 {"status":"ready"})");
    EXPECT_EQ(monitor("/hello"), R"(404 {"detail":"Not Found"})");
    EXPECT_EQ(monitor("/docs"), R"(404 {"detail":"Not Found"})");
    EXPECT_EQ(monitor("/openapi.json"), R"(404 {"detail":"Not Found"})");
    for (const char* const path : {"/metrics", "/healthz", "/readyz"})
        EXPECT_EQ(answer_of(server.port(), path), R"(404 {"detail":"Not Found"})");
    EXPECT_NE(monitor("/metrics")
                  .find("\nhttp_requests_total{method=\"GET\",handler=\"/hello\",status=\"200\"} 1\n"),
              std::string::npos);
}

TEST_F(Monitor, ShowsTheMetricsThatAMountedApplicationUses) {
    http::App inner{gpa_.allocator(), {}};
    inner.get("/inside", [] { return http::Response::text("inside"); });
    inner.use(metrics_.emplace(gpa_.allocator()).middleware());
    app_->mount("/inner", inner);
    serve();
    have_counted(running_->port(), "/inner/inside");
    EXPECT_NE(monitor("/metrics").find("handler=\"/inside\""), std::string::npos);
    running_.reset();
    app_.reset();
}

TEST_F(Monitor, HasTheProcessesFiguresWhereTheApplicationCountsNothing) {
    serve();
    const std::string text = monitor("/metrics");
    EXPECT_TRUE(text.starts_with("200 # HELP ")) << text;
    EXPECT_NE(text.find("\nprocess_resident_memory_bytes "), std::string::npos) << text;
}

TEST_F(Monitor, IsNotThereUnlessItIsAskedFor) {
    serve({.workers = 1});
    EXPECT_EQ(running_->server().monitor_port(), 0);
    EXPECT_EQ(running_->server().monitor_address(), "");
}

TEST_F(Monitor, AnswersWhileAllWorkersAreBusyAndToTheEndOfTheDrain) {
    serve();
    const std::uint16_t port = running_->server().monitor_port();
    HttpClient busy{running_->port()};
    busy.send(get("/busy"));
    begun_.wait();
    EXPECT_EQ(monitor("/readyz"), R"(200 {"status":"ready"})");
    running_->server().stop();
    EXPECT_EQ(monitor("/readyz"), R"(503 {"status":"stopping"})");
    EXPECT_EQ(monitor("/healthz"), R"(200 {"status":"ok"})");
    go_on_.count_down();
    EXPECT_EQ(busy.receive().body, "done");
    running_->join();
    EXPECT_THROW(HttpClient{port}, std::runtime_error);
}

TEST_F(Monitor, ReadinessIs503WhileTheServerStillServesForItsGrace) {
    app_->get("/readyz", http::readyz);
    serve({.monitor_port = 0, .workers = 2, .drain_grace = std::chrono::seconds{1}});
    HttpClient before{running_->port()};
    EXPECT_EQ(before.request(get("/readyz")).body, R"({"status":"ready"})");
    running_->server().stop();
    EXPECT_EQ(monitor("/readyz"), R"(503 {"status":"stopping"})");
    EXPECT_EQ(before.request(get("/readyz")).status, 503);
    HttpClient after{running_->port()};
    const HttpReply reply = after.request(get("/hello"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("connection").data(), nullptr);
    running_->join();
    EXPECT_TRUE(before.closed());
    EXPECT_TRUE(after.closed());
}

TEST_F(Monitor, WhoDoesNotWaitEndsTheGraceAsWell) {
    serve({.monitor_port = 0, .workers = 2, .drain_grace = std::chrono::seconds{3600}});
    running_->server().stop();
    running_->server().stop();
    EXPECT_EQ(answer_of(running_->port(), "/hello"), "200 Hello, World!");
    running_->server().stop_now();
    running_->join();
}

TEST_F(Monitor, ListensWhereItIsToldToOrSaysWhyNot) {
    serve();
    const std::uint16_t taken = running_->port();
    EXPECT_EQ(refusal({.port = 0, .monitor_port = taken, .workers = 1}),
              "zigmund: cannot listen on 127.0.0.1:" + std::to_string(taken) + ": Address already in use");
    EXPECT_EQ(refusal({.port = 0, .monitor_port = 0, .monitor_host = "here", .workers = 1}),
              "zigmund: monitor_host is no IP address: here");
    running_ = nullptr;
    serve({.monitor_port = 0, .monitor_host = "::1", .workers = 1});
    EXPECT_TRUE(running_->server().monitor_address().starts_with("http://[::1]:"));
}

TEST_F(Monitor, HealthAndReadinessAreRoutesOfTheApplicationIfItLikes) {
    app_->get("/healthz", http::healthz);
    app_->get("/readyz", http::readyz);
    http::testing::TestClient client{*app_};
    EXPECT_EQ(client.get("/healthz").text(), R"({"status":"ok"})");
    EXPECT_EQ(client.get("/readyz").text(), R"({"status":"ready"})");
    EXPECT_EQ(client.get("/readyz").header("content-type"), "application/json");
}

}  // namespace
