// Clients that take their time, and clients that are too many. The worker's seconds pass when a test says so.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "file_descriptor.hpp"
#include "http_client.hpp"
#include "worker.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;

constexpr std::string_view get_hello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

class SlowClient : public testing::Test {
  protected:
    SlowClient() {
        app_->get("/hello", [] { return http::Response::text("Hello, World!"); });
        app_->post("/echo", [](http::Request& request) { return http::Response::text(request.body()); });
        app_->get("/large", [](alloc::Allocator arena) {
            const std::span<char> text = arena.alloc<char>(std::size_t{16} << 20);
            std::ranges::fill(text, 'x');
            return http::Response::text(std::string_view{text.data(), text.size()});
        });
    }
    ~SlowClient() override {
        stop();
        app_.reset();
        metrics_.reset();
        EXPECT_EQ(gpa_.deinit(), alloc::LeakCheck::ok);
    }

    void serve(const http::ServeOptions& options = {}) {
        ticks_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        auto listening = http::ListeningSocket::at(http::SocketAddress::parse("host", "127.0.0.1", 0));
        port_ = http::SocketAddress::of(listening.descriptor.get()).port();
        worker_.emplace(*app_, options, std::move(listening), http::WorkerContext{},
                        http::FileDescriptor{ticks_});
        thread_ = std::thread{[this] { worker_->run(); }};
    }
    void stop() {
        if (!thread_.joinable()) return;
        worker_->stop(http::Worker::Stop::now);
        thread_.join();
        worker_.reset();
    }
    [[nodiscard]] std::unique_ptr<HttpClient> connect() const { return std::make_unique<HttpClient>(port_); }
    /// So many seconds pass, and the worker has seen it.
    void pass(int seconds) {
        for (int i = 0; i < seconds; ++i) {
            tick(1);
            sync();
        }
    }
    void tick(std::uint64_t seconds) { ASSERT_EQ(::write(ticks_, &seconds, sizeof seconds), 8); }
    /// What was sent before is read: the answer on another connection comes after that.
    void sync() {
        EXPECT_EQ(connect()->request(get_hello).status, 200);
        EXPECT_EQ(connect()->request(get_hello).status, 200);
    }

    alloc::GeneralPurposeAllocator gpa_{{.tier = alloc::Tier::traced, .name = "test"}};
    std::optional<http::Metrics> metrics_;
    std::unique_ptr<http::App> app_ = std::make_unique<http::App>(gpa_.allocator(), http::AppInfo{});
    std::optional<http::Worker> worker_;
    std::thread thread_;
    int ticks_ = -1;
    std::uint16_t port_ = 0;
};

std::string upload_head(std::size_t size) {
    return "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

TEST_F(SlowClient, TheMetricsTellWhatConnectionsDidInTheLastSecond) {
    app_->use(metrics_.emplace(gpa_.allocator()).middleware());
    app_->get("/metrics", metrics_->endpoint());
    serve();
    const auto idle = connect();
    EXPECT_EQ(idle->request(get_hello).status, 200);
    const auto second = connect();
    EXPECT_EQ(second->request(get_hello).status, 200);
    const auto reading = connect();
    reading->send(upload_head(10));
    const auto writing = connect();
    writing->send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto asking = connect();
    constexpr std::string_view get_metrics = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    EXPECT_NE(asking->request(get_metrics).body.find("http_connections{state=\"idle\"} 0\n"),
              std::string::npos);
    sync();
    tick(1);
    // The second answer begins after the second has passed for the worker.
    (void)asking->request(get_metrics);
    const std::string text{asking->request(get_metrics).body};
    for (const std::string_view line :
         {"http_connections{state=\"handshaking\"} 0\n", "http_connections{state=\"idle\"} 3\n",
          "http_connections{state=\"reading\"} 1\n", "http_connections{state=\"handling\"} 0\n",
          "http_connections{state=\"writing\"} 1\n", "http_connections{state=\"closing\"} 0\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

TEST_F(SlowClient, AHeadHasTenSecondsFromItsFirstByteHoweverItComes) {
    serve();
    const auto client = connect();
    for (std::size_t i = 0; i < 10; ++i) {
        client->send(get_hello.substr(i, 1));
        sync();
        pass(1);
    }
    pass(2);
    EXPECT_EQ(client->receive().status, 408);
    EXPECT_TRUE(client->closed());
}

TEST_F(SlowClient, ABodyMayTakeLongIfItComesWithItsLeastRate) {
    serve();
    const auto client = connect();
    client->send(upload_head(20 * 300));
    for (int i = 0; i < 20; ++i) {
        client->send(std::string(300, 'b'));
        pass(1);
    }
    EXPECT_EQ(client->receive().body.size(), 20u * 300);
}

TEST_F(SlowClient, ABodyThatComesMoreSlowlyIsA408AfterFiveSeconds) {
    serve();
    const auto client = connect();
    client->send(upload_head(20 * 300));
    sync();
    for (int i = 0; i < 5; ++i) {
        client->send(std::string(100, 'b'));
        pass(1);
    }
    client->send("b");
    sync();
    pass(1);
    EXPECT_EQ(client->receive().status, 408);
    EXPECT_TRUE(client->closed());
}

TEST_F(SlowClient, ARateOfZeroIsAny) {
    serve({.min_rate = 0});
    const auto client = connect();
    client->send(upload_head(30));
    for (int i = 0; i < 30; ++i) {
        client->send("b");
        pass(2);
    }
    EXPECT_EQ(client->receive().body.size(), 30u);
}

TEST_F(SlowClient, ABodyThatStandsStillIsA408) {
    serve();
    const auto client = connect();
    client->send(upload_head(100'000) + std::string(50'000, 'b'));
    sync();
    pass(10);
    pass(2);
    EXPECT_EQ(client->receive().status, 408);
}

/// Reads what is there; false: the connection is over.
bool drain(int socket, std::size_t at_most) {
    std::vector<char> space(at_most);
    const ssize_t size = ::recv(socket, space.data(), space.size(), MSG_DONTWAIT);
    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

TEST_F(SlowClient, AResponseThatIsTakenTooSlowlyEndsTheConnection) {
    serve({.write_timeout = std::chrono::seconds{3600}, .min_rate = std::size_t{10} << 20});
    const auto client = connect();
    client->send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    sync();  // it fills the buffers, and waits
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(drain(client->descriptor(), 1000));
        pass(1);
    }
    pass(2);
    std::vector<char> rest(std::size_t{1} << 20);
    std::size_t read = 0;
    for (ssize_t size = 1; size > 0; read += static_cast<std::size_t>(std::max<ssize_t>(size, 0)))
        size = ::recv(client->descriptor(), rest.data(), rest.size(), 0);
    EXPECT_LT(read, std::size_t{16} << 20);
}

TEST_F(SlowClient, AResponseThatIsNotTakenAtAllEndsTheConnectionAfterItsTime) {
    serve({.min_rate = 0});
    const auto client = connect();
    client->send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    sync();
    pass(32);
    std::vector<char> rest(std::size_t{1} << 20);
    std::size_t read = 0;
    for (ssize_t size = 1; size > 0; read += static_cast<std::size_t>(std::max<ssize_t>(size, 0)))
        size = ::recv(client->descriptor(), rest.data(), rest.size(), 0);
    EXPECT_LT(read, std::size_t{16} << 20);
}

TEST_F(SlowClient, AConnectionServesSoManyRequestsAndSaysSo) {
    serve({.max_requests = 3});
    const auto client = connect();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(client->request(get_hello).field("connection").data(), nullptr);
    EXPECT_EQ(client->request(get_hello).field("connection"), "close");
    EXPECT_TRUE(client->closed());
}

TEST_F(SlowClient, ClientsBeyondTheLimitAreToldSoOrWait) {
    serve({.max_connections = 2, .when_full = http::WhenFull::refuse});
    const auto first = connect();
    const auto second = connect();
    EXPECT_EQ(first->request(get_hello).status, 200);
    EXPECT_EQ(second->request(get_hello).status, 200);
    {
        const auto third = connect();
        const HttpReply reply = third->request(get_hello);
        EXPECT_EQ(reply.status, 503);
        EXPECT_EQ(reply.body, R"({"detail":"Service Unavailable"})");
        EXPECT_EQ(reply.field("connection"), "close");
        EXPECT_TRUE(third->closed());
    }
    EXPECT_EQ(first->request(get_hello).status, 200);
}

TEST_F(SlowClient, SecondsForWhichTheWorkerWasBusyDoNotCountAgainstItsClients) {
    std::latch begun{1};
    std::latch go_on{1};
    app_->get("/busy", [&] {
        begun.count_down();
        go_on.wait();
        return http::Response::text("done");
    });
    serve();
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < 200; ++i) {
        clients.push_back(connect());
        ASSERT_EQ(clients.back()->request(get_hello).status, 200);
    }
    const auto half = connect();
    half->send(get_hello.substr(0, 10));
    sync();
    const auto busy = connect();
    busy->send("GET /busy HTTP/1.1\r\nHost: x\r\n\r\n");
    begun.wait();
    for (const auto& client : clients) client->send(get_hello);
    tick(1000);
    go_on.count_down();
    EXPECT_EQ(busy->receive().body, "done");
    for (const auto& client : clients) ASSERT_EQ(client->receive().status, 200);
    half->send(get_hello.substr(10));
    EXPECT_EQ(half->receive().status, 200);
}

TEST_F(SlowClient, WhoWaitsInTheQueueWhenTheServerStopsIsServed) {
    std::latch begun{1};
    std::latch go_on{1};
    app_->get("/busy", [&] {
        begun.count_down();
        go_on.wait();
        return http::Response::text("done");
    });
    serve();
    const auto busy = connect();
    busy->send("GET /busy HTTP/1.1\r\nHost: x\r\n\r\n");
    begun.wait();
    std::vector<std::unique_ptr<HttpClient>> queued;
    for (int i = 0; i < 100; ++i) queued.push_back(connect());
    for (std::size_t i = 0; i < 50; ++i) queued[i]->send(get_hello);
    worker_->stop(http::Worker::Stop::drain);
    go_on.count_down();
    EXPECT_EQ(busy->receive().body, "done");
    for (std::size_t i = 50; i < 100; ++i) queued[i]->send(get_hello);
    for (const auto& client : queued) {
        const HttpReply reply = client->receive();
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.field("connection"), "close");
    }
}

TEST_F(SlowClient, AServerThatIsToldToStopServesOnForItsGraceAndThenDrains) {
    serve({.drain_grace = std::chrono::seconds{5}});
    const auto client = connect();
    EXPECT_EQ(client->request(get_hello).status, 200);
    worker_->stop(http::Worker::Stop::soon);
    sync();
    pass(5);  // which connects, each second
    const HttpReply reply = client->request(get_hello);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("connection").data(), nullptr);
    // Then it drains: whoever is connected may ask once more, before or after the tick is seen.
    tick(1);
    HttpReply last = client->request(get_hello);
    if (last.field("connection") != "close") last = client->request(get_hello);
    EXPECT_EQ(last.field("connection"), "close");
    EXPECT_TRUE(client->closed());
    client->close();
    thread_.join();
    worker_.reset();
    EXPECT_THROW((void)connect(), std::runtime_error);
}

// ---- many at once -----------------------------------------------------------------------------------------

/// As many descriptors as the system lets a process have.
rlim_t raise_descriptors() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

TEST_F(SlowClient, FiveThousandIdleConnectionsAndFiveHundredActiveOnes) {
    // Each connection has two ends in this process.
    const auto scale = std::min<std::size_t>(5500, (raise_descriptors() - 200) / 2);
    const std::size_t active = scale / 11;
    if (scale < 5500) std::printf("only %zu connections: the system allows no more descriptors\n", scale);
    serve({.max_connections = 6000});
    const auto open = [this] { return std::make_unique<HttpClient>(port_, 512); };
    std::vector<std::unique_ptr<HttpClient>> idle;
    std::vector<std::unique_ptr<HttpClient>> busy;
    while (idle.size() < scale - active) {
        idle.push_back(open());
        ASSERT_EQ(idle.back()->request(get_hello).status, 200);
    }
    while (busy.size() < active) busy.push_back(open());
    for (int round = 0; round < 5; ++round) {
        for (const auto& client : busy) ASSERT_TRUE(client->send(get_hello));
        for (const auto& client : busy) ASSERT_EQ(client->receive().body, "Hello, World!");
    }
    for (const auto& client : idle) ASSERT_EQ(client->request(get_hello).status, 200);
}

TEST_F(SlowClient, AFloodBeyondTheLimitIsServedOneAfterTheOtherAndLeavesNothing) {
    serve({.max_connections = 8});
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < 400; ++i) {
        clients.push_back(std::make_unique<HttpClient>(port_, 512));
        clients.back()->send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    for (const auto& client : clients) {
        ASSERT_EQ(client->receive().status, 200);
        client->close();
    }
}

// ---- no descriptors left ----------------------------------------------------------------------------------

TEST_F(SlowClient,
       WithoutDescriptorsOthersAreServedAndAClientWaitsForTheNextSecondInsteadOfTheWorkerSpinning) {
    serve();
    const auto served = connect();
    ASSERT_EQ(served->request(get_hello).status, 200);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlim_t before = std::exchange(limit.rlim_cur, 3);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const void* const any = &address;
    ASSERT_EQ(::connect(socket, static_cast<const sockaddr*>(any), sizeof address), 0);
    ASSERT_EQ(::send(socket, get_hello.data(), get_hello.size(), 0), static_cast<ssize_t>(get_hello.size()));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(served->request(get_hello).status, 200);
    limit.rlim_cur = before;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    // Who tried again and again would have it by now.
    for (int i = 0; i < 10; ++i) EXPECT_EQ(served->request(get_hello).status, 200);
    char byte = 0;
    EXPECT_LT(::recv(socket, &byte, 1, MSG_DONTWAIT), 0);
    tick(1);
    EXPECT_EQ(::recv(socket, &byte, 1, 0), 1);
    EXPECT_EQ(byte, 'H');
    ::close(socket);
}

}  // namespace
