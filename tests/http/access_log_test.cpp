// The access log: its lines, whatever clients write, and what becomes of them when the writer is slow, the
// file is renamed, or the program ends.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "access_line.hpp"
#include "http_client.hpp"
#include "running_server.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::RunningServer;

// ---- lines ------------------------------------------------------------------------------------------------

std::string line(AccessLogFormat format, std::string_view target = "/users/7?q=1",
                 std::string_view agent = "curl", std::string_view method = "GET",
                 std::string_view id = "r1") {
    AccessRecord record{.size = 0,
                        .status = 200,
                        .http_1_0 = false,
                        .time = 1795995647123456,
                        .microseconds = 41,
                        .bytes_in = 58,
                        .head_out = 100,
                        .body_out = 23,
                        .arena = 512,
                        .sizes = {}};
    std::string texts;
    std::size_t i = 0;
    for (const std::string_view text :
         {std::string_view{"127.0.0.1"}, method, target, std::string_view{"/users/{user_id}"}, id,
          std::string_view{}, agent}) {
        record.sizes[i++] = static_cast<std::uint16_t>(text.size());
        texts += text;
    }
    std::string out;
    append_line(out, format, record, texts);
    return out;
}

TEST(AccessLine, HasOneOfThreeFormats) {
    EXPECT_EQ(line(AccessLogFormat::common),
              "127.0.0.1 - - [29/Nov/2026:23:40:47 +0000] \"GET /users/7?q=1 HTTP/1.1\" 200 23\n");
    EXPECT_EQ(
        line(AccessLogFormat::combined),
        "127.0.0.1 - - [29/Nov/2026:23:40:47 +0000] \"GET /users/7?q=1 HTTP/1.1\" 200 23 \"-\" \"curl\"\n");
    EXPECT_EQ(line(AccessLogFormat::json),
              "{\"time\":\"2026-11-29T23:40:47.123456Z\",\"remote\":\"127.0.0.1\",\"method\":\"GET\","
              "\"route\":\"/users/{user_id}\",\"path\":\"/users/7\",\"status\":200,\"bytes_in\":58,"
              "\"bytes_out\":123,\"microseconds\":41,\"request_id\":\"r1\",\"arena_bytes\":512}\n");
    EXPECT_EQ(line(AccessLogFormat::common, ""), "127.0.0.1 - - [29/Nov/2026:23:40:47 +0000] \"-\" 200 23\n");
}

TEST(AccessLine, IsOneLineWhateverAClientWrites) {
    const std::string_view evil{"a\r\n127.0.0.1 - \"\\\x1b[31m\0\x7f\xc3\xa9\xff", 27};
    const std::string combined = line(AccessLogFormat::combined, "/", evil);
    EXPECT_TRUE(combined.ends_with("\"a\\x0d\\x0a127.0.0.1 - \\\"\\\\\\x1b[31m\\x00\\x7f\\xc3\\xa9\\xff\"\n"))
        << combined;
    const std::string json = line(AccessLogFormat::json, "/", "", evil);
    EXPECT_NE(
        json.find(
            "\"method\":\"a\\u000d\\u000a127.0.0.1 - \\\"\\\\\\u001b[31m\\u0000\\u007f\xc3\xa9\\ufffd\","),
        std::string::npos)
        << json;
    EXPECT_NE(line(AccessLogFormat::json, "/", "", "GET", "\xc2\x9b").find("\"request_id\":\"\\u009b\""),
              std::string::npos);
    for (const std::string& text : {combined, json}) EXPECT_EQ(std::ranges::count(text, '\n'), 1);
}

TEST(AccessLine, SaysHowManyAreMissing) {
    std::string out;
    append_missing(out, AccessLogFormat::common, 1, 0);
    append_missing(out, AccessLogFormat::combined, 12, 0);
    append_missing(out, AccessLogFormat::json, 12, 1795995647123456);
    EXPECT_EQ(out,
              "zigmund: access log: 1 request is missing here\n"
              "zigmund: access log: 12 requests are missing here\n"
              "{\"time\":\"2026-11-29T23:40:47.123456Z\",\"missing\":12}\n");
}

// ---- the ring ---------------------------------------------------------------------------------------------

TEST(AccessRing, KeepsRecordsInOrderAcrossItsEnd) {
    AccessRing ring{4096};
    std::vector<char> space(4096);
    AccessRecord record;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const std::string text(i % 300, static_cast<char>('a' + i % 26));
        record.bytes_in = i;
        (void)ring.push(record, {text, "GET", text});
        AccessRecord read;
        ASSERT_TRUE(ring.pop(read, space, ring.end()));
        EXPECT_EQ(read.bytes_in, i);
        EXPECT_EQ((std::string_view{space.data(), read.size - sizeof read}), text + "GET" + text);
        EXPECT_FALSE(ring.pop(read, space, ring.end()));
    }
    EXPECT_EQ(ring.missing(), 0U);
}

TEST(AccessRing, CountsWhatItHasNoRoomFor) {
    AccessRing ring{1024};
    const std::string text(400, 'x');
    EXPECT_FALSE(ring.push({}, {text}));
    EXPECT_TRUE(ring.push({}, {text}));  // more than half of it is used now
    EXPECT_FALSE(ring.push({}, {text}));
    EXPECT_FALSE(ring.push({}, {text}));
    EXPECT_EQ(ring.missing(), 2U);
    std::vector<char> space(1024);
    AccessRecord read;
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(ring.pop(read, space, ring.end()));
    EXPECT_FALSE(ring.pop(read, space, ring.end()));
}

TEST(AccessRing, CutsTextsThatAreLongerThanAnyOfTheWire) {
    AccessRing ring{1 << 17};
    const std::string text(100'000, 'x');
    (void)ring.push({}, {"127.0.0.1", "GET", text, "/", text});
    std::vector<char> space(AccessRing::max_record);
    AccessRecord read;
    ASSERT_TRUE(ring.pop(read, space, ring.end()));
    EXPECT_EQ(read.sizes[AccessRecord::target], 8192);
    EXPECT_EQ(read.sizes[AccessRecord::id], 256);
    EXPECT_EQ(read.sizes[AccessRecord::route], 1);
    EXPECT_EQ(ring.missing(), 0U);
}

TEST(AccessRing, TwoThreadsLoseNothingThatIsNotCounted) {
    AccessRing ring{1 << 14};
    constexpr std::uint64_t count = 200000;
    std::thread writer{[&ring] {
        AccessRecord record;
        for (std::uint64_t i = 1; i <= count; ++i) {
            record.bytes_in = i;
            (void)ring.push(record, {"127.0.0.1", "GET", "/"});
        }
    }};
    std::vector<char> space(1 << 14);
    AccessRecord read;
    std::uint64_t popped = 0;
    std::uint64_t last = 0;
    while (popped + ring.missing() < count) {
        while (ring.pop(read, space, ring.end())) {
            ASSERT_GT(read.bytes_in, last);
            last = read.bytes_in;
            ++popped;
        }
    }
    writer.join();
    EXPECT_EQ(popped + ring.missing(), count);
}

// ---- the log ----------------------------------------------------------------------------------------------

class AccessLogs : public testing::Test {
  protected:
    AccessLogs() {
        app_.get("/users/{user_id}", [](Path<int, "user_id"> id) { return *id; });
        app_.get("/text", [] { return Response::text("Hello"); });
    }
    ~AccessLogs() override { std::remove(file_.c_str()); }

    [[nodiscard]] static std::string read(const std::string& file) {
        std::ostringstream text;
        text << std::ifstream{file}.rdbuf();
        return text.str();
    }
    [[nodiscard]] static std::vector<std::string> lines(const std::string& text) {
        std::vector<std::string> all;
        std::istringstream in{text};
        for (std::string one; std::getline(in, one);) all.push_back(one);
        return all;
    }

    std::string file_ = testing::TempDir() + "zigmund_access_" + std::to_string(::getpid());
    alloc::GeneralPurposeAllocator gpa_{{.tier = alloc::Tier::traced, .name = "application"}};
    App app_{gpa_.allocator(), {}};
};

TEST_F(AccessLogs, EachRequestIsALine) {
    AccessLog log{{.path = file_, .format = AccessLogFormat::json}};
    app_.use(RequestId{});
    app_.use(log);
    RunningServer running{app_};
    HttpClient client{running.port()};
    const std::string request = "GET /users/7?q=1 HTTP/1.1\r\nHost: a\r\nX-Request-ID: me\r\n\r\n";
    const auto reply = client.request(request);
    const std::size_t sent = reply.head.size() + 2 + reply.body.size();
    client.send("GET /text HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(client.receive().status, 404);
    EXPECT_EQ(client.request("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n").status, 400);
    running.server().stop();
    running.join();
    log.flush();
    const std::vector<std::string> all = lines(read(file_));
    ASSERT_EQ(all.size(), 4U);
    const std::regex first{
        R"(\{"time":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z","remote":"127\.0\.0\.1","method":"GET",)"
        R"("route":"/users/\{user_id\}","path":"/users/7","status":200,"bytes_in":(\d+),"bytes_out":(\d+),)"
        R"("microseconds":\d+,"request_id":"me","arena_bytes":[1-9]\d*\})"};
    std::smatch match;
    ASSERT_TRUE(std::regex_match(all[0], match, first)) << all[0];
    EXPECT_EQ(match[1], std::to_string(request.size()));
    EXPECT_EQ(match[2], std::to_string(sent));
    EXPECT_NE(all[1].find(R"("route":"/text","path":"/text","status":200)"), std::string::npos) << all[1];
    EXPECT_NE(all[2].find(R"("route":"","path":"/none","status":404)"), std::string::npos) << all[2];
    EXPECT_NE(all[3].find(R"("status":400)"), std::string::npos) << all[3];
}

TEST_F(AccessLogs, TheLastLinesAreWrittenBeforeTheProgramEnds) {
    {
        App app{gpa_.allocator(), {}};
        app.get("/text", [] { return Response::text("Hello"); });
        app.use(AccessLog{{.path = file_}});
        RunningServer running{app};
        HttpClient client{running.port()};
        for (int i = 0; i < 100; ++i)
            client.request("GET /text HTTP/1.1\r\nHost: a\r\nUser-Agent: test\r\nReferer: /x\r\n\r\n");
    }
    const std::vector<std::string> all = lines(read(file_));
    EXPECT_EQ(all.size(), 100U);
    EXPECT_TRUE(all.back().ends_with("\"GET /text HTTP/1.1\" 200 5 \"/x\" \"test\"")) << all.back();
}

TEST_F(AccessLogs, ALogThatWasRenamedIsOpenedAnew) {
    AccessLog log{{.path = file_, .format = AccessLogFormat::common}};
    app_.use(log);
    EXPECT_TRUE(app_.reloads());
    RunningServer running{app_};
    HttpClient client{running.port()};
    const auto ask = [&] {
        client.request("GET /text HTTP/1.1\r\nHost: a\r\n\r\n");
        client.request("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");  // when it is answered, the first is logged
        log.flush();
    };
    ask();
    const std::string old = file_ + ".1";
    ASSERT_EQ(std::rename(file_.c_str(), old.c_str()), 0);
    ask();
    app_.reload();
    ask();
    EXPECT_GE(lines(read(old)).size(), 3U);
    EXPECT_GE(lines(read(file_)).size(), 1U);
    EXPECT_LE(lines(read(file_)).size(), 3U);
    std::remove(old.c_str());
}

TEST_F(AccessLogs, SighupOpensTheFileAnew) {
    const AccessLog log{{.path = file_}};
    app_.use(log);
    Server server{app_, {.port = 0, .workers = 1}};
    std::thread serving{[&server] { server.run_until_signal(); }};
    HttpClient client{server.port()};
    EXPECT_EQ(client.request("GET /text HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
    const std::string old = file_ + ".1";
    ASSERT_EQ(std::rename(file_.c_str(), old.c_str()), 0);
    ::kill(::getpid(), SIGHUP);  // once a request was answered the server listens for signals
    while (::access(file_.c_str(), F_OK) != 0)
        EXPECT_EQ(client.request("GET /text HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
    server.stop();
    serving.join();
    std::remove(old.c_str());
}

TEST_F(AccessLogs, WhatDoesNotFitIsCountedInTheLog) {
    // A writer that cannot go on: the file is a pipe that nobody reads.
    ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
    const int reader = ::open(file_.c_str(), O_RDONLY | O_NONBLOCK);
    ASSERT_GE(reader, 0);
    std::string all;
    std::thread drain;
    {
        AccessLog log{{.path = file_, .ring = 32768}};
        App app{gpa_.allocator(), {}};
        app.get("/text", [] { return Response::text("Hello"); });
        app.use(log);
        RunningServer running{app};
        HttpClient client{running.port()};
        const std::string agent(4000, 'a');
        for (int i = 0; i < 100; ++i)
            EXPECT_EQ(
                client.request("GET /text HTTP/1.1\r\nHost: a\r\nUser-Agent: " + agent + "\r\n\r\n").status,
                200);
        drain = std::thread{[&] {
            char buffer[4096];
            ssize_t size = 0;
            while ((size = ::read(reader, buffer, sizeof buffer)) != 0)
                if (size > 0) all.append(buffer, static_cast<std::size_t>(size));
        }};
    }
    drain.join();
    ::close(reader);
    const std::regex missing{R"(zigmund: access log: (\d+) requests are missing here)"};
    std::size_t count = 0;
    for (const std::string& one : lines(all)) {
        std::smatch match;
        count += std::regex_match(one, match, missing) ? std::stoul(match[1]) : 1;
    }
    EXPECT_EQ(count, 100U);
    EXPECT_NE(all.find("missing here"), std::string::npos);
}

TEST_F(AccessLogs, WorkersHaveARingEach) {
    {
        AccessLog log{{.path = file_}};
        app_.use(log);
        RunningServer running{app_, {.workers = 3}};
        std::vector<std::thread> clients;
        for (int i = 0; i < 6; ++i)
            clients.emplace_back([&] {
                HttpClient client{running.port()};
                for (int n = 0; n < 50; ++n) client.request("GET /text HTTP/1.1\r\nHost: a\r\n\r\n");
            });
        for (std::thread& client : clients) client.join();
        running.server().stop();
        running.join();
        log.flush();
    }
    EXPECT_EQ(lines(read(file_)).size(), 300U);
}

TEST_F(AccessLogs, BadOptionsAreRefused) {
    const auto refusal = [](const AccessLogOptions& options) -> std::string {
        try {
            AccessLog{options};
        } catch (const std::exception& error) {
            return error.what();
        }
        return "accepted";
    };
    EXPECT_EQ(refusal({.ring = 100}), "zigmund: AccessLog: ring is less than 32768 bytes");
    EXPECT_EQ(refusal({.ring = std::size_t{2} << 30}), "zigmund: AccessLog: ring is more than 1 GiB");
    EXPECT_EQ(refusal({.path = "/nowhere/x.log"}),
              "zigmund: access log: cannot open /nowhere/x.log: No such file or directory");
}

}  // namespace
