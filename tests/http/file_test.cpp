// Files as answers: ranges, conditions, and no way out of a directory.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "byte_ranges.hpp"
#include "file_response.hpp"
#include "http_client.hpp"
#include "running_server.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::RunningServer;

std::string ranges(std::string_view field, std::uint64_t size) {
    ByteRanges parsed;
    switch (parsed.parse(field, size)) {
        case ByteRanges::Kind::whole:
            return "whole";
        case ByteRanges::Kind::malformed:
            return "malformed";
        case ByteRanges::Kind::unsatisfiable:
            return "unsatisfiable";
        case ByteRanges::Kind::parts:
            break;
    }
    std::string text;
    for (const ByteRange& range : parsed.ranges())
        text += std::to_string(range.first) + "-" + std::to_string(range.last) + " ";
    return text;
}

TEST(ByteRanges, AreInclusiveAndEndWithTheFile) {
    EXPECT_EQ(ranges("bytes=0-0", 10), "0-0 ");
    EXPECT_EQ(ranges("bytes=2-5", 10), "2-5 ");
    EXPECT_EQ(ranges("BYTES=7-", 10), "7-9 ");
    EXPECT_EQ(ranges("bytes=7-99999999999999999999999", 10), "7-9 ");
    EXPECT_EQ(ranges("bytes=-3", 10), "7-9 ");
    EXPECT_EQ(ranges("bytes=-30", 10), "0-9 ");
    EXPECT_EQ(ranges("bytes= 0-1 , 5-6", 10), "0-1 5-6 ");
}

TEST(ByteRanges, AreSortedAndThoseThatTouchAreOne) {
    EXPECT_EQ(ranges("bytes=6-8,0-1,2-3", 10), "0-3 6-8 ");
    EXPECT_EQ(ranges("bytes=0-9,2-3,-1", 10), "0-9 ");
    EXPECT_EQ(ranges("bytes=5-,0-,3-4", 10), "0-9 ");
    EXPECT_EQ(ranges("bytes=0-0,2-2,4-4", 10), "0-0 2-2 4-4 ");
}

TEST(ByteRanges, WhatIsNotInTheFileIsLeftOut) {
    EXPECT_EQ(ranges("bytes=10-", 10), "unsatisfiable");
    EXPECT_EQ(ranges("bytes=-0", 10), "unsatisfiable");
    EXPECT_EQ(ranges("bytes=99999999999999999999-", 10), "unsatisfiable");
    EXPECT_EQ(ranges("bytes=0-", 0), "unsatisfiable");
    EXPECT_EQ(ranges("bytes=-1", 0), "unsatisfiable");
    EXPECT_EQ(ranges("bytes=10-12,1-2", 10), "1-2 ");
}

TEST(ByteRanges, WhatMeansNothingIsMalformed) {
    for (const std::string_view field :
         {"bytes=", "bytes=-", "bytes=a-", "bytes=1-a", "bytes=2-1", "bytes=1", "bytes", "bytes=1-2,",
          "bytes=,1-2", "bytes=1--2", "bytes=+1-2", "bytes=0x1-2", "bytes=0-\v", ""})
        EXPECT_EQ(ranges(field, 10), "malformed") << field;
    EXPECT_EQ(ranges("pages=1-2", 10), "whole");
}

TEST(ByteRanges, MoreThan16AreIgnored) {
    std::string field = "bytes=0-0";
    for (int i = 1; i < 16; ++i) field += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
    EXPECT_EQ(ranges(field, 100).substr(0, 8), "0-0 2-2 ");
    EXPECT_EQ(ranges(field + ",40-40", 100), "whole");
}

TEST(HttpDate, IsReadAsItIsWritten) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    for (const std::string_view bad :
         {"", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
          "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 36 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 28:49:37 GMT",
          "Sun, 06 Nov 1994 08-49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
          "Sun, 06 ovD 1994 08:49:37 GMT"})
        EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
}

TEST(ContentType, IsToldByTheEndingOfTheName) {
    EXPECT_EQ(content_type_of("a/index.HTML"), "text/html; charset=utf-8");
    EXPECT_EQ(content_type_of("a.tar.gz"), "application/gzip");
    EXPECT_EQ(content_type_of("noending"), "application/octet-stream");
    EXPECT_EQ(content_type_of("a."), "application/octet-stream");
    EXPECT_EQ(content_type_of("a.js"), "text/javascript; charset=utf-8");
}

class Files : public testing::Test {
  protected:
    Files() {
        std::string pattern = (std::filesystem::temp_directory_path() / "zigmund_XXXXXX").string();
        root_ = ::mkdtemp(pattern.data());
        std::filesystem::create_directories(root_ / "site/sub/.hidden");
        write("site/digits.txt", "0123456789");
        write("site/empty", "");
        write("site/index.html", "<p>root</p>");
        write("site/sub/index.html", "<p>sub</p>");
        write("site/sub/.hidden/x", "hidden");
        write("site/.env", "hidden");
        write("secret.txt", "secret");
        write("site/large.bin", large_);
        std::filesystem::create_symlink("../secret.txt", root_ / "site/out");
        std::filesystem::create_symlink(root_ / "secret.txt", root_ / "site/absolute");
        std::filesystem::create_symlink("digits.txt", root_ / "site/within");
        std::filesystem::create_symlink("loop", root_ / "site/loop");
        EXPECT_EQ(::mkfifo((root_ / "site/pipe").c_str(), 0600), 0);
        // 1994-11-06 08:49:37
        const timespec times[2] = {{784111777, 0}, {784111777, 0}};
        ::utimensat(AT_FDCWD, (root_ / "site/digits.txt").c_str(), times, 0);

        app_->get("/file/{name}", [this](Path<std::string_view, "name"> name, Request& request) {
            return Response::file_from_path(request, (root_ / "site" / *name).string());
        });
        app_->get("/save/{name}", [this](Path<std::string_view, "name"> name, Request& request) {
            return Response::file_from_path(request, (root_ / "site/digits.txt").string(),
                                            {.content_type = "text/x-digits", .download_as = *name});
        });
        app_->get("/s/{path}", StaticFiles{(root_ / "site").string()});
        app_->get("/d/{path:path}", StaticFiles{(root_ / "site").string()});
        app_->get("/q", [files = StaticFiles{(root_ / "site").string()}](
                            Request& request, Query<std::string_view, "path"> path) {
            return files(request, Path<std::string_view, "path">{*path});
        });
        app_->get("/i/{name}", [files = StaticFiles{(root_ / "site").string(), {.index = true}}](
                                   Request& request, Query<std::string_view, "path"> path) {
            return files(request, Path<std::string_view, "path">{*path});
        });
        running_ = std::make_unique<RunningServer>(*app_);
        client_ = std::make_unique<HttpClient>(running_->port(), std::size_t{8} << 20);
    }
    ~Files() override {
        running_.reset();
        app_.reset();
        std::filesystem::remove_all(root_);
        EXPECT_EQ(gpa_.deinit(), alloc::LeakCheck::ok);
    }

    void write(const std::string& name, std::string_view text) {
        std::ofstream{root_ / name, std::ios::binary} << text;
    }
    HttpReply get(std::string_view target, std::string_view fields = "", std::string_view method = "GET") {
        client_->send(std::string{method}
                          .append(" ")
                          .append(target)
                          .append(" HTTP/1.1\r\nHost: a\r\n")
                          .append(fields)
                          .append("\r\n"));
        return client_->receive(method != "HEAD");
    }

    const std::string large_ = [] {
        std::string text(3 << 20, '\0');
        for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7 + (i >> 10));
        return text;
    }();
    std::filesystem::path root_;
    alloc::GeneralPurposeAllocator gpa_{{.tier = alloc::Tier::traced, .name = "test"}};
    std::unique_ptr<App> app_ = std::make_unique<App>(gpa_.allocator(), AppInfo{});
    std::unique_ptr<RunningServer> running_;
    std::unique_ptr<HttpClient> client_;
};

TEST_F(Files, AFileIsSentWholeWithWhatToAskForItAgain) {
    const HttpReply reply = get("/file/digits.txt");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "0123456789");
    EXPECT_EQ(reply.field("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(reply.field("content-length"), "10");
    EXPECT_EQ(reply.field("accept-ranges"), "bytes");
    EXPECT_EQ(reply.field("last-modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(reply.field("etag"), "\"2ebc98a1-0-a\"");
    EXPECT_EQ(get("/file/empty").body, "");
    EXPECT_EQ(get("/file/empty").status, 200);
    EXPECT_EQ(get("/file/large.bin").body, large_);
    EXPECT_EQ(get("/file/large.bin", "Range: bytes=1000000-\r\n").body, large_.substr(1000000));
}

TEST_F(Files, HeadHasTheHeadAlone) {
    const HttpReply reply = get("/file/digits.txt", "Range: bytes=1-2\r\n", "HEAD");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("content-length"), "10");
    EXPECT_EQ(get("/file/digits.txt").body, "0123456789");
}

TEST_F(Files, WhatIsNoFileIsNotFound) {
    EXPECT_EQ(get("/file/nope").status, 404);
    EXPECT_EQ(get("/file/nope").body, R"({"detail":"Not Found"})");
    EXPECT_EQ(get("/file/sub").status, 404);
    EXPECT_EQ(get("/file/pipe").status, 404);
    EXPECT_EQ(get("/file/loop").status, 404);
    EXPECT_EQ(get("/file/" + std::string(300, 'x')).status, 404);
    if (::geteuid() != 0) {
        ::chmod((root_ / "site/digits.txt").c_str(), 0);
        EXPECT_EQ(get("/file/digits.txt").status, 401);
    }
}

TEST_F(Files, OneRangeIsAPart) {
    const HttpReply reply = get("/file/digits.txt", "Range: bytes=2-4\r\n");
    EXPECT_EQ(reply.status, 206);
    EXPECT_EQ(reply.body, "234");
    EXPECT_EQ(reply.field("content-range"), "bytes 2-4/10");
    EXPECT_EQ(reply.field("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(get("/file/digits.txt", "Range: bytes=-2\r\n").body, "89");
    EXPECT_EQ(get("/file/digits.txt", "Range: bytes=0-3,2-9\r\n").body, "0123456789");
    EXPECT_EQ(get("/file/digits.txt", "Range: lines=1-2\r\n").status, 200);
}

TEST_F(Files, SeveralRangesAreParts) {
    const HttpReply reply = get("/file/digits.txt", "Range: bytes=8-,0-1,4-4\r\n");
    EXPECT_EQ(reply.status, 206);
    const std::string_view type = reply.field("content-type");
    ASSERT_TRUE(type.starts_with("multipart/byteranges; boundary=")) << type;
    const std::string boundary{type.substr(type.find('=') + 1)};
    EXPECT_GE(boundary.size(), 16U);
    const std::string head = "\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes ";
    EXPECT_EQ(reply.body, "--" + boundary + head + "0-1/10\r\n\r\n01\r\n--" + boundary + head +
                              "4-4/10\r\n\r\n4\r\n--" + boundary + head + "8-9/10\r\n\r\n89\r\n--" +
                              boundary + "--\r\n");
    EXPECT_EQ(get("/file/digits.txt").body, "0123456789");
}

TEST_F(Files, RangesThatCannotBeAreRefused) {
    const HttpReply outside = get("/file/digits.txt", "Range: bytes=10-\r\n");
    EXPECT_EQ(outside.status, 416);
    EXPECT_EQ(outside.field("content-range"), "bytes */10");
    EXPECT_EQ(outside.body, "");
    const HttpReply malformed = get("/file/digits.txt", "Range: bytes=5-2\r\n");
    EXPECT_EQ(malformed.status, 400);
    EXPECT_EQ(malformed.body, "Malformed range header.");
}

TEST_F(Files, AClientThatHasTheFileIsToldSo) {
    const std::string tag{get("/file/digits.txt").field("etag")};
    const HttpReply fresh = get("/file/digits.txt", "If-None-Match: \"x\", W/" + tag + "\r\n");
    EXPECT_EQ(fresh.status, 304);
    EXPECT_EQ(fresh.field("etag"), tag);
    EXPECT_EQ(get("/file/digits.txt", "If-None-Match: *\r\n").status, 304);
    EXPECT_EQ(get("/file/digits.txt", "If-None-Match: \"x\"\r\n").status, 200);
    EXPECT_EQ(get("/file/digits.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n").status, 304);
    EXPECT_EQ(get("/file/digits.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n").status, 200);
    EXPECT_EQ(get("/file/digits.txt", "If-Modified-Since: yesterday\r\n").status, 200);
    // The tag is the better witness.
    EXPECT_EQ(get("/file/digits.txt",
                  "If-None-Match: \"x\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
                  .status,
              200);
    write("site/digits.txt", "9876543210");
    EXPECT_EQ(get("/file/digits.txt", "If-None-Match: " + tag + "\r\n").body, "9876543210");
}

// RFC 9110, 13.2.2: If-Match, or else If-Unmodified-Since, before everything.
TEST_F(Files, AClientThatMeansAnotherVersionIsToldSo) {
    const std::string tag{get("/file/digits.txt").field("etag")};
    const HttpReply other = get("/file/digits.txt", "If-Match: \"x\"\r\n");
    EXPECT_EQ(other.status, 412);
    EXPECT_EQ(other.body, R"({"detail":"Precondition Failed"})");
    EXPECT_EQ(get("/file/digits.txt", "If-Match: \"x\", " + tag + "\r\n").status, 200);
    EXPECT_EQ(get("/file/digits.txt", "If-Match: *\r\n").status, 200);
    // A weak tag is not good enough.
    EXPECT_EQ(get("/file/digits.txt", "If-Match: W/" + tag + "\r\n").status, 412);
    const std::string before = "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n";
    EXPECT_EQ(get("/file/digits.txt", before).status, 412);
    EXPECT_EQ(get("/file/digits.txt", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n").status, 200);
    EXPECT_EQ(get("/file/digits.txt", "If-Unmodified-Since: yesterday\r\n").status, 200);
    // The tag is the better witness, and what does not hold goes before what is fresh.
    EXPECT_EQ(get("/file/digits.txt", before + "If-Match: " + tag + "\r\n").status, 200);
    EXPECT_EQ(get("/file/digits.txt", before + "If-None-Match: " + tag + "\r\n").status, 412);
    EXPECT_EQ(get("/file/digits.txt", "If-Match: " + tag + "\r\nIf-None-Match: " + tag + "\r\n").status, 304);
    EXPECT_EQ(get("/file/digits.txt", "Range: bytes=1-2\r\nIf-Match: " + tag + "\r\n").body, "12");
    EXPECT_EQ(get("/file/digits.txt", "Range: bytes=1-2\r\nIf-Match: \"x\"\r\n", "HEAD").status, 412);
}

TEST_F(Files, AFileAsTheAnswerToAnythingButGetIsNeverNotModified) {
    app_->post("/render", [this](Request& request) {
        return Response::file_from_path(request, (root_ / "site/digits.txt").string());
    });
    const std::string tag{get("/file/digits.txt").field("etag")};
    EXPECT_EQ(get("/render", "If-None-Match: " + tag + "\r\n", "POST").status, 412);
    EXPECT_EQ(get("/render", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "POST").status, 200);
}

TEST_F(Files, ARangeOfAnotherVersionIsTheWholeFile) {
    const std::string tag{get("/file/digits.txt").field("etag")};
    const std::string range = "Range: bytes=2-4\r\nIf-Range: ";
    EXPECT_EQ(get("/file/digits.txt", range + tag + "\r\n").body, "234");
    EXPECT_EQ(get("/file/digits.txt", range + "Sun, 06 Nov 1994 08:49:37 GMT\r\n").body, "234");
    EXPECT_EQ(get("/file/digits.txt", range + "W/" + tag + "\r\n").body, "0123456789");
    EXPECT_EQ(get("/file/digits.txt", range + "\"x\"\r\n").body, "0123456789");
    EXPECT_EQ(get("/file/digits.txt", range + "Sun, 06 Nov 1994 08:49:38 GMT\r\n").body, "0123456789");
}

TEST_F(Files, ADownloadHasAName) {
    EXPECT_EQ(get("/save/my%20file.txt").field("content-disposition"),
              "attachment; filename=\"my file.txt\"");
    EXPECT_EQ(get("/save/x").field("content-type"), "text/x-digits");
    EXPECT_EQ(get("/save/a%22%0d%0ab%C3%A9").field("content-disposition"),
              "attachment; filename*=utf-8''a%22%0D%0Ab%C3%A9");
}

TEST_F(Files, NoPathLeadsOutOfADirectory) {
    EXPECT_EQ(get("/s/digits.txt").body, "0123456789");
    EXPECT_EQ(get("/s/digits.txt").field("x-content-type-options"), "nosniff");
    EXPECT_EQ(get("/s/within").body, "0123456789");
    EXPECT_EQ(get("/q?path=sub/index.html").body, "<p>sub</p>");
    for (const std::string_view path : {"/s/../secret.txt",
                                        "/s/%2e%2e%2fsecret.txt",
                                        "/s/out",
                                        "/s/absolute",
                                        "/s/..",
                                        "/s/.",
                                        "/s/.env",
                                        "/s/pipe",
                                        "/s/loop",
                                        "/s/sub",
                                        "/q?path=",
                                        "/q?path=/",
                                        "/q?path=../secret.txt",
                                        "/q?path=sub/../../secret.txt",
                                        "/q?path=sub/../digits.txt",
                                        "/q?path=/etc/passwd",
                                        "/q?path=sub/.hidden/x",
                                        "/q?path=..%5csecret.txt",
                                        "/q?path=digits.txt%00.html",
                                        "/q?path=sub//index.html",
                                        "/q?path=sub/",
                                        "/q?path=digits.txt/",
                                        "/q?path=out",
                                        "/q?path=./digits.txt"}) {
        const HttpReply reply = get(path);
        EXPECT_TRUE(reply.status == 404 || reply.status == 400) << path << " " << reply.status;
        EXPECT_EQ(reply.body.find("secret"), std::string_view::npos) << path;
    }
}

// Starlette would look for the shorter path; here a file has one URL.
TEST_F(Files, ASegmentThatIsEmptyOrADotNamesNothing) {
    EXPECT_EQ(get("/d/sub/index.html").body, "<p>sub</p>");
    for (const std::string_view path :
         {"/d//digits.txt", "/d/./digits.txt", "/d/sub//index.html", "/d/sub/./index.html",
          "/d/sub/../digits.txt", "/d/%2E/digits.txt", "/d/sub%2F%2Findex.html", "/d/sub/.", "/d/sub/.."})
        EXPECT_EQ(get(path).status, 404) << path;
}

TEST_F(Files, ADirectoryMayHaveAnIndex) {
    EXPECT_EQ(get("/i/x?path=").body, "<p>root</p>");
    EXPECT_EQ(get("/i/x?path=sub/").body, "<p>sub</p>");
    EXPECT_EQ(get("/i/x?path=sub/").field("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(get("/i/x?path=nope/").status, 404);
    EXPECT_EQ(get("/i/x?path=.hidden/").status, 404);
    EXPECT_EQ(get("/i/x?path=//").status, 404);
    const HttpReply redirect = get("/i/sub?path=sub");
    EXPECT_EQ(redirect.status, 307);
    EXPECT_EQ(redirect.field("location"), "/i/sub/");
    EXPECT_THROW((StaticFiles{(root_ / "nope").string()}), std::system_error);
}

TEST_F(Files, AFileThatBecomesShorterEndsTheConnection) {
    constexpr std::size_t huge = std::size_t{64} << 20;  // holes, for the most part
    write("site/huge.bin", "x");
    std::filesystem::resize_file(root_ / "site/huge.bin", huge);
    client_->send("GET /file/huge.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    // The kernel holds less of it than there is.
    char byte = 0;
    ASSERT_EQ(::recv(client_->descriptor(), &byte, 1, MSG_PEEK), 1);
    std::filesystem::resize_file(root_ / "site/huge.bin", 10);
    std::string all;
    char buffer[65536];
    ssize_t size = 0;
    while ((size = ::recv(client_->descriptor(), buffer, sizeof buffer, 0)) > 0)
        all.append(buffer, static_cast<std::size_t>(size));
    EXPECT_LT(all.size(), huge);
    HttpClient other{running_->port()};
    EXPECT_EQ(other.request("GET /file/digits.txt HTTP/1.1\r\nHost: a\r\n\r\n").body, "0123456789");
}

}  // namespace
