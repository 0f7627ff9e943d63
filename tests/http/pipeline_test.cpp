// Pipelined requests through a real socket: their answers come in order, together, and none is lost when the
// client does not read.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdarg>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "http_client.hpp"
#include "served_app.hpp"

namespace {
std::atomic<int> sends{0};
}

// The server's only ways to send, one without and one with a sanitizer; the client uses send().
extern "C" long syscall(long number, ...) noexcept {
    if (number == SYS_sendmsg) sends.fetch_add(1, std::memory_order_relaxed);
    static const auto real = reinterpret_cast<long (*)(long, ...)>(::dlsym(RTLD_NEXT, "syscall"));
    std::array<long, 6> values{};
    va_list list;
    va_start(list, number);
    for (long& value : values) value = va_arg(list, long);
    va_end(list);
    return real(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}
extern "C" ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
    return ::syscall(SYS_sendmsg, descriptor, message, flags);
}

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::RunningServer;

http::Response number(http::Path<std::string_view, "number"> number) { return http::Response::text(*number); }

http::Response repeat(http::Path<std::uint32_t, "size"> size, alloc::Allocator arena) {
    const std::span<char> text = arena.alloc<char>(size);
    std::memset(text.data(), 'x', text.size());
    return http::Response::text(std::string_view{text.data(), text.size()});
}

class Pipeline : public zigmund::support::ServedApp {
  protected:
    Pipeline() {
        app_->get("/number/{number}", number);
        app_->get("/repeat/{size}", repeat);
        running_ = std::make_unique<RunningServer>(
            *app_, http::ServeOptions{.workers = 1, .max_requests = 1'000'000, .min_rate = 0});
        client_ = std::make_unique<HttpClient>(running_->port(), std::size_t{8} << 20);
        sends = 0;
    }

    std::unique_ptr<HttpClient> client_;
};

TEST_F(Pipeline, AnswersThatFitLeaveInOneCall) {
    std::string requests;
    for (int i = 0; i < 16; ++i) requests += get("/number/" + std::to_string(i));
    client_->send(requests);
    for (int i = 0; i < 16; ++i) ASSERT_EQ(client_->receive().body, std::to_string(i));
    EXPECT_EQ(sends, 1);
}

TEST_F(Pipeline, ARequestThatIsNotWholeHoldsUpNoAnswer) {
    const std::string last = get("/number/2");
    client_->send(get("/number/0") + get("/number/1") + last.substr(0, 20));
    EXPECT_EQ(client_->receive().body, "0");
    EXPECT_EQ(client_->receive().body, "1");
    client_->send(last.substr(20));
    EXPECT_EQ(client_->receive().body, "2");
    EXPECT_EQ(sends, 2);
}

TEST_F(Pipeline, AnAnswerThatIsTooLargeToGatherComesInItsTurn) {
    client_->send(get("/number/0") + get("/repeat/100000") + get("/number/1") + get("/number/2"));
    EXPECT_EQ(client_->receive().body, "0");
    EXPECT_EQ(client_->receive().body, std::string(100'000, 'x'));
    EXPECT_EQ(client_->receive().body, "1");
    EXPECT_EQ(client_->receive().body, "2");
}

TEST_F(Pipeline, TheLastAnswerBeforeTheCloseBringsTheOthersAlong) {
    client_->send(get("/number/0") + get("/number/1") +
                  "GET /number/2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client_->receive().body, std::to_string(i));
    EXPECT_TRUE(client_->closed());
    EXPECT_EQ(sends, 1);
}

TEST_F(Pipeline, AnswersToAClientThatDoesNotReadWaitForIt) {
    // More than the sockets of both sides hold, so that gathered answers have to wait in the middle.
    constexpr int rounds = 6000;
    const std::string large(6000, 'x');
    std::string requests;
    for (int i = 0; i < rounds; ++i) requests += get("/number/" + std::to_string(i)) + get("/repeat/6000");
    std::jthread sender{[&] { client_->send(requests); }};
    // Meanwhile the worker gathers for somebody else.
    HttpClient other{running_->port()};
    std::string others;
    for (int i = 0; i < 100; ++i) others += get("/number/someone-else");
    for (int i = 0; i < rounds; ++i) {
        other.send(others);
        for (int j = 0; j < 100; ++j) ASSERT_EQ(other.receive().body, "someone-else");
        ASSERT_EQ(client_->receive().body, std::to_string(i));
        ASSERT_EQ(client_->receive().body, large);
    }
}

TEST_F(Pipeline, WhatAClientLeftBehindGoesToNobodyElse) {
    std::string requests;
    for (int i = 0; i < 20'000; ++i) requests += get("/repeat/6000");
    for (int i = 0; i < 20; ++i) {
        HttpClient gone{running_->port()};
        {
            const std::jthread sender{[&] { gone.send(requests); }};
            EXPECT_EQ(gone.receive().body.size(), 6000u);
            ::shutdown(gone.descriptor(), SHUT_RDWR);
        }
        gone.close();
        ASSERT_EQ(client_->request(get("/number/7")).body, "7");
    }
}

}  // namespace
