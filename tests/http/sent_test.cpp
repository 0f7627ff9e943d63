// What is known of a request's client and of its response once that is sent, through a socket.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "http_client.hpp"
#include "running_server.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::RunningServer;

/// What on_sent() said, as a middleware sees it.
struct Record {
    std::string target;
    std::string client;
    Sent sent;
};

struct Watch {
    Response operator()(Request& request, Next next) const {
        watch(request);
        return next(request);
    }
    void refused(Request& request) const { watch(request); }

    void watch(Request& request) const {
        request.on_sent([this_ = this](const Request& answered, const Sent& sent) {
            const std::lock_guard lock{*this_->mutex};
            this_->records->push_back(
                {std::string{answered.target()}, std::string{answered.client().host()}, sent});
            this_->changed->notify_all();
        });
    }

    std::mutex* mutex;
    std::condition_variable* changed;
    std::vector<Record>* records;
};

class SentResponses : public testing::Test {
  protected:
    SentResponses() {
        std::ofstream{file_} << std::string(100000, 'f');
        app_.use(Watch{&mutex_, &changed_, &records_});
        app_.get("/text", [] { return Response::text("Hello"); });
        app_.get("/file", [this](Request& request) { return Response::file_from_path(request, file_); });
        app_.get("/lines", [](alloc::Allocator arena) {
            return Response::json_lines(arena, [i = 0](StreamWriter& out) mutable {
                out.line(i);
                return ++i < 3 ? Produced::more : Produced::end;
            });
        });
        app_.get("/large", [this] { return Response::text(large_); });
    }
    ~SentResponses() override { std::remove(file_.c_str()); }

    Record wait_for(std::size_t n) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return records_.size() >= n; });
        return records_[n - 1];
    }

    alloc::GeneralPurposeAllocator gpa_{{.tier = alloc::Tier::traced, .name = "application"}};
    std::string file_ = testing::TempDir() + "zigmund_sent_" + std::to_string(::getpid());
    std::string large_ = std::string(std::size_t{64} << 20, 'l');
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Record> records_;
    App app_{gpa_.allocator(), {}};
};

TEST_F(SentResponses, AreCountedAsTheyLeave) {
    RunningServer running{app_};
    HttpClient client{running.port()};
    const auto reply = client.request("GET /text HTTP/1.1\r\nHost: a\r\n\r\n");
    Record record = wait_for(1);
    EXPECT_EQ(record.client, "127.0.0.1");
    EXPECT_EQ(record.sent.status, Status::ok);
    EXPECT_EQ(record.sent.head, reply.head.size() + 2);
    EXPECT_EQ(record.sent.body, 5U);
    EXPECT_GT(record.sent.arena, 0U);

    client.send("HEAD /text HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive(false).status, 200);
    EXPECT_EQ(wait_for(2).sent.body, 0U);
}

TEST_F(SentResponses, OfFilesAndStreamsAreCountedPieceByPiece) {
    RunningServer running{app_};
    HttpClient client{running.port(), std::size_t{1} << 20};
    client.request("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(wait_for(1).sent.body, 100000U);
    client.send("GET /lines HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(wait_for(2).sent.body,
              3U * (10 + 2 + 2) + 5);  // each a size, its line and its end; the last one
}

TEST_F(SentResponses, ThatArePipelinedAreCountedEach) {
    RunningServer running{app_};
    HttpClient client{running.port()};
    client.send(
        "GET /text?1 HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /text?3 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(wait_for(3).target, "/text?3");
    EXPECT_EQ(wait_for(1).sent.body, 5U);
    EXPECT_EQ(wait_for(2).sent.status, Status::not_found);
    EXPECT_EQ(wait_for(2).sent.body, std::string_view{R"({"detail":"Not Found"})"}.size());
}

TEST_F(SentResponses, AreCountedAsFarAsTheClientStayed) {
    RunningServer running{app_};
    HttpClient client{running.port()};
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    char byte = 0;
    ASSERT_EQ(::recv(client.descriptor(), &byte, 1, 0), 1);
    client.close();
    const Record record = wait_for(1);
    EXPECT_LT(record.sent.body, large_.size());
}

TEST_F(SentResponses, ToWhatIsNoRequestAreToldToWhomWantsToKnow) {
    RunningServer running{app_};
    HttpClient client{running.port()};
    EXPECT_EQ(client.request("GET /text HTTP/1.1\r\n\r\n").status, 400);  // no Host
    const Record record = wait_for(1);
    EXPECT_EQ(record.target, "/text");
    EXPECT_EQ(record.sent.status, Status::bad_request);
    EXPECT_EQ(record.client, "127.0.0.1");
}

TEST(Client, IsTextWhenAsked) {
    const auto text = [](std::initializer_list<unsigned char> bytes) {
        const std::vector<unsigned char> copy{bytes};
        return std::string{Client{std::as_bytes(std::span{copy}), 80}.host()};
    };
    EXPECT_EQ(text({192, 0, 2, 1}), "192.0.2.1");
    EXPECT_EQ(text({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}), "192.0.2.1");
    EXPECT_EQ(text({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), "2001:db8::1");
    EXPECT_EQ(Client{}.host(), "");
}

}  // namespace
