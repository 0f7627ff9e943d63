// Two processes behind nginx, restarted one after the other while clients ask: nobody is told that something
// failed.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "http_client.hpp"

namespace {

using zigmund::support::HttpClient;
using zigmund::support::HttpReply;

/// A program, and what it says, both streams, until it says `ready`.
class Process {
  public:
    Process(std::vector<std::string> arguments, std::string_view ready) {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) std::abort();
        child_ = ::fork();
        if (child_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::dup2(ends[1], STDERR_FILENO);
            ::close(ends[0]);
            ::close(ends[1]);
            std::vector<char*> words;
            for (std::string& argument : arguments) words.push_back(argument.data());
            words.push_back(nullptr);
            ::execvp(words.front(), words.data());
            ::_exit(127);
        }
        ::close(ends[1]);
        output_ = ends[0];
        while (said_.find(ready) == std::string::npos && read_some()) {
        }
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        (void)end(SIGTERM);
        ::close(output_);
    }

    [[nodiscard]] const std::string& said() const noexcept { return said_; }
    int end(int signal) {
        if (child_ < 0) return 0;
        ::kill(child_, signal);
        while (read_some()) {
        }
        int status = 0;
        ::waitpid(child_, &status, 0);
        child_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

  private:
    bool read_some() {
        std::array<char, 512> bytes;
        const ssize_t size = ::read(output_, bytes.data(), bytes.size());
        if (size > 0) said_.append(bytes.data(), static_cast<std::size_t>(size));
        return size > 0;
    }

    pid_t child_ = -1;
    int output_ = -1;
    std::string said_;
};

/// An Item Service on a port, 0 for any, and that port.
class Service {
  public:
    explicit Service(std::uint16_t port) { start(port); }
    void restart() {
        const std::uint16_t port = port_;
        EXPECT_EQ(process_->end(SIGTERM), 0) << process_->said();
        start(port);
        EXPECT_EQ(port_, port) << process_->said();
    }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  private:
    void start(std::uint16_t port) {
        process_ = std::make_unique<Process>(
            std::vector<std::string>{ZIGMUND_ITEM_SERVICE, "--port=" + std::to_string(port)},
            "stop with Ctrl-C");
        constexpr std::string_view before = "on http://127.0.0.1:";
        const std::size_t at = process_->said().find(before);
        port_ = at == std::string::npos
                    ? std::uint16_t{0}
                    : static_cast<std::uint16_t>(std::stoi(process_->said().substr(at + before.size())));
    }

    std::unique_ptr<Process> process_;
    std::uint16_t port_ = 0;
};

/// A port that was free a moment ago.
std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    void* const any = &address;
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket, static_cast<sockaddr*>(any), size), 0);
    EXPECT_EQ(::getsockname(socket, static_cast<sockaddr*>(any), &size), 0);
    ::close(socket);
    return ntohs(address.sin_port);
}

TEST(RollingRestart, BehindNginxNoRequestFails) {
    Service first{0};
    Service second{0};
    ASSERT_NE(first.port(), 0);
    ASSERT_NE(second.port(), 0);
    const std::filesystem::path directory =
        std::filesystem::path{testing::TempDir()} / ("zigmund_rolling_" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
    const std::uint16_t port = free_port();
    // As a guide would have it: a server that is away is asked again as soon as it is back, connections to
    // the servers are kept, and what is safe to send twice is sent to the other one.
    std::ofstream{directory / "nginx.conf"}
        << "daemon off; master_process off; pid " << (directory / "pid").string() << ";\n"
        << "error_log stderr notice;\nevents { worker_connections 256; }\nhttp {\n  access_log off;\n"
        << "  client_body_temp_path " << (directory / "b").string() << "; proxy_temp_path "
        << (directory / "p").string() << "; fastcgi_temp_path " << (directory / "f").string()
        << "; uwsgi_temp_path " << (directory / "u").string() << "; scgi_temp_path "
        << (directory / "s").string() << ";\n"
        << "  upstream app {\n    server 127.0.0.1:" << first.port()
        << " max_fails=0;\n    server 127.0.0.1:" << second.port()
        << " max_fails=0;\n    keepalive 16;\n  }\n"
        << "  server {\n    listen 127.0.0.1:" << port << ";\n    location / {\n"
        << "      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection '';\n    }\n"
        << "    location /items { proxy_pass http://app; }\n  }\n}\n";
    const Process nginx{
        {"nginx", "-p", directory.string(), "-e", "stderr", "-c", (directory / "nginx.conf").string()},
        "getrlimit(RLIMIT_NOFILE)"};
    std::atomic<bool> stop = false;
    std::atomic<int> answered = 0;
    std::atomic<int> failed = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
        clients.emplace_back([&, i] {
            const std::string request =
                i % 2 == 0 ? "GET /users/7 HTTP/1.1\r\nHost: x\r\n\r\n"
                           : "POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                             "Content-Length: 26\r\n\r\n{\"name\":\"Pen\",\"price\":2.5}";
            auto client = std::make_unique<HttpClient>(port);
            while (!stop) {
                const HttpReply reply = client->request(request);
                ++(reply.status == 200 ? answered : failed);
                answered.notify_all();
                if (reply.status != 200 || reply.field("connection") == "close")
                    client = std::make_unique<HttpClient>(port);
            }
        });
    }
    const auto serve_some = [&] {
        const int goal = answered + 300;
        for (int now = answered; now < goal && failed == 0; now = answered) answered.wait(now);
    };
    serve_some();
    for (int round = 0; round < 2; ++round) {
        first.restart();
        serve_some();
        second.restart();
        serve_some();
    }
    stop = true;
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(failed, 0);
    EXPECT_GE(answered, 1500);
    std::filesystem::remove_all(directory);
}

}  // namespace
