// The README's example, run as its user runs it: the program, curl, Ctrl-C.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "http_client.hpp"

namespace {

using zigmund::support::HttpClient;

// The Item Service as a process; its output, both streams, through a pipe.
class Process {
  public:
    Process() {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) std::abort();
        child_ = ::fork();
        if (child_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::dup2(ends[1], STDERR_FILENO);
            ::close(ends[0]);
            ::close(ends[1]);
            ::execl(ZIGMUND_ITEM_SERVICE, "item_service", "--port=0", nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        output_ = ends[0];
        // "Item Service 1.0.0 on http://127.0.0.1:PORT (2 workers), stop with Ctrl-C"
        while (text_.find("Ctrl-C\n") == std::string::npos && read_some()) {
        }
        constexpr std::string_view before = "on http://127.0.0.1:";
        const std::size_t at = text_.find(before);
        if (at != std::string::npos)
            port_ = static_cast<std::uint16_t>(std::stoi(text_.substr(at + before.size())));
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (child_ > 0) end(SIGKILL);
        ::close(output_);
    }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// Signals it, and returns its exit status once it is over; 128 + the signal if one ended it.
    int end(int signal) {
        ::kill(child_, signal);
        while (read_some()) {
        }
        int status = 0;
        ::waitpid(child_, &status, 0);
        child_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    [[nodiscard]] const std::string& output() const noexcept { return text_; }

  private:
    bool read_some() {
        std::array<char, 4096> buffer{};
        const ssize_t size = ::read(output_, buffer.data(), buffer.size());
        if (size > 0) text_.append(buffer.data(), static_cast<std::size_t>(size));
        return size > 0;
    }

    pid_t child_ = -1;
    int output_ = -1;
    std::uint16_t port_ = 0;
    std::string text_;
};

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

    Process process_;
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
