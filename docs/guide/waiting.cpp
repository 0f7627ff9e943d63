// Handlers that wait and handlers that block: the program of waiting.md.
#include <zigmund/alloc.hpp>
#include <zigmund/alloc/print.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

using namespace zigmund;
using namespace std::chrono_literals;

// Stands for a database's library that has a socket and does not block.
struct Database {
    int socket = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    Database() = default;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database() { ::close(socket); }

    void send(int key) {
        if (key < 100) ::eventfd_write(socket, static_cast<eventfd_t>(key));
    }
    std::uint64_t receive() {
        eventfd_t value = 0;
        ::eventfd_read(socket, &value);
        return value;
    }
};

http::Task<std::uint64_t> fetch(Database& database, int key, alloc::Allocator) {
    database.send(key);
    const bool came = co_await http::readable(database.socket, 20ms);
    if (!came) throw http::HttpError{http::Status::service_unavailable, "the database does not answer"};
    co_return database.receive();
}

http::Task<http::Response> get_row(http::Path<int, "key"> key, inject::State<Database> database,
                                   alloc::Allocator arena) {
    const std::uint64_t row = co_await fetch(*database, key, arena);
    co_return http::Response::json(arena, {{"key", *key}, {"row", row}});
}

// A library that blocks.
http::Response make_report(http::Path<int, "year"> year, alloc::Allocator arena) {
    return http::Response::text(arena.print("the report of {}", *year));
}

std::string notes;

// Looks at the answer, whatever handler made it.
http::Response note_status(http::Request& request, http::Next next) {
    return next(request).then([&request](const http::Response& response) {
        notes.append(request.path()).append(response.status() == http::Status::ok ? " good\n" : " bad\n");
        return response;
    });
}

// Waits itself.
http::Task<http::Response> slow_down(http::Request& request, http::Next next) {
    co_await http::sleep_for(1ms);
    const http::Response response = co_await next(request);
    co_return response.with_header(request.allocator(), "x-slowed", "1ms");
}

int main() {
    alloc::GeneralPurposeAllocator gpa;
    http::App app{gpa.allocator(), {}};
    app.provide<Database>();
    app.get("/rows/{key}", get_row);
    app.get("/reports/{year}", http::blocking(make_report));
    app.use(note_status);
    app.use(slow_down);

    http::testing::TestClient client{app};
    for (const char* path : {"/rows/7", "/rows/700", "/reports/2026"}) {
        const auto response = client.get(path);
        std::printf("%d %s\n", response.status(), response.text().c_str());
    }
    std::fputs(notes.c_str(), stdout);
}
