// Requests that are refused, and with which status.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "conversation.hpp"
#include "request_reader.hpp"

namespace {

using namespace conversation;

TEST(RequestReader, TransferCodingsOtherThanChunkedAreRefused) {
    EXPECT_EQ(with_fields("Transfer-Encoding: gzip\r\n"), "error 501\n");
    EXPECT_EQ(with_fields("Transfer-Encoding: xchunked\r\n"), "error 501\n");
    EXPECT_EQ(with_fields("Transfer-Encoding: identity\r\n"), "error 501\n");
    EXPECT_EQ(with_fields("Transfer-Encoding: chunked, gzip\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Transfer-Encoding: gzip, chunked\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Transfer-Encoding: chunked, chunked\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Transfer-Encoding:\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Transfer-Encoding: \"chunked\"\r\n"), "error 400\n");
}

TEST(RequestReader, TwoLengthsAreRefusedWhateverTheirOrder) {
    EXPECT_EQ(with_fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Content-Length: 5\r\nContent-Length: 5\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Content-Length: 5\r\nContent-Length: 6\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Content-Length: 5, 5\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), "error 501\n");
    EXPECT_EQ(with_fields("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"), "error 400\n");
}

TEST(RequestReader, Http10HasNoChunks) {
    EXPECT_EQ(seen("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "error 400\n");
}

TEST(RequestReader, MalformedLengthsAreRefused) {
    for (const std::string_view length : {"+5", "-5", "0x5", "5 5", "1_0", "05", "5;", "a", "",
                                          "18446744073709551616", "99999999999999999999999999", "1e2", "5.0"})
        EXPECT_EQ(with_fields("Content-Length: " + std::string{length} + "\r\n"), "error 400\n") << length;
}

TEST(RequestReader, MalformedChunksAreRefused) {
    const std::string line = head("Transfer-Encoding: chunked\r\n");
    for (const std::string_view chunks : {"0x5\r\nhello\r\n0\r\n\r\n",
                                          "+5\r\nhello\r\n0\r\n\r\n",
                                          "-5\r\nhello\r\n0\r\n\r\n",
                                          "5_\r\nhello\r\n0\r\n\r\n",
                                          " 5\r\nhello\r\n0\r\n\r\n",
                                          "5 \r\nhello\r\n0\r\n\r\n",
                                          "\r\nhello\r\n0\r\n\r\n",
                                          ";x\r\nhello\r\n0\r\n\r\n",
                                          "g\r\nhello\r\n0\r\n\r\n",
                                          "5\nhello\r\n0\r\n\r\n",
                                          "5\r\nhello0\r\n\r\n",
                                          "5\r\nhello\n0\r\n\r\n",
                                          "5\r\nhelloX\r\n0\r\n\r\n",
                                          "10000000000000005\r\nhello\r\n0\r\n\r\n",
                                          "FFFFFFFFFFFFFFFFF\r\nx",
                                          "5\r\nhello\r\n0\r\n\n\r\n\r\n",
                                          "5\r\nhello\r\n0\r\nbad trailer\r\n\r\n",
                                          "5;\n\r\nhello\r\n0\r\n\r\n",
                                          "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n",
                                          "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
                                          "5;a=\"\x01\"\r\nhello\r\n0\r\n\r\n",
                                          "5\rhello\r\n0\r\n\r\n"})
        EXPECT_EQ(seen(line + std::string{chunks}), "error 400\n") << testing::PrintToString(chunks);
    EXPECT_EQ(seen(line + "FFFFFFFFFFFFFFFF\r\nx"), "error 413\n");
}

TEST(RequestReader, TheLineHasOneFormOnly) {
    for (const std::string_view line : {"GET  / HTTP/1.1",
                                        "GET /  HTTP/1.1",
                                        " GET / HTTP/1.1",
                                        "GET / HTTP/1.1 ",
                                        "GET\t/ HTTP/1.1",
                                        "GET /\tHTTP/1.1",
                                        "GET /",
                                        "GET",
                                        "/ HTTP/1.1",
                                        "GET / HTTP/1.1\r",
                                        "G(T / HTTP/1.1",
                                        "GET / http/1.1",
                                        "GET / HTTP/11",
                                        "GET / HTTPS/1.1",
                                        "GET /a b HTTP/1.1",
                                        "GET /a\x01 HTTP/1.1",
                                        "GET /a\x7f HTTP/1.1",
                                        "GET /\xC3\xA9 HTTP/1.1",
                                        "GET /a#b HTTP/1.1",
                                        "GET a HTTP/1.1",
                                        "GET ?a HTTP/1.1",
                                        "GET ftp://a/ HTTP/1.1",
                                        "GET http://u@a/ HTTP/1.1",
                                        "GET http:///x HTTP/1.1",
                                        "\xFF / HTTP/1.1"})
        EXPECT_EQ(with_line(line), "error 400\n") << line;
}

TEST(RequestReader, AMethodHasAtMost32Characters) {
    EXPECT_EQ(with_line(std::string(32, 'M') + " / HTTP/1.1"),
              std::string(32, 'M') + " /? 1.1 keep|Host=a|body=\n");
    EXPECT_EQ(with_line(std::string(33, 'M') + " / HTTP/1.1"), "error 400\n");
}

TEST(RequestReader, OtherVersionsAre505) {
    for (const std::string_view version : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/3.0", "HTTP/1.9"})
        EXPECT_EQ(with_line("GET / " + std::string{version}), "error 505\n") << version;
}

TEST(RequestReader, ConnectIsNotImplemented) {
    EXPECT_EQ(with_line("CONNECT a:443 HTTP/1.1"), "error 501\n");
    EXPECT_EQ(with_line("CONNECT / HTTP/1.1"), "error 501\n");
}

TEST(RequestReader, BareLineEndsAreRefused) {
    EXPECT_EQ(seen("GET / HTTP/1.1\nHost: a\n\n"), "error 400\n");
    EXPECT_EQ(seen("GET / HTTP/1.1\r\nHost: a\n\r\n"), "error 400\n");
    EXPECT_EQ(seen("GET / HTTP/1.1\rHost: a\r\r\n\r\n"), "error 400\n");
    EXPECT_EQ(seen("\n" + head("")), "error 400\n");
    EXPECT_EQ(seen("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("X: a\rb\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("X: a\nb: c\r\n"), "error 400\n");
}

TEST(RequestReader, MalformedFieldsAreRefused) {
    for (const std::string_view field :
         {"X : a", "X\t: a", " X: a", ": a", "X", "X Y: a", "X(: a", "X\x01: a", "X: a\x01", "X: a\x7f",
          "\xC3\xA9: a", "X\"Y: a", "X@Y: a"})
        EXPECT_EQ(with_fields(std::string{field} + "\r\n"), "error 400\n") << field;
    EXPECT_EQ(with_fields(std::string{"X: a\0b\r\n", 8}), "error 400\n");
    EXPECT_EQ(with_fields(std::string{"X\0: a\r\n", 7}), "error 400\n");
}

TEST(RequestReader, FoldedLinesAreRefused) {
    EXPECT_EQ(with_fields("X: a\r\n b\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("X: a\r\n\tb\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("X:\r\n b\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("X: a\r\n \r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Transfer-Encoding:\r\n chunked\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("X:\r\n \r\n"), "error 400\n");
    EXPECT_EQ(seen("GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n"), "error 400\n");
}

TEST(RequestReader, HostIsThereOnce) {
    EXPECT_EQ(seen("GET / HTTP/1.1\r\n\r\n"), "error 400\n");
    EXPECT_EQ(with_fields("Host: a\r\n"), "error 400\n");
    EXPECT_EQ(seen("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), "error 400\n");
    EXPECT_EQ(seen("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), "error 400\n");
    EXPECT_EQ(seen("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), "error 400\n");
    EXPECT_EQ(seen("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "GET /? 1.1 keep|Host=|body=\n");
}

TEST(RequestReader, AnUnknownExpectationIs417) {
    EXPECT_EQ(with_fields("Expect: 200-maybe\r\n"), "error 417\n");
}

TEST(RequestReader, NothingIsReadAfterAFailure) {
    Conversation conversation;
    conversation.send(head("Transfer-Encoding: gzip\r\n") + head(""));
    EXPECT_EQ(conversation.seen(), "error 501\n");
}

}  // namespace
