// Uploads: the program of uploads.md.
#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

http::Response describe(http::File<"report"> report, http::Form<std::string_view, "title"> title,
                        alloc::Allocator arena) {
    return http::Response::json(arena, {{"title", title},
                                        {"filename", report->filename()},
                                        {"type", report->content_type()},
                                        {"size", report->size()}});
}

http::Response album(http::File<"cover", std::optional<http::Upload>> cover,
                     http::File<"photos", std::span<const http::Upload>, http::MaxLength<3>> photos,
                     alloc::Allocator arena) {
    std::uint64_t bytes = 0;
    for (const http::Upload& photo : *photos) bytes += photo.size();
    return http::Response::json(
        arena, {{"cover", cover->has_value()}, {"photos", photos->size()}, {"bytes", bytes}});
}

struct Report {
    std::string_view title;
    http::Upload report;
    std::optional<http::Upload> cover;
};
BOOST_DESCRIBE_STRUCT(Report, (), (title, report, cover))

http::Response send(http::Form<Report> form, alloc::Allocator arena) {
    return http::Response::json(arena, {{"title", form->title}, {"size", form->report.size()}});
}

// One piece at a time: a file of gigabytes takes 4 KiB.
http::Response count_lines(http::File<"log"> log, alloc::Allocator arena) {
    std::array<char, 4096> piece;
    std::uint64_t lines = 0;
    for (std::uint64_t offset = 0; const std::size_t size = log->read(offset, piece); offset += size)
        lines += static_cast<std::uint64_t>(std::count(piece.begin(), piece.begin() + size, '\n'));
    return http::Response::json(arena, {{"lines", lines}, {"in_memory", log->view().has_value()}});
}

int main() {
    std::string pattern = (std::filesystem::temp_directory_path() / "zigmund_XXXXXX").string();
    const std::string directory = ::mkdtemp(pattern.data());

    alloc::GeneralPurposeAllocator gpa;
    http::App app{gpa.allocator(), {}};
    app.post("/describe", describe);
    app.post("/album", album);
    app.post("/send", send);
    app.post("/lines", count_lines);
    app.post("/keep", [&directory](http::File<"report"> report, alloc::Allocator arena) {
        report->save_as(directory + "/latest.txt");
        const std::string_view path = report->save_in(directory, arena);
        return http::Response::text(path.substr(directory.size()));
    });

    http::testing::TestClient client{app};
    const auto post = [&client](std::string_view url, const http::testing::TestRequest& request) {
        const auto response = client.post(url, request);
        std::printf("%d %s\n", response.status(), response.text().c_str());
    };
    post("/describe",
         {.form = {{"title", "Sales"}}, .files = {{"report", "sales.csv", "a,b\n1,2\n", "text/csv"}}});
    post("/describe", {.form = {{"title", "Sales"}, {"report", "no file"}}, .multipart = true});
    post("/album", {.files = {{"photos", "1.jpg", "one"}, {"photos", "2.jpg", "two"}}});
    post("/album", {.files = {{"cover", "0.jpg", "zero"}}});

    post("/send", {.form = {{"title", "Sales"}}, .files = {{"report", "sales.csv", "a,b\n1,2\n"}}});
    std::string log;
    for (int i = 0; i < 200'000; ++i) log += "something happened\n";
    post("/lines", {.files = {{"log", "server.log", log}}});

    post("/keep", {.files = {{"report", "../../etc/cron.d/report.txt", "text"}}});
    for (const char* const name : {"latest.txt", "report.txt"})
        std::printf("%s: %s\n", name, std::filesystem::exists(directory + "/" + name) ? "there" : "missing");
    std::filesystem::remove_all(directory);
}
