#include "framing.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace zigmund::http;

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

/// The status that a head with these fields is refused with; ok: it is taken.
Status refusal(const Fields& fields, bool version_1_0 = false) {
    Framing framing;
    for (const auto& [name, value] : fields) {
        if (!framing.field(name, value)) return framing.error();
    }
    return framing.end(version_1_0) ? Status::ok : framing.error();
}

/// The same, with a Host.
Status refusal_of(std::string_view name, std::string_view value) {
    return refusal({{"host", "a"}, {name, value}});
}

TEST(Framing, AContentLengthIsDigitsWithoutALeadingZero) {
    for (const auto& [text, length] : std::vector<std::pair<std::string_view, std::uint64_t>>{
             {"0", 0}, {"5", 5}, {"1048576", 1048576}, {"18446744073709551615", 18446744073709551615U}}) {
        Framing framing;
        EXPECT_TRUE(framing.field("Content-Length", text));
        EXPECT_EQ(framing.content_length(), length);
        EXPECT_FALSE(framing.chunked());
    }
    for (const std::string_view text :
         {"", "+5", "-5", "0x5", "5 5", "1_0", "05", "00", "5,5", "5, 5", "5;", "a", "5a", "1.0", "1e3",
          "18446744073709551616", "99999999999999999999999"})
        EXPECT_EQ(refusal_of("Content-Length", text), Status::bad_request) << '"' << text << '"';
}

TEST(Framing, AContentLengthStandsThereOnce) {
    EXPECT_EQ(refusal({{"host", "a"}, {"content-length", "5"}, {"Content-Length", "5"}}),
              Status::bad_request);
    EXPECT_EQ(refusal({{"host", "a"}, {"content-length", "0"}, {"Content-Length", "5"}}),
              Status::bad_request);
}

TEST(Framing, OneChunkedIsTheOnlyTransferCoding) {
    EXPECT_EQ(refusal_of("Transfer-Encoding", "chunked"), Status::ok);
    EXPECT_EQ(refusal_of("TRANSFER-ENCODING", "Chunked"), Status::ok);
    for (const std::string_view text : {"gzip", "xchunked", "identity", "chunkedx", "deflate"})
        EXPECT_EQ(refusal_of("Transfer-Encoding", text), Status::not_implemented) << text;
    for (const std::string_view text : {"", "chunked, gzip", "gzip, chunked", "chunked, chunked", "chunked,",
                                        ",chunked", "chunked;q=1", "\"chunked\"", "chun ked",
                                        "\x0b"
                                        "chunked"})
        EXPECT_EQ(refusal_of("Transfer-Encoding", text), Status::bad_request) << '"' << text << '"';
    EXPECT_EQ(refusal({{"host", "a"}, {"transfer-encoding", "chunked"}, {"transfer-encoding", "chunked"}}),
              Status::bad_request);
}

TEST(Framing, TransferEncodingBesideContentLengthIsRefusedInEitherOrder) {
    EXPECT_EQ(refusal({{"host", "a"}, {"transfer-encoding", "chunked"}, {"content-length", "5"}}),
              Status::bad_request);
    EXPECT_EQ(refusal({{"host", "a"}, {"content-length", "5"}, {"transfer-encoding", "chunked"}}),
              Status::bad_request);
}

TEST(Framing, Http10HasNoTransferEncoding) {
    EXPECT_EQ(refusal({{"transfer-encoding", "chunked"}}, true), Status::bad_request);
}

TEST(Framing, Http11NeedsExactlyOneHost) {
    EXPECT_EQ(refusal({}), Status::bad_request);
    EXPECT_EQ(refusal({}, true), Status::ok);
    EXPECT_EQ(refusal({{"host", "a"}}), Status::ok);
    EXPECT_EQ(refusal({{"host", "a"}, {"Host", "a"}}), Status::bad_request);
    EXPECT_EQ(refusal({{"host", "a"}, {"Host", "b"}}), Status::bad_request);
    EXPECT_EQ(refusal({{"host", "a"}, {"Host", "a"}}, true), Status::bad_request);
}

TEST(Framing, AHostIsANameAndAPort) {
    for (const std::string_view text :
         {"example.org", "example.org:8080", "127.0.0.1", "[::1]:80", "a-b_c~d", "a%20b"})
        EXPECT_EQ(refusal({{"host", text}}), Status::ok) << text;
    for (const std::string_view text : {"user@example.org", "example.org/path", "a b", "a,b", "a?b", "a#b",
                                        "a\\b", "<a>", "\"a\"", "\xC3\xA9"})
        EXPECT_EQ(refusal({{"host", text}}), Status::bad_request) << text;
}

TEST(Framing, ThereAreAtMost64CookiesInAllFieldsTogether) {
    const auto cookies = [](int count) {
        std::string text;
        for (int i = 0; i < count; ++i) text.append(i == 0 ? "" : "; ").append("name=v");
        return text;
    };
    const std::string most = cookies(64);
    const std::string more = cookies(65);
    const std::string half = cookies(33);
    EXPECT_EQ(refusal({{"host", "a"}, {"cookie", most}}), Status::ok);
    EXPECT_EQ(refusal({{"host", "a"}, {"Cookie", more}}), Status::header_fields_too_large);
    EXPECT_EQ(refusal({{"host", "a"}, {"cookie", half}, {"cookie", half}}), Status::header_fields_too_large);
    EXPECT_EQ(refusal({{"host", "a"}, {"cookie", std::string(4000, 'x')}}), Status::ok);
    const std::string_view eight = "a;b;c;d;e;f;g;h";
    Fields short_ones{{"host", "a"}};
    for (int i = 0; i < 8; ++i) short_ones.emplace_back("cookie", eight);
    EXPECT_EQ(refusal(short_ones), Status::ok);
    short_ones.emplace_back("cookie", "a");
    EXPECT_EQ(refusal(short_ones), Status::header_fields_too_large);
}

TEST(Framing, TheOnlyExpectationIs100Continue) {
    Framing framing;
    EXPECT_FALSE(framing.expects_continue());
    EXPECT_TRUE(framing.field("Expect", "100-Continue"));
    EXPECT_TRUE(framing.expects_continue());
    EXPECT_EQ(refusal_of("Expect", "200-ok"), Status::expectation_failed);
    EXPECT_EQ(refusal_of("Expect", ""), Status::expectation_failed);
}

TEST(Framing, AConnectionIsKeptByDefaultFromHttp11On) {
    const auto kept = [](std::string_view value, bool version_1_0) {
        Framing framing;
        if (value.data() != nullptr) {
            EXPECT_TRUE(framing.field("Connection", value));
        }
        return framing.keep_alive(version_1_0);
    };
    EXPECT_TRUE(kept({}, false));
    EXPECT_FALSE(kept({}, true));
    EXPECT_TRUE(kept("Keep-Alive", true));
    EXPECT_FALSE(kept("close", false));
    EXPECT_FALSE(kept("foo, Close", false));
    EXPECT_FALSE(kept("close, keep-alive", false));
    EXPECT_FALSE(kept("keep-alive,close", true));
    EXPECT_TRUE(kept("upgrade , keep-alive ,", true));
    EXPECT_TRUE(kept("closed", false));
}

TEST(Framing, ATargetIsAPathAndAQuery) {
    const std::optional<Target> target = split_target("/a/b%20c?x=1&y=/?", false);
    ASSERT_TRUE(target);
    EXPECT_EQ(target->authority, "");
    EXPECT_EQ(target->path, "/a/b%20c");
    EXPECT_EQ(target->query, "x=1&y=/?");
    EXPECT_EQ(split_target("/?", false)->path, "/");
    EXPECT_EQ(split_target("/?", false)->query, "");
    EXPECT_EQ(split_target("//a", false)->path, "//a");
}

TEST(Framing, AnAbsoluteTargetHasAnAuthority) {
    const std::optional<Target> target = split_target("http://example.org:80/a?b", false);
    ASSERT_TRUE(target);
    EXPECT_EQ(target->authority, "example.org:80");
    EXPECT_EQ(target->path, "/a");
    EXPECT_EQ(target->query, "b");
    EXPECT_EQ(split_target("HTTPS://a", false)->path, "/");
    EXPECT_EQ(split_target("http://a?b=c", false)->path, "/");
    EXPECT_EQ(split_target("http://a?b=c", false)->query, "b=c");
}

TEST(Framing, OtherTargetsAreRefused) {
    for (const std::string_view text :
         {"", "*", "a", "a/b", "example.org:443", "http://", "http:///a", "http://u@a/", "ftp://a/", "://a",
          "/a#b", "/a b", "/\x7f", "/\x01", "/\xC3\xA9", "?a=b"})
        EXPECT_FALSE(split_target(text, false)) << text;
}

TEST(Framing, AnAsteriskIsForOptions) {
    ASSERT_TRUE(split_target("*", true));
    EXPECT_EQ(split_target("*", true)->path, "*");
    EXPECT_FALSE(split_target("*?a", true));
}

}  // namespace
