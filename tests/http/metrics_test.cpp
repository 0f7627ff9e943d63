// Metrics: what is counted of whom, in the words of Prometheus' text format.
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace zigmund;
using namespace zigmund::http;

/// Keeps its memory until it dies, and what is read of it.
std::string text_of(const Metrics& metrics) {
    alloc::Arena arena;
    return std::string{metrics.text(arena.allocator())};
}

/// The value of a sample, as text; "-" without one.
std::string sample(const Metrics& metrics, std::string_view name) {
    const std::string text = "\n" + text_of(metrics);
    const std::string start = std::string{"\n"}.append(name).append(" ");
    const std::size_t at = text.find(start);
    if (at == std::string::npos) return "-";
    return text.substr(at + start.size(), text.find('\n', at + 1) - at - start.size());
}

class MetricsTest : public ::testing::Test {
  protected:
    MetricsTest() {
        app_.get("/users/{user_id}", [](Path<int, "user_id"> id, alloc::Allocator arena) {
            return Response::json(arena, {{"id", id}});
        });
        app_.post("/items", [](Body<std::vector<int>::size_type> n, alloc::Allocator arena) {
            return Response::json(arena, *n).with_status(Status::created);
        });
        app_.get("/fails", []() -> Response { throw std::runtime_error("x"); });
        app_.get("/metrics", metrics_.endpoint());
        app_.use(metrics_.middleware());
    }

    Metrics metrics_{alloc::heap()};
    App app_{alloc::heap(), {}};
    zigmund::http::testing::TestClient client_{app_, {.raise_server_exceptions = false}};
};

TEST_F(MetricsTest, RequestsAreCountedByTheTemplateOfTheirRouteAndTheirStatus) {
    client_.get("/users/1");
    client_.get("/users/2");
    client_.get("/users/x");
    client_.get("/fails");
    EXPECT_EQ(
        sample(metrics_, R"(http_requests_total{method="GET",handler="/users/{user_id}",status="200"})"),
        "2");
    EXPECT_EQ(
        sample(metrics_, R"(http_requests_total{method="GET",handler="/users/{user_id}",status="422"})"),
        "1");
    EXPECT_EQ(sample(metrics_, R"(http_requests_total{method="GET",handler="/fails",status="500"})"), "1");
}

TEST_F(MetricsTest, WhatHasNoRouteMakesOneSeriesHoweverManyPathsThereAre) {
    for (int i = 0; i < 50; ++i) client_.get("/nobody/" + std::to_string(i));
    client_.request("BREW", "/nobody");
    EXPECT_EQ(sample(metrics_, R"(http_requests_total{method="GET",handler="none",status="404"})"), "50");
    EXPECT_EQ(sample(metrics_, R"(http_requests_total{method="_OTHER",handler="none",status="404"})"), "1");
    const std::string text = text_of(metrics_);
    EXPECT_EQ(text.find("/nobody"), std::string::npos) << text;
}

TEST_F(MetricsTest, EachDurationIsInAllBucketsFromItsOwnOn) {
    client_.get("/users/1");
    client_.get("/users/1");
    const std::string labels = R"({method="GET",handler="/users/{user_id}")";
    EXPECT_EQ(sample(metrics_, "http_request_duration_seconds_count" + labels + "}"), "2");
    EXPECT_EQ(sample(metrics_, "http_request_duration_seconds_bucket" + labels + ",le=\"10\"}"), "2");
    EXPECT_EQ(sample(metrics_, "http_request_duration_seconds_bucket" + labels + ",le=\"+Inf\"}"), "2");
    const std::string sum = sample(metrics_, "http_request_duration_seconds_sum" + labels + "}");
    EXPECT_GT(std::stod(sum), 0);
    EXPECT_LT(std::stod(sum), 20);
}

TEST_F(MetricsTest, BodiesAreCountedInBytes) {
    client_.post("/items", {.json = 12345});
    const std::string labels = R"({method="POST",handler="/items"})";
    EXPECT_EQ(sample(metrics_, "http_request_size_bytes_sum" + labels), "5");
    EXPECT_EQ(sample(metrics_, "http_response_size_bytes_sum" + labels), "5");
    EXPECT_EQ(sample(metrics_, "http_response_size_bytes_count" + labels), "1");
}

TEST_F(MetricsTest, TheEndpointSeesItselfInProgress) {
    const auto response = client_.get("/metrics");
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(response.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_NE(response.text().find("\nhttp_requests_inprogress 1\n"), std::string::npos) << response.text();
    EXPECT_EQ(sample(metrics_, "http_requests_inprogress"), "0");
}

TEST_F(MetricsTest, WhatIsNoRequestIsCountedByItsAnswer) {
    client_.send("GET /users/1 HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n");
    client_.send("GET /users/1 HTTP/3.0\r\nHost: a\r\n\r\n");
    EXPECT_EQ(sample(metrics_, R"(http_refused_requests_total{status="400"})"), "1");
    EXPECT_EQ(sample(metrics_, R"(http_refused_requests_total{status="505"})"), "1");
}

TEST_F(MetricsTest, EveryFamilyIsDescribedOnceBeforeItsSamples) {
    client_.get("/users/1");
    const std::string text = text_of(metrics_);
    std::vector<std::string> families;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        ASSERT_NE(end, std::string::npos) << "the last line has no end";
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        if (line.starts_with("# HELP ")) {
            families.push_back(line.substr(7, line.find(' ', 7) - 7));
            EXPECT_EQ(std::ranges::count(families, families.back()), 1) << line;
        } else if (line.starts_with("# TYPE ")) {
            EXPECT_TRUE(line.starts_with("# TYPE " + families.back() + " ")) << line;
        } else {
            EXPECT_TRUE(line.starts_with(families.back())) << line;
        }
    }
    EXPECT_EQ(families.size(), 13U);
}

TEST_F(MetricsTest, TheProcessIsKnownToTheSystem) {
    EXPECT_GT(std::stod(sample(metrics_, "process_resident_memory_bytes")), 1e6);
    EXPECT_GT(std::stod(sample(metrics_, "process_open_fds")), 2);
    EXPECT_GT(std::stod(sample(metrics_, "process_start_time_seconds")), 1.7e9);
}

TEST_F(MetricsTest, ThreadsCountForThemselvesAndAreAddedUp) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([this] {
            zigmund::http::testing::TestClient client{app_, {.lifespan = false}};
            for (int n = 0; n < 100; ++n) client.get("/users/1");
        });
    for (int i = 0; i < 100; ++i) (void)text_of(metrics_);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(
        sample(metrics_, R"(http_requests_total{method="GET",handler="/users/{user_id}",status="200"})"),
        "400");
}

}  // namespace
