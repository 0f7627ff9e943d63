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
#include "process.hpp"

namespace {

using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::Process;
using zigmund::support::ServiceProcess;

/// An Item Service that keeps its port.
class Service {
  public:
    void restart() {
        EXPECT_EQ(process_->end(SIGTERM), 0) << process_->output();
        process_ = std::make_unique<ServiceProcess>(ZIGMUND_ITEM_SERVICE, port_);
        EXPECT_EQ(process_->port(), port_) << process_->output();
    }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  private:
    std::unique_ptr<ServiceProcess> process_ = std::make_unique<ServiceProcess>(ZIGMUND_ITEM_SERVICE);
    std::uint16_t port_ = process_->port();
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
    Service first;
    Service second;
    ASSERT_NE(first.port(), 0);
    ASSERT_NE(second.port(), 0);
    const std::filesystem::path directory =
        std::filesystem::path{testing::TempDir()} / ("zigmund_rolling_" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
    const std::uint16_t port = free_port();
    // As the guide has it: connections to the servers are kept, for requests of all methods.
    std::ofstream{directory / "nginx.conf"}
        << "daemon off; master_process off; pid " << (directory / "pid").string() << ";\n"
        << "error_log stderr notice;\nevents { worker_connections 256; }\nhttp {\n  access_log off;\n"
        // Nobody reads its output while it serves: a full pipe would hold it up.
        << "  error_log " << (directory / "error.log").string() << ";\n"
        << "  client_body_temp_path " << (directory / "b").string() << "; proxy_temp_path "
        << (directory / "p").string() << "; fastcgi_temp_path " << (directory / "f").string()
        << "; uwsgi_temp_path " << (directory / "u").string() << "; scgi_temp_path "
        << (directory / "s").string() << ";\n"
        << "  upstream items {\n    server 127.0.0.1:" << first.port()
        << " max_fails=0;\n    server 127.0.0.1:" << second.port()
        << " max_fails=0;\n    keepalive 64;\n  }\n"
        << "  server {\n    listen 127.0.0.1:" << port << ";\n    location / {\n"
        << "      proxy_pass http://items;\n      proxy_http_version 1.1;\n"
        << "      proxy_set_header Connection \"\";\n    }\n  }\n}\n";
    Process nginx{
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
    EXPECT_EQ(failed, 0) << (nginx.end(SIGTERM), nginx.output());
    EXPECT_GE(answered, 1500);
    std::filesystem::remove_all(directory);
}

}  // namespace
