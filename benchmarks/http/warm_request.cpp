// What a warm keep-alive request costs: heap calls, counted by interposition, and the time of a round trip
// beside a loop of epoll, recv and send that answers a constant, which is what the kernel takes whatever the
// server does.
//
// One client, one connection a row, one request at a time; rounds of all rows are interleaved, so that what
// disturbs the machine disturbs every row. Medians, and ratios to the first row. All threads share one
// processor: where the kernel puts a server's thread otherwise decides whether a wake-up costs 1 us or 40,
// for whole runs at a time and for one row and not for another.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/testing/heap_counter.hpp>
#include <zigmund/http.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http_client.hpp"
#include "running_server.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace support = zigmund::support;

struct Item {
    std::string_view name;
    double price;
    bool in_stock = true;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))

http::Response create_item(http::Body<Item> item, alloc::Allocator arena) {
    return http::Response::json(arena, {{"name", item->name},
                                        {"price", item->price},
                                        {"in_stock", item->in_stock},
                                        {"message", "Item created successfully"}});
}

http::Response get_user(http::Path<std::uint32_t, "user_id"> user_id, alloc::Allocator arena) {
    return http::Response::json(arena, {{"id", user_id}, {"name", "Alice"}});
}

/// The floor: one connection, any request, one answer.
class RawEpoll {
  public:
    RawEpoll() {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        void* const any = &address;
        socklen_t size = sizeof address;
        if (::bind(listener_, static_cast<sockaddr*>(any), size) != 0 || ::listen(listener_, 1) != 0 ||
            ::getsockname(listener_, static_cast<sockaddr*>(any), &size) != 0)
            std::abort();
        port_ = ntohs(address.sin_port);
        thread_ = std::thread{[this] { serve(); }};
    }
    RawEpoll(const RawEpoll&) = delete;
    RawEpoll& operator=(const RawEpoll&) = delete;
    ~RawEpoll() {
        thread_.join();
        ::close(listener_);
    }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  private:
    void serve() const {
        constexpr std::string_view answer =
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 13\r\n"
            "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nHello, World!";
        const int connection = ::accept(listener_, nullptr, nullptr);
        const int on = 1;
        ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const int poll = ::epoll_create1(0);
        epoll_event event{};
        event.events = EPOLLIN;
        ::epoll_ctl(poll, EPOLL_CTL_ADD, connection, &event);
        std::array<char, 8192> buffer;
        while (::epoll_wait(poll, &event, 1, -1) == 1 &&
               ::recv(connection, buffer.data(), buffer.size(), 0) > 0)
            ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
        ::close(poll);
        ::close(connection);
    }

    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

struct Row {
    const char* name;
    std::string_view request;
    support::HttpClient* client;
    std::vector<double> nanoseconds = {};
    std::size_t heap_calls = 0;
    std::size_t requests = 0;
};

constexpr int rounds = 31;
constexpr int requests_a_round = 500;

void run_round(Row& row) {
    const std::size_t before = alloc::testing::heap_calls();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < requests_a_round; ++i) {
        if (row.client->request(row.request).status != 200) std::abort();
    }
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
    row.heap_calls += alloc::testing::heap_calls() - before;
    row.requests += requests_a_round;
    row.nanoseconds.push_back(time.count() / requests_a_round);
}

void share_one_processor() {
    cpu_set_t processors;
    CPU_ZERO(&processors);
    CPU_SET(static_cast<unsigned>(::sched_getcpu()), &processors);
    if (::sched_setaffinity(0, sizeof processors, &processors) != 0) std::abort();
}

double median(std::vector<double> values) {
    std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
    return values[values.size() / 2];
}

/// One JSON document in the form of benchmarks/alloc/results.hpp.
void write_json(const char* path, std::span<const Row> rows, bool met) {
    std::FILE* const file = std::fopen(path, "w");
    if (file == nullptr) {
        std::perror(path);
        std::exit(1);
    }
    std::fprintf(
        file,
        "{\"program\": \"http_warm_request\", \"tables\": [\n"
        " {\"title\": \"A warm keep-alive request, one at a time, one processor\",\n"
        "  \"about\": \"A round trip through the loopback beside a loop of epoll, recv and send that answers "
        "a constant: what is above that loop is the server's own work. Heap calls are counted by "
        "interposition.\",\n"
        "  \"unit\": \"ns\", \"clock\": \"wall\", \"rows\": [");
    const double base = median(rows.front().nanoseconds);
    for (const char* comma = "\n"; const Row& row : rows) {
        std::vector<double> sorted = row.nanoseconds;
        std::ranges::sort(sorted);
        std::fprintf(
            file,
            "%s   {\"name\": \"%s\", \"median\": %.6g, \"spread\": %.6g, \"ratio\": %.6g, \"values\": "
            "{\"heap calls a request\": %.6g}, \"samples\": [",
            std::exchange(comma, ",\n"), row.name, median(sorted),
            (sorted[sorted.size() * 3 / 4] - sorted[sorted.size() / 4]) / 2, median(sorted) / base,
            static_cast<double>(row.heap_calls) / static_cast<double>(row.requests));
        for (const char* next = ""; const double time : row.nanoseconds)
            std::fprintf(file, "%s%.6g", std::exchange(next, ", "), time);
        std::fprintf(file, "]}");
    }
    std::fprintf(file, "],\n  \"goals\": [{\"text\": \"no heap call in a warm request\", \"met\": %s}]}]}\n",
                 met ? "true" : "false");
    if (std::fclose(file) != 0) std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
    share_one_processor();
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    http::App app{gpa.allocator(), {}};
    app.get("/text", [] { return http::Response::text("Hello, World!"); });
    app.get("/users/{user_id}", get_user);
    app.post("/items", create_item);
    // A connection of the default options is closed after 10,000 requests.
    support::RunningServer running{app,
                                   {.workers = 1, .max_requests = std::numeric_limits<std::size_t>::max()}};
    RawEpoll raw;

    constexpr std::string_view get_text = "GET /text HTTP/1.1\r\nHost: localhost\r\n\r\n";
    support::HttpClient raw_client{raw.port()};
    support::HttpClient client{running.port()};
    std::array rows{
        Row{"raw epoll, a constant", get_text, &raw_client},
        Row{"GET /text, 13 bytes", get_text, &client},
        Row{"GET /users/7, JSON", "GET /users/7 HTTP/1.1\r\nHost: localhost\r\n\r\n", &client},
        Row{"POST /items, JSON in and out",
            "POST /items HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
            "26\r\n\r\n"
            "{\"name\":\"Pen\",\"price\":2.5}",
            &client},
    };
    for (Row& row : rows) run_round(row);  // warms up
    for (Row& row : rows) {
        row.heap_calls = row.requests = 0;
        row.nanoseconds.clear();
        row.nanoseconds.reserve(rounds);
    }
    for (int round = 0; round < rounds; ++round) {
        for (Row& row : rows) run_round(row);
    }

    std::printf(
        "\nA warm keep-alive request, one at a time, one processor (medians of %d interleaved rounds)\n\n",
        rounds);
    std::printf("  %-30s %14s %8s %24s\n", "", "round trip", "ratio", "heap calls a request");
    const double base = median(rows.front().nanoseconds);
    bool met = true;
    for (const Row& row : rows) {
        const double time = median(row.nanoseconds);
        const double calls = static_cast<double>(row.heap_calls) / static_cast<double>(row.requests);
        std::printf("  %-30s %11.2f us %8.2f %24.3f\n", row.name, time / 1000, time / base, calls);
        met &= row.heap_calls == 0;
    }
    std::printf("\n  goal: no heap call in a warm request: %s\n\n", met ? "met" : "MISSED");
    if (argc == 3 && std::string_view{argv[1]} == "--json") write_json(argv[2], rows, met);
    return 0;
}
