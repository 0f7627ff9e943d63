// Files that clients send: small ones lie in memory, large ones in a file without a name, whatever arrives
// first.
#include <array>
#include <cstdint>
#include <optional>

#include "tour.hpp"

namespace tour {
namespace {

std::uint64_t count_lines(const http::Upload& file) {
    std::uint64_t lines = 0;
    std::array<char, 4096> piece;
    std::uint64_t at = 0;
    while (const std::size_t size = file.read(at, piece)) {
        for (const char c : std::string_view{piece.data(), size}) lines += c == '\n' ? 1 : 0;
        at += size;
    }
    return lines;
}

http::Response send_report(http::File<"report"> report,
                           http::File<"cover", std::optional<http::Upload>> cover,
                           http::Form<std::string_view, "title"> title, alloc::Allocator arena) {
    return http::Response::json(arena, {{"title", title},
                                        {"name", report->safe_filename(arena)},
                                        {"type", report->content_type()},
                                        {"bytes", report->size()},
                                        {"lines", count_lines(*report)},
                                        {"in_memory", report->view().has_value()},
                                        {"has_cover", cover->has_value()}});
}

http::Response send_pages(http::File<"page", std::span<const http::Upload>, http::MaxLength<3>> pages,
                          alloc::Allocator arena) {
    std::uint64_t bytes = 0;
    for (const http::Upload& page : *pages) bytes += page.size();
    return http::Response::json(arena, {{"pages", pages->size()}, {"bytes", bytes}});
}

}  // namespace

void add_uploads(http::App& app) {
    app.post("/reports", send_report, {.tags = {"uploads"}});
    app.post("/pages", send_pages, {.tags = {"uploads"}});
}

}  // namespace tour
