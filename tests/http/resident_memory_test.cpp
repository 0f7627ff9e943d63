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
#else
constexpr std::size_t tolerance = std::size_t{256} << 10;
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
        zigmund::support::RunningServer running{app};
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

}  // namespace
