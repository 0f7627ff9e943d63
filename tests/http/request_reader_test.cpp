#include "request_reader.hpp"

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace zigmund;
using namespace zigmund::http;
using State = RequestReader::State;

constexpr std::size_t max_body = 20000;

/// All that a handler can see of a request, as text, so that two readings compare with one look.
std::string text_of(const Request& request) {
    std::string text;
    text.append(request.method_text()).append(" ").append(request.path());
    text.append("?").append(request.query_string());
    text.append(request.is_http_1_0() ? " 1.0" : " 1.1").append(request.keep_alive() ? " keep" : " close");
    for (const Field& field : request.fields())
        text.append("|").append(field.name).append("=").append(field.value);
    return text.append("|body=").append(request.body());
}

/// Reads what a client sends over one connection.
class Conversation {
  public:
    explicit Conversation(std::size_t limit = max_body) : reader_{*block_, limit} { next(); }
    ~Conversation() { reader_.release(); }

    /// `bytes` have arrived. No more than a failure is read.
    void send(std::string_view bytes) {
        while (!bytes.empty() && error_ == Status::ok) {
            const std::span<char> space = reader_.prepare();
            ASSERT_FALSE(space.empty());
            const std::size_t size = std::min(space.size(), bytes.size());
            std::memcpy(space.data(), bytes.data(), size);
            bytes.remove_prefix(size);
            take(reader_.commit(size));
        }
    }

    /// What came out so far: a line a request; "error 400" at the end of those that failed.
    [[nodiscard]] const std::string& seen() const { return seen_; }
    [[nodiscard]] RequestReader& reader() { return reader_; }
    /// How often the client was to be told to go on.
    [[nodiscard]] int continues() const { return continues_; }

  private:
    void next() {
        arena_.reset(alloc::Reset::free_all);
        request_.emplace(arena_.allocator());
        take(reader_.next(*request_));
    }
    void take(State state) {
        if (reader_.take_continue()) ++continues_;
        if (state == State::need_more) return;
        if (state == State::failed) {
            error_ = reader_.error();
            seen_ += "error " + std::to_string(static_cast<int>(error_)) + "\n";
            return;
        }
        seen_ += text_of(*request_) + "\n";
        reader_.release();
        next();
    }

    using Block = std::array<char, RequestReader::block_size>;
    std::unique_ptr<Block> block_ = std::make_unique<Block>();
    alloc::Arena arena_;
    RequestReader reader_;
    std::optional<Request> request_;
    std::string seen_;
    Status error_ = Status::ok;
    int continues_ = 0;
};

std::string seen(std::string_view bytes, std::size_t limit = max_body) {
    Conversation conversation{limit};
    conversation.send(bytes);
    return conversation.seen();
}

/// The head of a request for "/", with Host and the fields given.
std::string head(std::string_view fields, std::string_view line = "GET / HTTP/1.1") {
    return std::string{line}.append("\r\nHost: a\r\n").append(fields).append("\r\n");
}
std::string with_fields(std::string_view fields) { return seen(head(fields)); }
std::string with_line(std::string_view line) { return seen(head("", line)); }

// ---- requests that are read -------------------------------------------------------------------------------

TEST(RequestReader, AnEmptyConnectionNeedsMore) {
    Conversation conversation;
    EXPECT_EQ(conversation.seen(), "");
    EXPECT_FALSE(conversation.reader().started());
    EXPECT_FALSE(conversation.reader().prepare().empty());
}

TEST(RequestReader, ReadsALineAndItsFields) {
    EXPECT_EQ(
        seen("GET /a/b?c=d&e HTTP/1.1\r\nHost: example.org\r\nAccept:text/html\r\nX-Empty:\r\n"
             "X-Blanks: \t padded value \t \r\n\r\n"),
        "GET /a/b?c=d&e 1.1 keep|Host=example.org|Accept=text/html|X-Empty=|X-Blanks=padded value|body=\n");
}

TEST(RequestReader, ReadsEveryMethodAndPassesUnknownOnesOn) {
    for (const std::string_view method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        Conversation conversation;
        EXPECT_EQ(seen(std::string{method} + " / HTTP/1.1\r\nHost: a\r\n\r\n"),
                  std::string{method} + " /? 1.1 keep|Host=a|body=\n");
    }
    EXPECT_EQ(with_line("PROPFIND / HTTP/1.1"), "PROPFIND /? 1.1 keep|Host=a|body=\n");
    EXPECT_EQ(with_line("get / HTTP/1.1"), "get /? 1.1 keep|Host=a|body=\n");
}

TEST(RequestReader, ReadsABodyOfAGivenLength) {
    EXPECT_EQ(seen(head("Content-Length: 5\r\n", "POST /x HTTP/1.1") + "hello"),
              "POST /x? 1.1 keep|Host=a|Content-Length=5|body=hello\n");
    EXPECT_EQ(seen(head("Content-Length: 0\r\n", "POST /x HTTP/1.1")),
              "POST /x? 1.1 keep|Host=a|Content-Length=0|body=\n");
    EXPECT_EQ(seen(head("Content-Length: 5\r\n", "POST /x HTTP/1.1") + "hell"), "");
    EXPECT_EQ(seen(head("Content-Length: 4\r\n", "GET / HTTP/1.1") + "a\r\n\r"),
              "GET /? 1.1 keep|Host=a|Content-Length=4|body=a\r\n\r\n");
}

TEST(RequestReader, JoinsAChunkedBody) {
    const std::string line = head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.1");
    const std::string before = "POST /? 1.1 keep|Host=a|Transfer-Encoding=chunked|body=";
    EXPECT_EQ(seen(line + "5\r\nhello\r\n0\r\n\r\n"), before + "hello\n");
    EXPECT_EQ(seen(line + "0\r\n\r\n"), before + "\n");
    EXPECT_EQ(seen(line + "1\r\nh\r\nA\r\nello world\r\n0\r\n\r\n"), before + "hello world\n");
    EXPECT_EQ(seen(line + "00000005\r\nhello\r\n000\r\n\r\n"), before + "hello\n");
    EXPECT_EQ(seen(line + "5;name=value;other\r\nhello\r\n0;last\r\n\r\n"), before + "hello\n");
    EXPECT_EQ(seen(line + "2\r\n\r\n\r\n0\r\n\r\n"), before + "\r\n\n");
}

TEST(RequestReader, FieldsBehindAChunkedBodyAreDropped) {
    const std::string line = head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.1");
    EXPECT_EQ(seen(line + "1\r\nx\r\n0\r\nAuthorization: root\r\nHost: b\r\n\r\n" + head("")),
              "POST /? 1.1 keep|Host=a|Transfer-Encoding=chunked|body=x\nGET /? 1.1 keep|Host=a|body=\n");
}

TEST(RequestReader, PercentEscapesInThePathAreDecodedOnceAndTheQueryIsLeft) {
    EXPECT_EQ(with_line("GET /a%20b%2Fc%2541+d?e%20f+g HTTP/1.1"),
              "GET /a b/c%41+d?e%20f+g 1.1 keep|Host=a|body=\n");
}

TEST(RequestReader, AnAbsoluteTargetIsAPathOfItsHost) {
    EXPECT_EQ(seen("GET http://a:80/x?y HTTP/1.1\r\nHost: A:80\r\n\r\n"),
              "GET /x?y 1.1 keep|Host=A:80|body=\n");
    EXPECT_EQ(seen("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /? 1.1 keep|Host=a|body=\n");
    EXPECT_EQ(seen("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"), "error 400\n");
    EXPECT_EQ(seen("GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n"), "error 400\n");
    EXPECT_EQ(seen("GET http://a/ HTTP/1.0\r\n\r\n"), "GET /? 1.0 close|body=\n");
}

TEST(RequestReader, TheServerItselfIsATargetOfOptions) {
    EXPECT_EQ(with_line("OPTIONS * HTTP/1.1"), "OPTIONS *? 1.1 keep|Host=a|body=\n");
    EXPECT_EQ(with_line("GET * HTTP/1.1"), "error 400\n");
}

TEST(RequestReader, Http10ClosesUnlessAskedToStay) {
    EXPECT_EQ(seen("GET / HTTP/1.0\r\n\r\n"), "GET /? 1.0 close|body=\n");
    EXPECT_EQ(seen("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              "GET /? 1.0 keep|Connection=keep-alive|body=\n");
    EXPECT_EQ(with_fields("Connection: close\r\n"), "GET /? 1.1 close|Host=a|Connection=close|body=\n");
    EXPECT_EQ(with_fields("Proxy-Connection: close\r\n"),
              "GET /? 1.1 keep|Host=a|Proxy-Connection=close|body=\n");
}

TEST(RequestReader, UpToTwoEmptyLinesBeforeARequestAreSkipped) {
    EXPECT_EQ(seen("\r\n" + head("")), "GET /? 1.1 keep|Host=a|body=\n");
    EXPECT_EQ(seen("\r\n\r\n" + head("")), "GET /? 1.1 keep|Host=a|body=\n");
    EXPECT_EQ(seen("\r\n\r\n\r\n" + head("")), "error 400\n");
    EXPECT_EQ(seen(head("") + "\r\n\r\n" + head("")),
              "GET /? 1.1 keep|Host=a|body=\nGET /? 1.1 keep|Host=a|body=\n");
}

TEST(RequestReader, PipelinedRequestsComeOutOneByOne) {
    std::string sent;
    std::string expected;
    for (int i = 0; i < 500; ++i) {
        const std::string path = "/" + std::to_string(i);
        const std::string body(static_cast<std::size_t>(i % 7), 'b');
        sent +=
            head("Content-Length: " + std::to_string(body.size()) + "\r\n", "POST " + path + " HTTP/1.1") +
            body;
        expected += "POST " + path + "? 1.1 keep|Host=a|Content-Length=" + std::to_string(body.size()) +
                    "|body=" + body + "\n";
    }
    EXPECT_EQ(seen(sent), expected);
}

TEST(RequestReader, WhatFollowsALargeBodyIsTheNextRequest) {
    const std::string body(15000, 'b');
    const std::string request = head("Content-Length: 15000\r\n", "POST / HTTP/1.1") + body;
    const std::string expected = "POST /? 1.1 keep|Host=a|Content-Length=15000|body=" + body + "\n";
    EXPECT_EQ(seen(request + request + head("")), expected + expected + "GET /? 1.1 keep|Host=a|body=\n");
}

// ---- where the bytes are cut ------------------------------------------------------------------------------

std::vector<std::string> samples() {
    const std::string chunked = head("Transfer-Encoding: chunked\r\n", "POST /c HTTP/1.1");
    return {
        head(""),
        "\r\n\r\n" + head("Accept: */*\r\n", "GET /a%20b?c=d HTTP/1.1") + head("", "HEAD / HTTP/1.1"),
        head("Content-Length: 11\r\n", "POST /p HTTP/1.1") + "hello world" + head(""),
        chunked + "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n" + head(""),
        head("Expect: 100-continue\r\nContent-Length: 2\r\n", "PUT / HTTP/1.1") + "ok",
        "GET http://a/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        chunked + "0\r\n\r\n",
        // and those that fail
        head("Transfer-Encoding: gzip\r\n"),
        head("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
        head("X: a\r\n b\r\n"),
        chunked + "5\r\nhello0\r\n\r\n",
        chunked + "0x5\r\nhello\r\n0\r\n\r\n",
        head("") + "GARBAGE\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
    };
}

TEST(RequestReader, WhereTheBytesAreCutIntoReadsMakesNoDifference) {
    for (const std::string& sample : samples()) {
        const std::string expected = seen(sample);
        ASSERT_NE(expected, "");
        for (std::size_t first = 0; first <= sample.size(); ++first) {
            Conversation conversation;
            conversation.send(std::string_view{sample}.substr(0, first));
            conversation.send(std::string_view{sample}.substr(first));
            ASSERT_EQ(conversation.seen(), expected) << "cut at " << first << " of\n" << sample;
        }
        Conversation bytewise;
        for (const char& byte : sample) bytewise.send({&byte, 1});
        ASSERT_EQ(bytewise.seen(), expected) << sample;
    }
}

TEST(RequestReader, WhereTwoCutsLieMakesNoDifference) {
    for (const std::string& sample : samples()) {
        const std::string expected = seen(sample);
        const std::string_view all = sample;
        for (std::size_t first = 0; first < all.size(); first += 3) {
            for (std::size_t second = first; second < all.size(); second += 2) {
                Conversation conversation;
                conversation.send(all.substr(0, first));
                conversation.send(all.substr(first, second - first));
                conversation.send(all.substr(second));
                ASSERT_EQ(conversation.seen(), expected) << first << ", " << second << " of\n" << sample;
            }
        }
    }
}

TEST(RequestReader, RandomPipelinesCutAtRandomReadAlike) {
    std::mt19937_64 random{29};
    const auto below = [&random](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
    for (int round = 0; round < 200; ++round) {
        std::string sent;
        std::string expected;
        for (std::size_t i = 1 + below(6); i != 0; --i) {
            std::string body(below(4) == 0 ? below(max_body + 1) : below(60), '\0');
            for (char& c : body) c = static_cast<char>(random());
            std::string fields;
            std::string shown;
            for (std::size_t field = below(20); field != 0; --field) {
                const std::string value(below(100), static_cast<char>('a' + below(26)));
                fields += "X-" + std::to_string(field) + ": " + value + "\r\n";
                shown += "|X-" + std::to_string(field) + "=" + value;
            }
            if (below(2) == 0) {
                const std::string size = std::to_string(body.size());
                sent += head(fields + "Content-Length: " + size + "\r\n", "POST / HTTP/1.1") + body;
                shown += "|Content-Length=" + size;
            } else {
                sent += head(fields + "Transfer-Encoding: chunked\r\n", "POST / HTTP/1.1");
                for (std::string_view rest = body; !rest.empty();) {
                    const std::string_view chunk = rest.substr(0, 1 + below(below(3) == 0 ? 9000 : 40));
                    rest.remove_prefix(chunk.size());
                    char size[24];
                    std::snprintf(size, sizeof size, "%zx", chunk.size());
                    sent += std::string{size} + (below(8) == 0 ? ";extension\r\n" : "\r\n");
                    sent.append(chunk).append("\r\n");
                }
                sent += "0\r\n\r\n";
                shown += "|Transfer-Encoding=chunked";
            }
            expected += "POST /? 1.1 keep|Host=a" + shown + "|body=" + body + "\n";
        }
        ASSERT_EQ(seen(sent), expected);
        for (int times = 0; times < 3; ++times) {
            const std::size_t most = times == 0 ? 3 : times == 1 ? 700 : 20000;
            Conversation conversation;
            for (std::string_view rest = sent; !rest.empty();) {
                const std::string_view part = rest.substr(0, 1 + below(most));
                conversation.send(part);
                rest.remove_prefix(part.size());
            }
            ASSERT_EQ(conversation.seen(), expected);
        }
    }
}

// ---- limits -----------------------------------------------------------------------------------------------

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

// ---- what is refused --------------------------------------------------------------------------------------

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

// ---- 100 Continue -----------------------------------------------------------------------------------------

TEST(RequestReader, AClientThatWaitsForContinueIsToldOnce) {
    for (const std::string_view framing : {"Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n"}) {
        Conversation conversation;
        const std::string text = head("Expect: 100-continue\r\n" + std::string{framing}, "PUT / HTTP/1.1");
        for (const char& c : text) conversation.send({&c, 1});
        EXPECT_EQ(conversation.continues(), 1);
        conversation.send(framing.starts_with("C") ? "o" : "2\r\no");
        conversation.send(framing.starts_with("C") ? "k" : "k\r\n0\r\n\r\n");
        EXPECT_EQ(conversation.continues(), 1);
        EXPECT_NE(conversation.seen().find("|body=ok\n"), std::string::npos);
    }
}

TEST(RequestReader, AClientThatDoesNotWaitIsNotToldToGoOn) {
    const auto continues = [](const std::string& bytes, std::size_t limit = max_body) {
        Conversation conversation{limit};
        conversation.send(bytes);
        return conversation.continues();
    };
    EXPECT_EQ(continues(head("Expect: 100-continue\r\nContent-Length: 2\r\n") + "ok"), 0);
    EXPECT_EQ(continues(head("Expect: 100-continue\r\nContent-Length: 0\r\n")), 0);
    EXPECT_EQ(continues(head("Expect: 100-continue\r\n")), 0);
    EXPECT_EQ(continues(head("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n"), 0);
    EXPECT_EQ(continues("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"), 0);
    EXPECT_EQ(continues(head("Expect: 100-continue\r\nContent-Length: 3\r\n"), 2), 0);
}

// ---- memory -----------------------------------------------------------------------------------------------

TEST(RequestReader, ARequestThatFitsTheBlockTakesNoMemory) {
    alloc::testing::CheckedUpstream upstream;
    std::array<char, RequestReader::block_size> block{};
    RequestReader reader{block, max_body};
    Request request{alloc::Allocator{upstream}};
    const std::string sent = head("Content-Length: 5\r\n", "POST /a?b=c HTTP/1.1") + "hello";
    EXPECT_EQ(reader.next(request), State::need_more);
    std::memcpy(reader.prepare().data(), sent.data(), sent.size());
    EXPECT_EQ(reader.commit(sent.size()), State::complete);
    EXPECT_EQ(upstream.calls(), 0U);
    // Views of the block itself.
    EXPECT_EQ(request.body().data(), block.data() + sent.size() - 5);
    reader.release();
}

TEST(RequestReader, WhereverMemoryEndsNothingIsLost) {
    const std::array sent{head("Content-Length: 15000\r\n", "POST /a%20b HTTP/1.1") + std::string(15000, 'x'),
                          head("Transfer-Encoding: chunked\r\n") + "2ee0\r\n" + std::string(12000, 'x') +
                              "\r\n3a98\r\n" + std::string(7000, 'x')};
    for (const std::string& bytes : sent) {
        bool done = false;
        std::size_t call = 0;
        for (; !done; ++call) {
            alloc::testing::CheckedUpstream upstream;
            upstream.fail_at(call);
            {
                alloc::Arena arena{upstream, {.first_chunk = 256}};
                std::array<char, RequestReader::block_size> block{};
                RequestReader reader{block, max_body};
                Request request{arena.allocator()};
                try {
                    (void)reader.next(request);
                    for (std::string_view rest = bytes; !rest.empty();) {
                        const std::span<char> space = reader.prepare();
                        const std::size_t size = std::min(space.size(), rest.size());
                        std::memcpy(space.data(), rest.data(), size);
                        (void)reader.commit(size);
                        rest.remove_prefix(size);
                    }
                    done = upstream.calls() <= call;
                } catch (const std::bad_alloc&) {
                }
                reader.release();
            }
            EXPECT_EQ(upstream.live_blocks(), 0U);
            EXPECT_EQ(upstream.violations(), std::vector<std::string>{});
        }
        EXPECT_GT(call, 1U);
    }
}

TEST(RequestReader, AReaderMayEndInTheMiddleOfARequest) {
    for (const std::string& sample : samples()) {
        for (std::size_t size = 0; size < sample.size(); size += 5) {
            Conversation conversation;
            conversation.send(std::string_view{sample}.substr(0, size));
        }
    }
}

// ---- anything at all --------------------------------------------------------------------------------------

TEST(RequestReader, DamagedRequestsAreReadAlikeHoweverTheyAreCut) {
    std::mt19937_64 random{31};
    const auto below = [&random](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
    const std::vector<std::string> seeds = samples();
    for (int i = 0; i < 20000; ++i) {
        std::string sent = seeds[below(seeds.size())];
        for (std::size_t change = 1 + below(3); change != 0; --change) {
            const std::size_t at = below(sent.size() + 1);
            switch (below(4)) {
                case 0:
                    sent.insert(at, 1, "\r\n \t:;,0\x01"[below(9)]);
                    break;
                case 1:
                    if (at < sent.size()) sent[at] = static_cast<char>(random());
                    break;
                case 2:
                    sent.erase(at, 1 + below(2));
                    break;
                default:
                    sent.insert(at, sent.substr(below(sent.size() + 1), below(20)));
            }
        }
        // What is wrong may show before the head's end, but it shows at its end at the latest.
        sent += "\r\n\r\n\r\n";
        const std::string expected = seen(sent);
        Conversation bytewise;
        for (const char& byte : sent) bytewise.send({&byte, 1});
        ASSERT_EQ(bytewise.seen(), expected) << testing::PrintToString(sent);
        const std::size_t cut = below(sent.size() + 1);
        Conversation conversation;
        conversation.send(std::string_view{sent}.substr(0, cut));
        conversation.send(std::string_view{sent}.substr(cut));
        ASSERT_EQ(conversation.seen(), expected) << "cut at " << cut << " of\n"
                                                 << testing::PrintToString(sent);
    }
}

}  // namespace
