// A warm request allocates nothing: counted at malloc, mimalloc and mmap, not believed.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/testing/heap_counter.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http_client.hpp"
#include "running_server.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;

struct Item {
    std::string_view name;
    double price;
    bool in_stock = true;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))

http::Response get_user(http::Path<std::uint32_t, "user_id"> user_id, alloc::Allocator arena) {
    return http::Response::json(arena, {{"id", user_id}, {"name", "Alice"}});
}

http::Response create_item(http::Body<Item> item, alloc::Allocator arena) {
    return http::Response::json(arena, *item);
}

/// Of each kind of parameter one, with options; decoded, listed and refused.
http::Response search(http::Query<int, "limit", http::Default<10>, http::Ge<1>, http::Le<100>> limit,
                      http::Query<std::string_view, "q", http::MaxLength<20>, http::Pattern<"^\\w+ \\w+$">> q,
                      http::Query<std::span<const http::Uuid>, "id", http::MinLength<1>> ids,
                      http::Query<std::optional<http::Timestamp>, "since"> since,
                      http::Header<std::string_view, "user_agent"> agent,
                      http::Cookie<std::string_view, "session"> session, alloc::Allocator arena) {
    return http::Response::json(
        arena,
        {{"limit", limit}, {"q", q}, {"ids", ids}, {"since", since}, {"agent", agent}, {"session", session}});
}

http::Response log_in(http::Form<Item> item, alloc::Allocator arena) {
    return http::Response::json(arena, *item);
}

http::Response upload(http::File<"file"> file, http::Form<double, "price"> price, alloc::Allocator arena) {
    return http::Response::json(arena, {{"name", file->filename()},
                                        {"safe", file->safe_filename(arena)},
                                        {"text", file->read_all(arena)},
                                        {"price", price}});
}

struct Pool {
    int size;
};
inject::Scoped<Pool> get_pool(inject::State<Item> item, alloc::Allocator) {
    co_yield Pool{static_cast<int>(item->price)};
}
struct Session {
    int id;
    bool committed = false;
};
inject::Scoped<Session> get_session(inject::Depends<get_pool, inject::AppScope> pool, alloc::Allocator) {
    Session session{pool->size};
    co_yield session;
    session.committed = true;
}
int get_page(http::Query<int, "page"> page, inject::Depends<get_session> session) {
    return page + session->id;
}
inject::Scoped<int> get_brief(inject::Depends<get_page, inject::FunctionScope> page, alloc::Allocator) {
    co_yield *page + 1;
}

http::Response depend(inject::Depends<get_page> page, inject::Depends<get_page, inject::NoCache> again,
                      inject::Depends<get_brief, inject::FunctionScope> brief, http::BackgroundTasks& tasks,
                      alloc::Allocator arena) {
    tasks.add([](int) {}, *page);
    return http::Response::json(arena, {{"page", *page}, {"again", *again}, {"brief", *brief}});
}

struct Order {
    std::pmr::vector<Item> items;
    std::pmr::map<std::string_view, double> rates;
    http::Member<int, http::Ge<1>> count;
};
BOOST_DESCRIBE_STRUCT(Order, (), (items, rates, count))

http::Response order(http::Body<Order, "order"> order, alloc::Allocator arena) {
    return http::Response::json(arena, order).with_cookie(arena, {.name = "a", .value = "b"});
}

struct Priced {
    http::Member<std::string_view, http::MinLength<1>, http::Pattern<"^\\w+$">> name;
    http::Member<double, http::Gt<0>> price;
};
BOOST_DESCRIBE_STRUCT(Priced, (), (name, price))

/// A value that is held to its constraints.
std::span<const Priced> prices() {
    static const std::array<Priced, 2> all{{{"Pen", 2.5}, {"Ink", 7}}};
    return all;
}

http::Task<int> nap(int number, alloc::Allocator) {
    co_await http::sleep_for(std::chrono::nanoseconds{0});
    co_return number;
}
http::Task<http::Response> wait(inject::Depends<get_page> page, http::BackgroundTasks& tasks,
                                alloc::Allocator arena) {
    tasks.add([](int) {}, *page);
    const int number = co_await nap(*page, arena);
    co_return http::Response::json(arena, number);
}

class WarmRequests : public testing::TestWithParam<std::string_view> {};

TEST_P(WarmRequests, AllocatesNothing) {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    http::App app{gpa.allocator(), {}};
    app.get("/users/{user_id}", get_user);
    app.post("/items", create_item);
    app.get("/search", search);
    app.post("/form", log_in);
    app.post("/upload", upload);
    app.provide<Item>(Item{.name = "Pen", .price = 7});
    app.get("/depend", depend);
    app.get("/page", [](inject::Depends<get_page> page, alloc::Allocator arena) {
        return http::Response::json(arena, *page);
    });
    app.get("/text", [] { return http::Response::text("Hello, World!"); });
    app.post("/order", order);
    app.get("/prices", prices);
    app.get("/wait", wait);
    app.get("/block", http::blocking(depend));
    const std::string file = testing::TempDir() + "zigmund_warm_" + std::to_string(::getpid());
    std::ofstream{file} << "0123456789";
    app.get("/file",
            [&file](http::Request& request) { return http::Response::file_from_path(request, file); });
    app.get("/to", [](alloc::Allocator arena) { return http::Response::redirect(arena, "/a b"); });
    zigmund::support::RunningServer running{app};
    zigmund::support::HttpClient client{running.port()};

    for (int i = 0; i < 100; ++i) client.request(GetParam());
    const std::size_t heap = zigmund::alloc::testing::heap_calls();
    const std::size_t mappings = zigmund::alloc::testing::mmap_calls();
    int answered = 0;
    for (int i = 0; i < 1000; ++i) answered += client.request(GetParam()).status != 0 ? 1 : 0;
    EXPECT_EQ(zigmund::alloc::testing::heap_calls(), heap);
    EXPECT_EQ(zigmund::alloc::testing::mmap_calls(), mappings);
    EXPECT_EQ(answered, 1000);
    std::remove(file.c_str());
}

INSTANTIATE_TEST_SUITE_P(
    Http, WarmRequests,
    testing::Values(
        "GET /users/7 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /text HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n"
        "{\"name\":\"Pen\",\"price\":2.5}",
        "GET /search?q=a+b&limit=5&id=6ba7b810-9dad-11d1-80b4-00c04fd430c8&since=2026-11-22T21:00:00Z "
        "HTTP/1.1\r\n"
        "Host: x\r\nUser-Agent: test\r\nCookie: a=b; session=\"1\\\"2\"\r\n\r\n",
        "GET /search?q=%3F&limit=0&id=6&since=y HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: 18\r\n\r\nname=P%65n&price=2",
        "GET /depend?page=3 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /page?page=3 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /order HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 94\r\n\r\n"
        "{\"order\":{\"items\":[{\"name\":\"\\n\",\"price\":1},{\"name\":\"b\",\"price\":2}],\"rates\":{"
        "\"x\":1},\"count\":1}}",
        "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; "
        "boundary=b\r\nContent-Length: 169\r\n\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"price\"\r\n\r\n7\r\n--b\r\nContent-Disposition: "
        "form-data; name=\"file\"; filename=\"a\\\"b.txt\"\r\nContent-Type: "
        "text/plain\r\n\r\nHello\r\n--b--\r\n",
        "GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=1-2,5-6\r\n\r\n",
        "GET /wait?page=3 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /block?page=3 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /prices HTTP/1.1\r\nHost: x\r\n\r\n", "GET /to HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /users/x HTTP/1.1\r\nHost: x\r\n\r\n", "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /docs HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /docs/oauth2-redirect HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n",
        "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n", "DELETE /users/7 HTTP/1.1\r\nHost: x\r\n\r\n"));

/// All of an answer in chunks, or with a length that its head says; false: the server is gone.
bool receive_whole(int socket, std::span<char> space) {
    std::size_t size = 0;
    while (true) {
        const ssize_t got = ::recv(socket, space.data() + size, space.size() - size, 0);
        if (got <= 0) return false;
        size += static_cast<std::size_t>(got);
        const std::string_view text{space.data(), size};
        const std::size_t head = text.find("\r\n\r\n");
        if (head == std::string_view::npos) continue;
        if (text.substr(0, head).find("chunked") != std::string_view::npos) {
            if (text.ends_with("\r\n0\r\n\r\n")) return true;
        } else {
            const std::size_t at = text.find("content-length: ");
            if (at >= head) return true;
            const std::size_t length = std::strtoul(space.data() + at + 16, nullptr, 10);
            if (size == head + 4 + length) return true;
        }
    }
}

// Every middleware that is shipped, at once: the compressor's state, the log's ring and its writer, and a
// stream's waker are warm as well.
TEST(WarmRequest, ThroughAllMiddlewareAllocatesNothing) {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    http::App app{gpa.allocator(), {.root_path = "/api", .dependencies = {http::depends<get_session>}}};
    std::string text;
    while (text.size() < 8000) text += "word " + std::to_string(text.size() % 97) + ", ";
    app.provide<Item>(Item{.name = "Pen", .price = 7});
    const auto pass = [](http::Request& request, http::Next next) { return next(request); };
    app.include(
        http::with_middleware(
            [&text](http::Router& router) {
                router.get("/text", [&text] { return http::Response::text(text); });
                router.get("/lines", [](alloc::Allocator arena) {
                    return http::Response::json_lines(arena, [i = 0](http::StreamWriter& out) mutable {
                        out.line({{"i", i}});
                        if (i++ != 2) return i < 50 ? http::Produced::more : http::Produced::end;
                        out.waker().wake();
                        return http::Produced::wait;
                    });
                });
                router.get(
                    "/url",
                    [](http::Request& request) { return http::Response::text(request.url_for("url")); },
                    {.name = "url"});
            },
            pass, pass),
        {.prefix = "/r", .dependencies = {http::depends<get_page>}});
    app.use(http::Gzip{});
    app.use(http::SecurityHeaders{});
    app.use(http::Cors{{.allow_origins = {"https://shop.example"}, .allow_headers = {"*"}}});
    app.use(http::TrustedHost{{.allowed_hosts = {"*.example"}}});
    app.use(http::RequestId{});
    const std::string file = testing::TempDir() + "zigmund_warm_log_" + std::to_string(::getpid());
    const http::AccessLog log{{.path = file, .format = http::AccessLogFormat::json}};
    app.use(log);
    app.use(http::ForwardedHeaders{});
    zigmund::support::RunningServer running{app};
    zigmund::support::HttpClient client{running.port()};
    std::vector<char> space(std::size_t{64} << 10);

    constexpr std::string_view fields =
        " HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: gzip, br\r\nOrigin: https://shop.example\r\n"
        "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n";
    constexpr std::string_view preflight =
        "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-a\r\n";
    std::vector<std::string> requests;
    for (const std::string_view start :
         {"GET /r/text?page=1", "GET /api/r/lines?page=1", "GET /r/url?page=1", "GET /none", "GET /r/text/"})
        requests.push_back(std::string{start}.append(fields).append("\r\n"));
    requests.push_back(std::string{"OPTIONS /r/text"}.append(fields).append(preflight).append("\r\n"));
    requests.push_back("GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n");
    const auto ask_all = [&](int times) {
        for (int i = 0; i < times; ++i) {
            for (const std::string& request : requests) {
                client.send(request);
                ASSERT_TRUE(receive_whole(client.descriptor(), space)) << request;
            }
        }
        log.flush();
    };
    ask_all(100);
    const std::size_t heap = zigmund::alloc::testing::heap_calls();
    const std::size_t mappings = zigmund::alloc::testing::mmap_calls();
    ask_all(200);
    EXPECT_EQ(zigmund::alloc::testing::heap_calls(), heap);
    EXPECT_EQ(zigmund::alloc::testing::mmap_calls(), mappings);
    std::remove(file.c_str());
}

// The counter sees what it should: one allocation by a handler shows.
TEST(WarmRequestCounter, SeesAnAllocationOfAHandler) {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    http::App app{gpa.allocator(), {}};
    app.get("/heap", [] {
        void* volatile block = std::malloc(8);
        std::free(block);
        return http::Response::text("");
    });
    zigmund::support::RunningServer running{app};
    zigmund::support::HttpClient client{running.port()};
    for (int i = 0; i < 10; ++i) client.request("GET /heap HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::size_t heap = zigmund::alloc::testing::heap_calls();
    for (int i = 0; i < 10; ++i) client.request("GET /heap HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(zigmund::alloc::testing::heap_calls(), heap + 10);
}

}  // namespace
