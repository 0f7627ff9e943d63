// What a service manager hears of a server whose workers come back to their loops, and of one whose worker hangs.
#include "watchdog.hpp"

#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "http_client.hpp"
#include "service_manager.hpp"
#include "service_reports.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using namespace std::chrono_literals;
using zigmund::support::HttpClient;
using zigmund::support::ServiceReports;

/// What this process writes on stderr while it is there, a line at a time.
class StandardError {
  public:
    StandardError() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        kept_ = ::dup(STDERR_FILENO);
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[1]);
        read_ = ends[0];
    }
    StandardError(const StandardError&) = delete;
    StandardError& operator=(const StandardError&) = delete;
    ~StandardError() {
        ::dup2(kept_, STDERR_FILENO);
        ::close(kept_);
        ::close(read_);
    }

    std::string line() {
        std::string line;
        for (char c = 0; ::read(read_, &c, 1) == 1 && c != '\n';) line += c;
        return line;
    }

  private:
    int kept_ = -1;
    int read_ = -1;
};

class Watchdog : public testing::Test {
  protected:
    Watchdog() : reports_{name_} {
        ::setenv("NOTIFY_SOCKET", name_.c_str(), 1);
        app_->get("/hello", [] { return http::Response::text("Hello, World!"); });
        app_->get("/busy", [this] {
            go_on_.wait();
            return http::Response::text("done");
        });
        auto listening = http::ListeningSocket::at(http::SocketAddress::parse("host", "127.0.0.1", 0));
        port_ = http::SocketAddress::of(listening.descriptor.get()).port();
        worker_.emplace(*app_, http::ServeOptions{}, std::move(listening));
        workers_ = {&*worker_};
        thread_ = std::thread{[this] { worker_->run(); }};
        watching_ = std::thread{[this] {
            http::Watchdog watchdog{io_, workers_, 5ms};
            io_.run();
        }};
    }
    ~Watchdog() override {
        io_.stop();
        watching_.join();
        worker_->stop(http::Worker::Stop::now);
        if (thread_.joinable()) thread_.join();
        worker_.reset();
        app_.reset();
        ::unsetenv("NOTIFY_SOCKET");
        EXPECT_EQ(gpa_.deinit(), alloc::LeakCheck::ok);
    }

    /// The watchdog's loop has come to a time that lies behind its next ones to look.
    void have_looked_again() {
        std::promise<void> looked;
        boost::asio::steady_timer later{io_};
        boost::asio::post(io_, [&] {
            later.expires_after(25ms);
            later.async_wait([&](const boost::system::error_code&) { looked.set_value(); });
        });
        looked.get_future().wait();
    }

    std::string name_ = "@zigmund-watchdog-" + std::to_string(::getpid());
    ServiceReports reports_;
    alloc::GeneralPurposeAllocator gpa_{{.tier = alloc::Tier::traced, .name = "test"}};
    std::unique_ptr<http::App> app_ = std::make_unique<http::App>(gpa_.allocator(), http::AppInfo{});
    std::latch go_on_{1};
    std::optional<http::Worker> worker_;
    std::array<http::Worker*, 1> workers_{};
    std::uint16_t port_ = 0;
    boost::asio::io_context io_{1};
    std::thread thread_;
    std::thread watching_;
};

TEST_F(Watchdog, TellsThatAllIsWellWhileTheWorkersComeBackToTheirLoops) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(reports_.next(), "WATCHDOG=1");
    EXPECT_EQ(HttpClient{port_}.request("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    EXPECT_EQ(reports_.next(), "WATCHDOG=1");
}

TEST_F(Watchdog, SaysNothingButWhichWorkerHangsUntilItIsBack) {
    HttpClient client{port_};
    EXPECT_EQ(reports_.next(), "WATCHDOG=1");
    {
        StandardError said;
        client.send("GET /busy HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ(said.line(),
                  "zigmund: worker 0 has not come back to its loop for 5 ms: the watchdog is not told that "
                  "all is well");
    }
    // What is there now was sent before that line; nothing comes when it looks again.
    while (reports_.waiting()) EXPECT_EQ(reports_.next(), "WATCHDOG=1");
    have_looked_again();
    EXPECT_FALSE(reports_.waiting());
    go_on_.count_down();
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(reports_.next(), "WATCHDOG=1");
}

TEST_F(Watchdog, DoesNotWaitForAWorkerThatHasEndedWhileOthersDrain) {
    EXPECT_EQ(reports_.next(), "WATCHDOG=1");
    worker_->stop(http::Worker::Stop::now);
    thread_.join();
    while (reports_.waiting()) EXPECT_EQ(reports_.next(), "WATCHDOG=1");
    for (int i = 0; i < 5; ++i) EXPECT_EQ(reports_.next(), "WATCHDOG=1");
}

TEST(WatchdogInterval, IsHalfOfWhatTheManagerWaits) {
    ::unsetenv("WATCHDOG_PID");
    ::unsetenv("WATCHDOG_USEC");
    EXPECT_EQ(http::watchdog_interval(), std::nullopt);
    ::setenv("WATCHDOG_USEC", "3000000", 1);
    EXPECT_EQ(http::watchdog_interval(), 1500ms);
    ::setenv("WATCHDOG_USEC", "1", 1);
    EXPECT_EQ(http::watchdog_interval(), 1us);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    EXPECT_EQ(http::watchdog_interval(), 1us);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(http::watchdog_interval(), std::nullopt);
    ::unsetenv("WATCHDOG_PID");
    ::unsetenv("WATCHDOG_USEC");
}

TEST(WatchdogInterval, ThatIsNoneIsToldAndNotFollowed) {
    for (const char* const text : {"", "0", "-1", "soon", "10s", "99999999999999999999"}) {
        ::setenv("WATCHDOG_USEC", text, 1);
        StandardError said;
        EXPECT_EQ(http::watchdog_interval(), std::nullopt);
        EXPECT_EQ(said.line(), "zigmund: WATCHDOG_USEC is '" + std::string{text} +
                                   "': it is to be microseconds, 1 or more");
    }
    ::unsetenv("WATCHDOG_USEC");
}

}  // namespace
