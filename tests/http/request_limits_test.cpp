// How long a request, and each part of it, may be.
#include <gtest/gtest.h>

#include <string>

#include "conversation.hpp"
#include "request_reader.hpp"

namespace {

using namespace conversation;

TEST(RequestReader, ABodyAtTheLimitIsReadAndOneBeyondItIsRefusedBeforeItIsSent) {
    const std::string body(1000, 'b');
    EXPECT_EQ(seen(head("Content-Length: 1000\r\n") + body, 1000),
              "GET /? 1.1 keep|Host=a|Content-Length=1000|body=" + body + "\n");
    EXPECT_EQ(seen(head("Content-Length: 1001\r\n"), 1000), "error 413\n");
    EXPECT_EQ(seen(head("Content-Length: 18446744073709551615\r\n"), 1000), "error 413\n");
    EXPECT_EQ(seen(head("Content-Length: 1\r\n"), 0), "error 413\n");
    EXPECT_EQ(seen(head("Content-Length: 0\r\n"), 0), "GET /? 1.1 keep|Host=a|Content-Length=0|body=\n");
}

TEST(RequestReader, AChunkedBodyHasTheSameLimit) {
    const std::string line = head("Transfer-Encoding: chunked\r\n");
    const std::string chunk = "64\r\n" + std::string(100, 'b') + "\r\n";
    std::string ten;
    for (int i = 0; i < 10; ++i) ten += chunk;
    EXPECT_EQ(seen(line + ten + "0\r\n\r\n", 1000),
              "GET /? 1.1 keep|Host=a|Transfer-Encoding=chunked|body=" + std::string(1000, 'b') + "\n");
    EXPECT_EQ(seen(line + ten + "1\r\nb\r\n0\r\n\r\n", 1000), "error 413\n");
    EXPECT_EQ(seen(line + "3e9\r\n" + std::string(1001, 'b') + "\r\n", 1000), "error 413\n");
    EXPECT_EQ(seen(line + "1\r\nb\r\n", 0), "error 413\n");
    EXPECT_EQ(seen(line + "0\r\n\r\n", 0), "GET /? 1.1 keep|Host=a|Transfer-Encoding=chunked|body=\n");
}

TEST(RequestReader, BodiesAroundTheEndOfTheBlockAreRead) {
    const std::size_t block = RequestReader::block_size;
    for (std::size_t size = block - 120; size < block + 20; ++size) {
        const std::string body(size, 'b');
        const std::string length = std::to_string(size);
        ASSERT_EQ(seen(head("Content-Length: " + length + "\r\n") + body + head("")),
                  "GET /? 1.1 keep|Host=a|Content-Length=" + length + "|body=" + body +
                      "\nGET /? 1.1 keep|Host=a|body=\n");
    }
}

TEST(RequestReader, AHeadMayFillTheBlockAndNoMore) {
    const std::size_t block = RequestReader::block_size;
    ASSERT_EQ(block, 16384);
    const auto head_of = [](std::size_t size) {
        const std::string first = "W: " + std::string(8000, 'w') + "\r\n";
        const std::size_t empty = head(first + "X: \r\nY: \r\n").size();
        const std::size_t rest = size - empty;
        return head(first + "X: " + std::string(rest / 2, 'x') +
                    "\r\nY: " + std::string(rest - rest / 2, 'y') + "\r\n");
    };
    ASSERT_EQ(head_of(block).size(), block);
    EXPECT_NE(seen(head_of(block)).find("GET /"), std::string::npos);
    EXPECT_EQ(seen(head_of(block + 1)), "error 431\n");
    EXPECT_NE(seen(head_of(block) + head_of(block) + head("")).find("|body=\nGET /"), std::string::npos);
}

TEST(RequestReader, AFieldsLineMayHave8192BytesAndNoMore) {
    const auto field_of = [](std::size_t size) { return "X: " + std::string(size - 5, 'x') + "\r\n"; };
    EXPECT_TRUE(with_fields(field_of(8192)).starts_with("GET /?"));
    EXPECT_EQ(with_fields(field_of(8193)), "error 431\n");
    EXPECT_EQ(with_fields("X: " + std::string(100000, 'x')), "error 431\n");
    EXPECT_EQ(with_fields(std::string(9000, 'x') + ": a\r\n"), "error 431\n");
    // What is wrong with it behind that is not looked at, however much of it is here.
    EXPECT_EQ(with_fields("X: " + std::string(8500, 'x') + "\x01\r\n"), "error 431\n");
}

TEST(RequestReader, ARequestLineMayHave8192BytesAndNoMore) {
    const auto line_of = [](std::size_t size) { return "GET /" + std::string(size - 16, 'a') + " HTTP/1.1"; };
    EXPECT_TRUE(with_line(line_of(8192)).starts_with("GET /a"));
    EXPECT_EQ(with_line(line_of(8193)), "error 414\n");
    EXPECT_EQ(seen("GET /" + std::string(9000, 'a')), "error 414\n");
    EXPECT_EQ(seen("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), "error 414\n");
}

TEST(RequestReader, MoreThan256ParametersInTheQueryAre414) {
    const auto line = [](int count) {
        std::string text = "GET /?";
        for (int i = 0; i < count; ++i) text.append(i == 0 ? "" : "&").append("a=1");
        return text + " HTTP/1.1";
    };
    EXPECT_TRUE(with_line(line(256)).starts_with("GET /?a=1"));
    EXPECT_EQ(with_line(line(257)), "error 414\n");
    EXPECT_TRUE(with_line("GET /?" + std::string(1000, 'a') + " HTTP/1.1").starts_with("GET /?a"));
}

TEST(RequestReader, MoreThan100FieldsAre431) {
    const auto fields = [](int count) {
        std::string text;
        for (int i = 0; i < count; ++i) text += "A: b\r\n";
        return text;
    };
    EXPECT_EQ(with_fields(fields(99)).substr(0, 6), "GET /?");
    EXPECT_EQ(with_fields(fields(100)), "error 431\n");
}

TEST(RequestReader, ChunkExtensionsAreLimited) {
    const std::string line = head("Transfer-Encoding: chunked\r\n");
    const auto chunk = [](std::size_t extension) {
        return "1;" + std::string(extension - 1, 'e') + "\r\nx\r\n";
    };
    EXPECT_EQ(seen(line + chunk(256) + "0\r\n\r\n"),
              "GET /? 1.1 keep|Host=a|Transfer-Encoding=chunked|body=x\n");
    EXPECT_EQ(seen(line + chunk(257) + "0\r\n\r\n"), "error 400\n");
    std::string many;
    for (int i = 0; i < 32; ++i) many += chunk(256);
    EXPECT_EQ(seen(line + many + "0\r\n\r\n").substr(0, 6), "GET /?");
    EXPECT_EQ(seen(line + many + chunk(2) + "0\r\n\r\n"), "error 400\n");
    EXPECT_EQ(seen(line + "1;" + std::string(100000, 'e')), "error 400\n");
}

TEST(RequestReader, AnUnendingTrailerIsRefused) {
    EXPECT_EQ(seen(head("Transfer-Encoding: chunked\r\n") + "0\r\nX: " + std::string(100000, 'x')),
              "error 400\n");
}

TEST(RequestReader, ManyEmptyTrailersAreRefused) {
    std::string trailers;
    for (int i = 0; i < 10000; ++i) trailers += "A: b\r\n";
    EXPECT_EQ(seen(head("Transfer-Encoding: chunked\r\n") + "0\r\n" + trailers + "\r\n"), "error 400\n");
}

}  // namespace
