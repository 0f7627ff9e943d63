// The README's example, run as its user runs it: the program, curl, Ctrl-C.
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "http_client.hpp"
#include "process.hpp"

namespace {

using zigmund::support::HttpClient;
using zigmund::support::ServiceProcess;

std::string run(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return "cannot run";
    std::string output;
    std::array<char, 4096> buffer{};
    for (std::size_t size = 0; (size = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        output.append(buffer.data(), size);
    ::pclose(pipe);
    return output;
}

class ItemService : public testing::Test {
  protected:
    std::string curl(const std::string& path, const std::string& arguments = "") {
        return run("curl -s -w '[%{http_code}]' 127.0.0.1:" + std::to_string(process_.port()) + path + " " +
                   arguments);
    }
    std::string post(const std::string& body) {
        return curl("/items", "-H 'content-type: application/json' -d '" + body + "'");
    }

    ServiceProcess process_{ZIGMUND_ITEM_SERVICE};
};

TEST_F(ItemService, CreatesAnItem) {
    EXPECT_EQ(post(R"({"name":"Pen","price":2.5})"),
              R"({"name":"Pen","price":2.5,"in_stock":true,"message":"Item created successfully"}[200])");
}

TEST_F(ItemService, SaysWhichMemberIsMissing) {
    EXPECT_EQ(post(R"({"name":"Pen"})"),
              R"({"detail":[{"type":"missing","loc":["body","price"],"msg":"Field required",)"
              R"("input":{"name":"Pen"}}]}[422])");
}

TEST_F(ItemService, ReportsAllErrorsOfABodyAtOnce) {
    EXPECT_EQ(
        post(R"({"price":"x"})"),
        R"({"detail":[{"type":"missing","loc":["body","name"],"msg":"Field required","input":{"price":"x"}},)"
        R"({"type":"float_parsing","loc":["body","price"],)"
        R"("msg":"Input should be a valid number, unable to parse string as a number","input":"x"}]}[422])");
}

TEST_F(ItemService, SurvivesMalformedJson) {
    EXPECT_EQ(post(R"({"name":"Pen",})"),
              R"({"detail":[{"type":"json_invalid","loc":["body",14],"msg":"JSON decode error","input":{},)"
              R"("ctx":{"error":"Expecting property name enclosed in double quotes"}}]}[422])");
    EXPECT_EQ(curl("/users/7"), R"({"id":7,"name":"Alice"}[200])");
}

TEST_F(ItemService, AnswersAUserByItsNumber) {
    EXPECT_EQ(curl("/users/7"), R"({"id":7,"name":"Alice"}[200])");
    EXPECT_EQ(
        curl("/users/x"),
        R"({"detail":[{"type":"int_parsing","loc":["path","user_id"],)"
        R"("msg":"Input should be a valid integer, unable to parse string as an integer","input":"x"}]}[422])");
}

TEST_F(ItemService, KnowsNeitherThePathNorTheMethod) {
    EXPECT_EQ(curl("/nope"), R"({"detail":"Not Found"}[404])");
    EXPECT_EQ(curl("/users/7", "-X DELETE"), R"({"detail":"Method Not Allowed"}[405])");
    EXPECT_NE(curl("/users/7", "-X DELETE -i").find("allow: GET, HEAD, OPTIONS\r\n"), std::string::npos);
}

TEST_F(ItemService, OnCtrlCItStopsAndSaysThatNothingLeaked) {
    curl("/users/7");
    EXPECT_EQ(process_.end(SIGINT), 0);
    EXPECT_NE(process_.output().find("zigmund: application: no leaks (peak "), std::string::npos)
        << process_.output();
    EXPECT_NE(process_.output().find(" KiB live, "), std::string::npos) << process_.output();
}

TEST_F(ItemService, OnSigtermItAnswersWhatWasBegunBeforeItStops) {
    HttpClient client{process_.port()};
    ASSERT_EQ(client.request("GET /users/7 HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    client.send("GET /users/8 HTTP/1.1\r\n");
    // The answer on another connection shows that the loops have run; the signal comes after the line above.
    for (int i = 0; i < 20; ++i) curl("/users/7");
    std::thread stopping{[this] { EXPECT_EQ(process_.end(SIGTERM), 0); }};
    client.send("Host: x\r\n\r\n");
    const auto reply = client.receive();
    EXPECT_EQ(reply.body, R"({"id":8,"name":"Alice"})");
    EXPECT_TRUE(client.closed());
    stopping.join();
    EXPECT_NE(process_.output().find("no leaks"), std::string::npos) << process_.output();
}

}  // namespace
