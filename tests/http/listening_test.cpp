// Where a server's connections come from, other than a port of its own: a unix socket, a descriptor.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "http_client.hpp"
#include "served_app.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::RunningServer;

constexpr std::string_view get_hello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

/// A unix socket that is bound, and listens if it is told to.
int bound_socket(const std::string& path, bool listens) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const void* const any = &address;
    EXPECT_EQ(::bind(socket, static_cast<const sockaddr*>(any), sizeof address), 0);
    EXPECT_EQ(listens ? ::listen(socket, 16) : 0, 0);
    return socket;
}

/// A socket on a port of 127.0.0.1 that listens.
int listening_socket() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const void* const any = &address;
    EXPECT_EQ(::bind(socket, static_cast<const sockaddr*>(any), sizeof address), 0);
    EXPECT_EQ(::listen(socket, 128), 0);
    return socket;
}

class Listening : public zigmund::support::ServedApp {
  protected:
    Listening() {
        std::string name = "/tmp/zigmund-listening-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        path_ = folder_ / "socket";
        app_->get("/hello", [] { return http::Response::text("Hello, World!"); });
        app_->get("/worker", [](alloc::Allocator arena) {
            return http::Response::text(arena.dupe(std::to_string(::gettid())));
        });
        app_->get("/client", [](http::Request& request, alloc::Allocator arena) {
            const http::Client& client = request.client();
            return http::Response::text(arena.dupe(
                std::string{"["}.append(client.host()).append("]:").append(std::to_string(client.port()))));
        });
        app_->get("/busy", [this] {
            begun_.count_down();
            go_on_.wait();
            return http::Response::text("done");
        });
    }
    ~Listening() override {
        running_.reset();
        std::filesystem::remove_all(folder_);
    }

    RunningServer& serve(unsigned workers = 1) {
        running_ = std::make_unique<RunningServer>(*app_, at_path(workers));
        return *running_;
    }
    [[nodiscard]] http::ServeOptions at_path(unsigned workers = 1) const {
        return {.unix_socket = path_.native(), .workers = workers};
    }
    [[nodiscard]] std::unique_ptr<HttpClient> connect() const {
        return std::make_unique<HttpClient>(path_.c_str());
    }
    /// What it is that keeps a server from listening.
    std::string refusal(const http::ServeOptions& options) {
        try {
            const http::Server server{*app_, options};
            return "it listens";
        } catch (const std::exception& error) {
            return error.what();
        }
    }

    std::filesystem::path folder_;
    std::filesystem::path path_;
    std::latch begun_{1};
    std::latch go_on_{1};
};

TEST_F(Listening, AUnixSocketServesClientsThatHaveNoAddress) {
    RunningServer& server = serve();
    EXPECT_EQ(server.port(), 0);
    EXPECT_EQ(server.server().address(), "unix:" + path_.native());
    const auto client = connect();
    EXPECT_EQ(client->request(get_hello).body, "Hello, World!");
    EXPECT_EQ(client->request("GET /client HTTP/1.1\r\nHost: x\r\n\r\n").body, "[]:0");
}

/// Clients that come one by one, so that all workers are idle each time.
std::map<std::string, int> spread_of(const auto& connect, int clients) {
    std::map<std::string, int> spread;
    for (int i = 0; i < clients; ++i)
        ++spread[std::string{connect()->request("GET /worker HTTP/1.1\r\nHost: x\r\n\r\n").body}];
    return spread;
}

/// Whether clients reach four workers, whose threads may need a while to begin.
bool all_have_begun(const auto& connect) {
    for (int i = 0; i < 1000; ++i)
        if (spread_of(connect, 16).size() == 4) return true;
    return false;
}

TEST_F(Listening, TheWorkersOfAUnixSocketTakeClientsInTurn) {
    serve(4);
    const auto open = [this] { return connect(); };
    EXPECT_TRUE(all_have_begun(open));
    for (const auto& [worker, clients] : spread_of(open, 400)) EXPECT_GE(clients, 25) << worker;
}

// The system wakes one worker for a client, whether it has room or not.
TEST_F(Listening, NoClientWaitsForAWorkerThatIsFullWhileAnotherHasRoom) {
    http::ServeOptions options = at_path(2);
    options.max_connections = 2;
    running_ = std::make_unique<RunningServer>(*app_, options);
    std::map<std::string, std::vector<std::unique_ptr<HttpClient>>> clients;  // by worker
    const auto add = [&] {
        auto client = connect();
        const std::string worker{client->request("GET /worker HTTP/1.1\r\nHost: x\r\n\r\n").body};
        clients[worker].push_back(std::move(client));
    };
    for (int i = 0; i < 4; ++i) add();
    ASSERT_EQ(clients.size(), 2U);
    for (const auto& [worker, of_worker] : clients) ASSERT_EQ(of_worker.size(), 2U) << worker;
    auto& emptied = clients.begin()->second;
    emptied.clear();
    // One of the two comes when the full worker is the first in the queue.
    add();
    add();
    EXPECT_EQ(emptied.size(), 2U);
}

TEST_F(Listening, TheFileHasTheModeThatIsAskedForWhateverTheUmask) {
    for (const mode_t umask : {0077U, 0U}) {
        const mode_t before = ::umask(umask);
        http::ServeOptions options = at_path();
        options.unix_socket_mode = 0640;
        running_ = std::make_unique<RunningServer>(*app_, options);
        ::umask(before);
        struct stat file{};
        ASSERT_EQ(::stat(path_.c_str(), &file), 0);
        EXPECT_TRUE(S_ISSOCK(file.st_mode));
        EXPECT_EQ(file.st_mode & 07777, 0640U);
        running_.reset();
    }
}

TEST_F(Listening, TheFileOfADeadServerIsReplaced) {
    ::close(bound_socket(path_, true));
    ASSERT_TRUE(std::filesystem::exists(path_));
    serve();
    EXPECT_EQ(connect()->request(get_hello).status, 200);
}

TEST_F(Listening, ASocketOnWhichALivingServerAnswersIsAnErrorAndStays) {
    serve();
    EXPECT_EQ(refusal(at_path()),
              "zigmund: cannot listen on unix:" + path_.native() + ": Address already in use");
    EXPECT_EQ(connect()->request(get_hello).status, 200);
    testing::internal::CaptureStderr();
    EXPECT_EQ(app_->serve(at_path()), 1);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: cannot listen on unix:" + path_.native() + ": Address already in use\n");
}

TEST_F(Listening, ALivingServerWhoseQueueIsFullIsOneAsWell) {
    const int socket = bound_socket(path_, false);
    ASSERT_EQ(::listen(socket, 0), 0);
    const auto first = connect();
    EXPECT_EQ(refusal(at_path()),
              "zigmund: cannot listen on unix:" + path_.native() + ": Address already in use");
    ::close(socket);
}

TEST_F(Listening, AFileThatIsNoSocketIsAnErrorAndStays) {
    std::ofstream{path_} << "precious";
    EXPECT_EQ(refusal(at_path()),
              "zigmund: unix_socket " + path_.native() + ": there is a file that is no socket");
    std::string text;
    std::ifstream{path_} >> text;
    EXPECT_EQ(text, "precious");
}

TEST_F(Listening, AFolderThatIsNotThereIsAnError) {
    const std::string path = folder_ / "nowhere" / "socket";
    EXPECT_EQ(refusal({.unix_socket = path}),
              "zigmund: cannot listen on unix:" + path + ": No such file or directory");
}

TEST_F(Listening, TheFileIsRemovedAtTheEnd) {
    serve();
    EXPECT_TRUE(std::filesystem::exists(path_));
    running_.reset();
    EXPECT_FALSE(std::filesystem::exists(path_));
    {
        const http::Server never_run{*app_, at_path()};
    }
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Listening, AServerThatDrainsLeavesItsPathToTheNextOne) {
    serve();
    const auto busy = connect();
    busy->send("GET /busy HTTP/1.1\r\nHost: x\r\n\r\n");
    begun_.wait();
    const auto waiting = connect();  // in the queue, as its worker is busy
    waiting->send(get_hello);
    running_->server().stop();
    go_on_.count_down();
    EXPECT_EQ(busy->receive().body, "done");
    busy->close();
    const HttpReply reply = waiting->receive();
    EXPECT_EQ(reply.body, "Hello, World!");
    EXPECT_EQ(reply.field("connection"), "close");
    waiting->close();
    const auto begun = std::move(running_);
    serve();
    EXPECT_EQ(connect()->request(get_hello).status, 200);
    begun->join();
    EXPECT_TRUE(std::filesystem::exists(path_));
}

// ---- a descriptor -----------------------------------------------------------------------------------------

TEST_F(Listening, ADescriptorThatListensIsServedByAllWorkersAndClosedAtTheEnd) {
    const int socket = listening_socket();
    running_ = std::make_unique<RunningServer>(*app_, http::ServeOptions{.fd = socket, .workers = 4});
    const std::uint16_t port = running_->port();
    ASSERT_NE(port, 0);
    EXPECT_EQ(running_->server().address(), "http://127.0.0.1:" + std::to_string(port));
    const auto open = [port] { return std::make_unique<HttpClient>(port); };
    EXPECT_TRUE(all_have_begun(open));
    EXPECT_NE(open()->request("GET /client HTTP/1.1\r\nHost: x\r\n\r\n").body.find("[127.0.0.1]:"),
              std::string_view::npos);
    running_->server().stop();
    running_->join();
    EXPECT_THROW(open(), std::runtime_error);
    EXPECT_EQ(::fcntl(socket, F_GETFD), -1);
}

TEST_F(Listening, ADescriptorMayBeAUnixSocketWhoseFileIsNotTheServers) {
    const int socket = bound_socket(path_, true);
    running_ = std::make_unique<RunningServer>(*app_, http::ServeOptions{.fd = socket, .workers = 1});
    EXPECT_EQ(running_->server().address(), "unix:" + path_.native());
    EXPECT_EQ(connect()->request(get_hello).status, 200);
    running_.reset();
    EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(Listening, WhatElseHasADescriptorOpenGetsTheClientsThatComeAfterTheDrain) {
    const int socket = listening_socket();
    const int kept = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);  // as systemd does
    running_ = std::make_unique<RunningServer>(*app_, http::ServeOptions{.fd = socket, .workers = 2});
    const std::uint16_t port = running_->port();
    EXPECT_EQ(HttpClient{port}.request(get_hello).status, 200);
    running_->server().stop();
    running_->join();
    HttpClient client{port};
    client.send(get_hello);
    running_ = std::make_unique<RunningServer>(*app_, http::ServeOptions{.fd = kept, .workers = 2});
    EXPECT_EQ(client.receive().status, 200);
}

TEST_F(Listening, ADescriptorThatIsNoSocketOrDoesNotListenIsAnErrorAndStaysOpen) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (const int descriptor : {pipe[0], socket}) {
        EXPECT_EQ(refusal({.fd = descriptor}),
                  "zigmund: fd " + std::to_string(descriptor) + " is no socket that listens");
        EXPECT_EQ(::fcntl(descriptor, F_GETFD), FD_CLOEXEC);
    }
    for (const int descriptor : {pipe[0], pipe[1], socket}) ::close(descriptor);
    EXPECT_EQ(refusal({.fd = pipe[0]}),
              "zigmund: fd " + std::to_string(pipe[0]) + " is no socket that listens");
}

}  // namespace
