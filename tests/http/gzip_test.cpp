// Gzip: what is compressed, for whom, and that it is what was there before.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

#include "http_client.hpp"
#include "in_process.hpp"
#include "running_server.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using test::Answer;
using test::ask;

/// What zlib makes of it: "<broken>" unless it is one whole member of the gzip format.
std::string unzip(std::string_view zipped) {
    z_stream stream{};
    EXPECT_EQ(::inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zipped.data()));
    stream.avail_in = static_cast<uInt>(zipped.size());
    std::string text;
    std::string space(65536, '\0');
    int result = Z_OK;
    while (result == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(space.data());
        stream.avail_out = static_cast<uInt>(space.size());
        result = ::inflate(&stream, Z_NO_FLUSH);
        text.append(space, 0, space.size() - stream.avail_out);
    }
    const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
    ::inflateEnd(&stream);
    return whole ? text : "<broken>";
}

/// The chunks of a body, joined.
std::string unchunk(std::string_view body) {
    std::string text;
    while (!body.empty()) {
        const std::size_t size = std::stoul(std::string{body.substr(0, body.find("\r\n"))}, nullptr, 16);
        if (size == 0) return text;
        text += body.substr(body.find("\r\n") + 2, size);
        body.remove_prefix(body.find("\r\n") + 2 + size + 2);
    }
    return "<cut>";
}

std::string words(std::size_t size) {
    std::string text;
    for (int i = 0; text.size() < size; ++i) text += "word " + std::to_string(i % 97) + ", ";
    text.resize(size);
    return text;
}

std::string noise(std::size_t size) {
    std::string text(size, '\0');
    std::mt19937 random{1};
    for (char& c : text) c = static_cast<char>(random());
    return text;
}

class Zipped : public testing::Test {
  protected:
    Zipped() {
        std::ofstream{file_} << text_;
        app_.get("/text", [this] { return Response::text(text_); });
        app_.get("/short", [this] { return Response::text(std::string_view{text_}.substr(0, 499)); });
        app_.get("/enough", [this] { return Response::text(std::string_view{text_}.substr(0, 500)); });
        app_.get("/noise", [this] { return Response::text(noise_); });
        app_.get("/file", [this](Request& r) {
            return Response::file_from_path(r, file_, {.content_type = "text/plain"});
        });
        app_.get("/lines", [](alloc::Allocator arena) {
            return Response::json_lines(arena, [i = 0](StreamWriter& out) mutable {
                out.line({{"i", i}, {"text", "the same again"}});
                return ++i < 10000 ? Produced::more : Produced::end;
            });
        });
        app_.get("/as/{type:path}", [this](Path<std::string_view, "type"> type, alloc::Allocator arena) {
            return Response::text(text_)
                .with_content_type(*type)
                .with_header(arena, "etag", "\"abc\"")
                .with_header(arena, "accept-ranges", "bytes");
        });
        app_.get("/encoded", [this](alloc::Allocator arena) {
            return Response::text(text_).with_header(arena, "Content-Encoding", "br");
        });
        app_.get("/kept", [this](alloc::Allocator arena) {
            return Response::text(text_).with_header(arena, "Cache-Control", "max-age=1, no-transform");
        });
        app_.get("/status/{n}", [this](Path<std::uint16_t, "n"> n) {
            return Response::text(text_).with_status(Status{*n});
        });
        app_.use(Gzip{});
    }
    ~Zipped() override { std::remove(file_.c_str()); }

    Answer get(std::string_view target, std::string_view accept = "gzip", std::string_view more = {}) {
        return ask(app_, std::string{"GET "}
                             .append(target)
                             .append(" HTTP/1.1\r\nHost: a\r\n")
                             .append(more)
                             .append(accept.empty() ? "" : "Accept-Encoding: ")
                             .append(accept)
                             .append(accept.empty() ? "\r\n" : "\r\n\r\n"));
    }
    bool is_zipped(const Answer& answer) { return answer.field("content-encoding") == "gzip"; }

    std::string file_ = testing::TempDir() + "zigmund_gzip_" + std::to_string(::getpid());
    std::string text_ = words(100000);
    std::string noise_ = noise(5000);
    App app_{alloc::heap(), {}};
};

TEST_F(Zipped, TextIsCompressedForWhoTakesIt) {
    const Answer answer = get("/text");
    EXPECT_EQ(answer.head, "content-type: text/plain; charset=utf-8\ncontent-length: " +
                               std::to_string(answer.body.size()) +
                               "\nvary: Accept-Encoding\ncontent-encoding: gzip\n");
    EXPECT_LT(answer.body.size(), text_.size() / 10);
    EXPECT_EQ(unzip(answer.body), text_);
    const Answer plain = get("/text", "");
    EXPECT_EQ(plain.body, text_);
    EXPECT_EQ(plain.field("vary"), "Accept-Encoding");
    EXPECT_FALSE(is_zipped(plain));
}

TEST_F(Zipped, TheWeightsDecide) {
    for (const std::string_view accept :
         {"gzip", "GZIP", "x-gzip", "deflate, gzip;q=0.1", "*", "br;q=1, *;q=0.5", "gzip;q=1.000",
          "gzip; q=0.001", "identity;q=0.5, gzip;q=0.5", "gzip;q=0.8, identity;q=0"})
        EXPECT_TRUE(is_zipped(get("/text", accept))) << accept;
    for (const std::string_view accept : {"gzip;q=0", "gzip;q=0.000", "br", "identity", "*;q=0",
                                          "gzip;q=0, *", "identity, gzip;q=0.5", ",", "gzippy"})
        EXPECT_FALSE(is_zipped(get("/text", accept))) << accept;
    EXPECT_TRUE(is_zipped(get("/text", "gzip", "Accept-Encoding: br\r\n")));
}

TEST_F(Zipped, WhatWouldNotGainIsLeftAsItIs) {
    EXPECT_EQ(get("/short").head, "content-type: text/plain; charset=utf-8\ncontent-length: 499\n");
    EXPECT_TRUE(is_zipped(get("/enough")));
    EXPECT_EQ(get("/noise").body, noise_);
    EXPECT_EQ(get("/noise").field("vary"), "Accept-Encoding");
    EXPECT_FALSE(is_zipped(get("/encoded")));
    EXPECT_EQ(get("/encoded").field("vary"), "");
    EXPECT_FALSE(is_zipped(get("/kept")));
    for (const std::string_view type : {"text/event-stream", "text/event-stream; charset=utf-8", "image/png",
                                        "video/mp4", "application/zip", "font/woff2"})
        EXPECT_FALSE(is_zipped(get(std::string{"/as/"}.append(type)))) << type;
    for (const std::string_view type : {"image/svg+xml", "application/json", "text/html"})
        EXPECT_TRUE(is_zipped(get(std::string{"/as/"}.append(type)))) << type;
    for (const std::string_view status : {"204", "205", "206"})
        EXPECT_EQ(get(std::string{"/status/"}.append(status)).field("vary"), "") << status;
    EXPECT_EQ(get("/status/304").field("vary"), "Accept-Encoding");
    EXPECT_TRUE(is_zipped(get("/status/404")));
}

TEST_F(Zipped, WhatIsCompressedIsAnotherTextToCaches) {
    const Answer answer = get("/as/text/plain");
    EXPECT_EQ(answer.field("etag"), "W/\"abc\"");
    EXPECT_EQ(answer.field("accept-ranges"), "");
    EXPECT_EQ(answer.field("content-type"), "text/plain");
    EXPECT_EQ(get("/as/text/plain", "").field("etag"), "\"abc\"");
}

TEST_F(Zipped, FilesAreCompressedPieceByPiece) {
    const Answer answer = get("/file");
    EXPECT_TRUE(is_zipped(answer));
    EXPECT_EQ(answer.field("transfer-encoding"), "chunked");
    EXPECT_EQ(answer.field("content-length"), "");
    EXPECT_EQ(unzip(unchunk(answer.body)), text_);
    const std::string tag = answer.field("etag");
    EXPECT_TRUE(tag.starts_with("W/\""));
    EXPECT_EQ(get("/file", "gzip", "If-None-Match: " + tag + "\r\n").line, "HTTP/1.1 304 Not Modified");
    const Answer part = get("/file", "gzip", "Range: bytes=0-999\r\n");
    EXPECT_EQ(part.line, "HTTP/1.1 206 Partial Content");
    EXPECT_FALSE(is_zipped(part));
}

TEST_F(Zipped, StreamsAreCompressed) {
    const Answer answer = get("/lines");
    EXPECT_TRUE(is_zipped(answer));
    EXPECT_EQ(answer.field("content-type"), "application/jsonl");
    const std::string text = unzip(unchunk(answer.body));
    EXPECT_TRUE(text.starts_with("{\"i\":0,\"text\":\"the same again\"}\n"));
    EXPECT_TRUE(text.ends_with("{\"i\":9999,\"text\":\"the same again\"}\n"));
    EXPECT_LT(answer.body.size(), text.size() / 5);
}

TEST_F(Zipped, HeadHasTheSameHead) {
    const Answer answer = ask(app_, "HEAD /text HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    EXPECT_EQ(answer.head, get("/text").head);
    EXPECT_EQ(answer.body, "");
}

TEST_F(Zipped, ALevelIsFrom1To9) {
    for (const int level : {0, 10, -1}) {
        try {
            Gzip{{.level = level}};
            ADD_FAILURE();
        } catch (const std::invalid_argument& error) {
            EXPECT_EQ(error.what(),
                      "zigmund: Gzip: level is " + std::to_string(level) + ": it is from 1 to 9");
        }
    }
    App fast{alloc::heap(), {}};
    fast.get("/text", [this] { return Response::text(text_); });
    fast.use(Gzip{{.level = 1}});
    const std::string request = "GET /text HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n";
    const std::string body = ask(fast, request).body;
    EXPECT_EQ(unzip(body), text_);
    EXPECT_GT(body.size(), get("/text").body.size());  // the same state, at another level
}

// What a stream that waits has made reaches the client: it is not held back in the compressor.
TEST(ZippedServer, AStreamThatWaitsIsFlushed) {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    App app{gpa.allocator(), {}};
    app.get("/waits", [](alloc::Allocator arena) {
        return Response::stream(
            arena,
            [n = 0](StreamWriter& out) mutable {
                if (out.stopping()) return Produced::end;
                if (n++ == 0) out.write("hello");
                return Produced::wait;
            },
            "text/plain");
    });
    app.use(Gzip{});
    support::RunningServer running{app};
    support::HttpClient client{running.port()};
    client.send("GET /waits HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    std::string all;
    char buffer[4096];
    const auto inflated = [&]() -> std::string {
        const std::size_t head = all.find("\r\n\r\n");
        if (head == std::string::npos || all.size() < head + 4 + 10) return {};
        const std::string_view chunk = std::string_view{all}.substr(head + 4 + 10);
        z_stream stream{};
        ::inflateInit2(&stream, 15 + 16);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(chunk.data()));
        stream.avail_in = static_cast<uInt>(chunk.size());
        std::string text(100, '\0');
        stream.next_out = reinterpret_cast<Bytef*>(text.data());
        stream.avail_out = static_cast<uInt>(text.size());
        ::inflate(&stream, Z_SYNC_FLUSH);
        text.resize(100 - stream.avail_out);
        ::inflateEnd(&stream);
        return text;
    };
    while (inflated() != "hello") {
        const ssize_t size = ::recv(client.descriptor(), buffer, sizeof buffer, 0);
        ASSERT_GT(size, 0) << all;
        all.append(buffer, static_cast<std::size_t>(size));
    }
}

}  // namespace
