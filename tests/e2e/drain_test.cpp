// SIGTERM, while many clients ask: what was begun is answered. A second one: at once.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http_client.hpp"
#include "process.hpp"

namespace {

using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::ServiceProcess;

constexpr std::string_view request =
    "POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    "Content-Length: 26\r\n\r\n{\"name\":\"Pen\",\"price\":2.5}";

TEST(Drain, SigtermUnderLoadLosesNoRequestThatWasBegun) {
    for (int round = 0; round < 3; ++round) {
        ServiceProcess service{ZIGMUND_ITEM_SERVICE, 0, {"--workers=2"}};
        ASSERT_NE(service.port(), 0);
        std::atomic<int> answered = 0;
        std::atomic<int> lost = 0;
        const auto ask = [&](HttpClient& client) {
            const HttpReply reply = client.request(request);
            if (reply.status == 200) {
                ++answered;
            } else {
                ++lost;
            }
            answered.notify_all();
            return reply.status == 200 && reply.field("connection") != "close";
        };
        std::vector<std::thread> clients;
        for (int i = 0; i < 16; ++i) {
            // Some keep their connection until they are told that it ends, others have a new one each time,
            // until there is nobody to connect to.
            clients.emplace_back([&, keeps = i % 2 == 0] {
                try {
                    while (lost == 0) {
                        HttpClient client{service.port()};
                        while (ask(client) && keeps) {
                        }
                    }
                } catch (const std::runtime_error&) {
                }
            });
        }
        for (int now = answered; now < 500 && lost == 0; now = answered) answered.wait(now);
        EXPECT_EQ(service.end(SIGTERM), 0) << service.output();
        for (std::thread& client : clients) client.join();
        EXPECT_EQ(lost, 0);
        EXPECT_NE(service.output().find("no leaks"), std::string::npos) << service.output();
    }
}

TEST(Drain, ASecondSignalEndsAtOnce) {
    for (const auto& [first, second] : {std::pair{SIGTERM, SIGTERM}, std::pair{SIGINT, SIGTERM}}) {
        ServiceProcess service{ZIGMUND_ITEM_SERVICE, 0, {"--request-timeout=3600", "--drain-timeout=3600"}};
        HttpClient client{service.port()};
        client.send(request.substr(0, request.size() - 1));
        // Its answer comes after the loop has seen the bytes above.
        ASSERT_EQ(HttpClient{service.port()}.request(request).status, 200);
        service.signal(first);
        EXPECT_THROW(while (true) HttpClient{service.port()}, std::runtime_error);
        EXPECT_EQ(service.end(second), 0) << service.output();
        EXPECT_EQ(client.receive().status, 0);
        EXPECT_NE(service.output().find("no leaks"), std::string::npos) << service.output();
    }
}

}  // namespace
