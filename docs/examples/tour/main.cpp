// tour [PORT [FILES]]: serves the tour on 127.0.0.1, and FILES, a directory, below /static.
#include <cstdint>
#include <cstdlib>

#include "tour.hpp"

int main(int argc, char** argv) {
    const auto port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8000);
    zigmund::alloc::GeneralPurposeAllocator gpa{{.name = "tour", .report_when_clean = true}};
    tour::Tour tour{gpa.allocator(),
                    {.files = argc > 2 ? argv[2] : TOUR_FILES, .log = stdout, .access_log = "/dev/stdout"}};
    return tour.app().serve({.port = port, .workers = 1});
}
