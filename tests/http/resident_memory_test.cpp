// The specification's sentence "allocate freely without worrying about freeing", put to the proof.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/print.hpp>
#include <zigmund/alloc/sanitizer.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <string>

#include "http_client.hpp"
#include "running_server.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

// A page of text, so that ten thousand of them that stayed would be ten megabytes.
http::Response greeting(http::Path<std::string_view, "name"> name, alloc::Allocator arena) {
    return http::Response::text(arena.print("Hello, {:>1000}!", *name));
}

// Ten megabytes are handed out. A page here and there belongs to the system; a sanitizer's own books, such as
// AddressSanitizer's stacks beside the stack, fill some megabytes before they settle.
#if defined(ZIGMUND_SANITIZED)
constexpr std::size_t tolerance = std::size_t{5} << 20;
constexpr std::size_t upload_tolerance = std::size_t{16} << 20;
#else
constexpr std::size_t tolerance = std::size_t{256} << 10;
constexpr std::size_t upload_tolerance = std::size_t{4} << 20;
#endif

std::size_t resident_bytes() {
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    unsigned long total = 0;
    unsigned long resident = 0;
    EXPECT_EQ(std::fscanf(file, "%lu %lu", &total, &resident), 2);
    std::fclose(file);
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(ResidentMemory, TenThousandFormattedResponsesLeaveItWhereItWas) {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    {
        http::App app{gpa.allocator(), {}};
        app.get("/greet/{name}", greeting);
        zigmund::support::RunningServer running{app, {.workers = 1, .max_requests = 100'000}};
        zigmund::support::HttpClient client{running.port()};
        const std::string expected = "Hello, " + std::string(995, ' ') + "world!";
        const auto greet = [&](int times) {
            for (int i = 0; i < times; ++i) {
                const auto reply = client.request("GET /greet/world HTTP/1.1\r\nHost: x\r\n\r\n");
                ASSERT_EQ(reply.status, 200);
                ASSERT_EQ(reply.body, expected);
            }
        };
        greet(1000);
        const std::size_t live = gpa.live_bytes();
        const std::uint64_t allocations = gpa.total_allocations();
        const std::size_t resident = resident_bytes();
        greet(10'000);
        EXPECT_EQ(gpa.live_bytes(), live);
        EXPECT_EQ(gpa.total_allocations(), allocations);
        EXPECT_LE(resident_bytes(), resident + tolerance);
    }
    EXPECT_EQ(gpa.deinit(), alloc::LeakCheck::ok);
}

/// Sends a form with a file of so many bytes, piece by piece; the answer's status.
int upload(zigmund::support::HttpClient& client, std::size_t size) {
    const std::string begin = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    const std::string end = "\r\n--b--\r\n";
    client.send(
        "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: " +
        std::to_string(begin.size() + size + end.size()) + "\r\n\r\n" + begin);
    static const std::string piece(std::size_t{1} << 20, 'x');
    for (std::size_t sent = 0; sent < size; sent += piece.size()) client.send(piece);
    return client.request(end).status;
}

TEST(ResidentMemory, ALargeUploadTakesNoMoreThanASmallOne) {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    {
        http::App app{gpa.allocator(), {}};
        std::size_t live = 0;
        std::size_t received = 0;
        app.post("/upload", [&](http::File<"file"> file) {
            live = gpa.live_bytes();
            received = file->size();
            return http::Response{http::Status::no_content};
        });
        // On a disk: where /tmp is memory, a file there is, too.
        zigmund::support::RunningServer running{
            app, {.max_upload = std::size_t{1} << 30, .upload_directory = "."}};
        zigmund::support::HttpClient client{running.port()};
        constexpr std::size_t mebibyte = std::size_t{1} << 20;
        // The arena has its chunks from the second round on.
        for (int i = 0; i < 3; ++i) ASSERT_EQ(upload(client, 2 * mebibyte), 204);
        const std::size_t small = live;
        const std::size_t resident = resident_bytes();
        ASSERT_EQ(upload(client, 64 * mebibyte), 204);
        EXPECT_EQ(received, 64 * mebibyte);
        EXPECT_EQ(live, small);
        EXPECT_LE(resident_bytes(), resident + upload_tolerance) << "of 64 MiB that were received";
    }
    EXPECT_EQ(gpa.deinit(), alloc::LeakCheck::ok);
}

}  // namespace
