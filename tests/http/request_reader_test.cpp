// Requests as they are read, wherever their bytes are cut.
#include "request_reader.hpp"

#include <zigmund/alloc/testing/checked_upstream.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conversation.hpp"

namespace {

using namespace conversation;

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
