// A warm request to any route of the tour touches no heap, in process and through a socket, but for those
// that are said to.
#include <zigmund/alloc/testing/heap_counter.hpp>
#include <zigmund/http/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "http_client.hpp"
#include "request_bytes.hpp"
#include "running_server.hpp"
#include "tour_requests.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using http::testing::TestClient;
using test::TourRequest;

TEST(TourMemory, AWarmRequestTouchesNoHeap) {
    tour::Tour tour{alloc::heap(), {.files = TOUR_FILES}};
    TestClient client{tour.app()};
    for (const TourRequest& request : test::tour_requests()) {
        if (!request.cold.empty()) continue;
        client.cookies().clear();
        EXPECT_TRUE(
            http::testing::allocates_nothing(client, test::method_of(request), request.url, request.request));
    }
}

/// Reads an answer to its end.
void receive(zigmund::support::HttpClient& client, bool has_body) {
    if (client.receive(has_body).field("transfer-encoding").empty()) return;
    for (std::string_view line; line != "0\r\n";) {
        line = client.receive_line();
        if (line.empty()) return;
    }
    client.receive_line();
}

TEST(TourMemory, NorDoesItThroughASocket) {
    tour::Tour tour{alloc::heap(), {.files = TOUR_FILES}};
    const zigmund::support::RunningServer running{tour.app()};
    for (const TourRequest& request : test::tour_requests()) {
        if (!request.cold.empty()) continue;
        using namespace http::testing;
        const std::string method = test::method_of(request);
        const std::string bytes = RequestBytes{
            method,
            TestUrl{"http://testserver"}.resolved(request.url),
            request.request,
            {}}.text({});
        zigmund::support::HttpClient client{running.port()};
        const auto ask = [&](int times) {
            for (int i = 0; i < times; ++i) {
                client.send(bytes);
                receive(client, method != "HEAD");
            }
        };
        ask(10);
        const std::size_t heap = alloc::testing::heap_calls();
        const std::size_t mappings = alloc::testing::mmap_calls();
        ask(20);
        EXPECT_EQ(alloc::testing::heap_calls(), heap) << request.route << " " << request.url;
        EXPECT_EQ(alloc::testing::mmap_calls(), mappings) << request.route << " " << request.url;
    }
}

}  // namespace
