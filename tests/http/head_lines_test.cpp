#include "head_lines.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace {

using namespace zigmund::http;

std::string_view as_text(LineScan scan) {
    switch (scan) {
        case LineScan::whole:
            return "whole";
        case LineScan::end_of_fields:
            return "end of fields";
        case LineScan::need_more:
            return "need more";
        case LineScan::malformed:
            return "malformed";
        case LineScan::other_version:
            return "other version";
    }
    return "";
}

/// The verdict on a request line, and its parts in brackets.
std::string line_of(std::string_view text) {
    RequestLine line;
    const LineScan scan = scan_request_line(text.data(), text.data() + text.size(), line);
    std::string out{as_text(scan)};
    if (scan != LineScan::whole) return out;
    out.append(" [").append(line.method).append("] [").append(line.target).append("] ");
    out.append(line.version_1_0 ? "1.0 " : "1.1 ");
    return out + std::to_string(line.next - text.data());
}

std::string field_of(std::string_view text) {
    FieldLine line;
    const LineScan scan = scan_field_line(text.data(), text.data() + text.size(), line);
    std::string out{as_text(scan)};
    if (scan == LineScan::whole)
        out.append(" [").append(line.name).append("] [").append(line.value).append("]");
    if (scan == LineScan::whole || scan == LineScan::end_of_fields)
        out += " " + std::to_string(line.next - text.data());
    return out;
}

TEST(HeadLines, ARequestLineIsTakenApart) {
    EXPECT_EQ(line_of("GET / HTTP/1.1\r\n"), "whole [GET] [/] 1.1 16");
    EXPECT_EQ(line_of("PROP-FIND http://a/b?c#d HTTP/1.0\r\nrest"),
              "whole [PROP-FIND] [http://a/b?c#d] 1.0 35");
}

TEST(HeadLines, AFieldLosesTheBlanksAroundItsValueAlone) {
    EXPECT_EQ(field_of("Host: a\r\n"), "whole [Host] [a] 9");
    EXPECT_EQ(field_of("X:\r\n"), "whole [X] [] 4");
    EXPECT_EQ(field_of("X: \t \r\n"), "whole [X] [] 7");
    EXPECT_EQ(field_of("X:\ta b\t c \t\r\nrest"), "whole [X] [a b\t c] 13");
    EXPECT_EQ(field_of("!#$%&'*+-.^_`|~09azAZ:v\r\n"), "whole [!#$%&'*+-.^_`|~09azAZ] [v] 25");
    EXPECT_EQ(field_of("X: caf\xC3\xA9 \xFF\x80\r\n"), "whole [X] [caf\xC3\xA9 \xFF\x80] 13");
    EXPECT_EQ(field_of("\r\nrest"), "end of fields 2");
}

TEST(HeadLines, EveryByteOfAValueButTabAndTheLineEndIsTextOrRefusedWhereverItStands) {
    for (std::size_t before = 0; before < 40; ++before) {
        for (int c = 0; c < 256; ++c) {
            std::string value(before, 'a');
            value.append(1, static_cast<char>(c)).append("b");
            const bool control = (c < 0x20 && c != '\t') || c == 0x7f;
            const std::string seen = field_of(std::string{"X:"}.append(value).append("\r\n"));
            if (control) {
                ASSERT_EQ(seen, "malformed") << c << " behind " << before;
            } else if ((c != ' ' && c != '\t') || before != 0) {
                ASSERT_EQ(seen, std::string{"whole [X] ["}.append(value).append("] ").append(
                                    std::to_string(value.size() + 4)))
                    << c;
            }
        }
    }
}

TEST(HeadLines, EveryByteOfANameIsOfATokenOrRefused) {
    const std::string_view token =
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (int c = 0; c < 256; ++c) {
        const char byte = static_cast<char>(c);
        if (byte == ':') continue;
        const std::string name{'X', byte, 'Y'};
        const bool whole = token.find(byte) != std::string_view::npos;
        EXPECT_EQ(field_of(name + ":v\r\n"),
                  whole ? std::string{"whole ["}.append(name).append("] [v] 7") : "malformed")
            << c;
        EXPECT_EQ(line_of(name + " / HTTP/1.1\r\n"),
                  whole ? std::string{"whole ["}.append(name).append("] [/] 1.1 16") : "malformed")
            << c;
    }
}

TEST(HeadLines, AVersionOfHttpThatIsNot1Point0Or1Point1IsToldFromWhatIsNone) {
    for (const std::string_view version : {"HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/9.9"})
        EXPECT_EQ(line_of(std::string{"GET / "}.append(version).append("\r\n")), "other version") << version;
    for (const std::string_view version : {"http/1.1", "HTTP/11", "HTTP/1.1 ", " HTTP/1.1", "HTTP/1.10",
                                           "HTTP/a.1", "HTTP/1.b", "HTTP/1,1", "HTTPS/1.1", ""})
        EXPECT_EQ(line_of(std::string{"GET / "}.append(version).append("\r\n")), "malformed") << version;
}

/// However much of a line is here, it needs more until the byte that decides.
TEST(HeadLines, ALineIsJudgedAtTheSameByteHoweverItArrives) {
    for (const std::string_view text :
         {"GET /abc HTTP/1.1\r\n", "GET  / HTTP/1.1\r\n", "GET / HTTP/1.1\n", "G\x01T / HTTP/1.1\r\n",
          "GET / HTTP/1.1\rX", "GET / HTTP/2.0\r\n", "GET / HTTP\r\n"}) {
        const std::string whole = line_of(text);
        bool judged = false;
        for (std::size_t size = 0; size <= text.size(); ++size) {
            const std::string seen = line_of(text.substr(0, size));
            EXPECT_TRUE(seen == whole || (!judged && seen == "need more")) << text << size << seen;
            judged = seen != "need more";
        }
        EXPECT_TRUE(judged) << text;
    }
    for (const std::string_view text : {"Host: abc\r\n", "Host : a\r\n", "Host: a\n", "Host: a\rb\r\n",
                                        "\r\n", "\rx", " a: b\r\n", ":\r\n", "X\r\n"}) {
        const std::string whole = field_of(text);
        bool judged = false;
        for (std::size_t size = 0; size <= text.size(); ++size) {
            const std::string seen = field_of(text.substr(0, size));
            EXPECT_TRUE(seen == whole || (!judged && seen == "need more")) << text << size << seen;
            judged = seen != "need more";
        }
        EXPECT_TRUE(judged) << text;
    }
}

// ---- beside another parser --------------------------------------------------------------------------------

/// A head as Beast reads it: the request line and the fields, as text; empty: refused, or not whole.
class BeastHead final : public boost::beast::http::basic_parser<true> {
  public:
    static std::optional<std::string> read(std::string_view text) {
        BeastHead parser;
        boost::beast::error_code error;
        parser.put({text.data(), text.size()}, error);
        if (error || !parser.is_header_done()) return std::nullopt;
        return parser.seen_;
    }

  private:
    using Text = boost::beast::string_view;
    using Error = boost::beast::error_code;

    void add(Text text) { seen_.append("[").append(text.data(), text.size()).append("]"); }
    void on_request_impl(boost::beast::http::verb, Text method, Text target, int version, Error&) override {
        add(method);
        add(target);
        seen_ += version == 10 ? "1.0" : "1.1";
    }
    void on_response_impl(int, Text, int, Error&) override {}
    void on_field_impl(boost::beast::http::field, Text name, Text value, Error&) override {
        add(name);
        add(value);
    }
    void on_header_impl(Error&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
    std::size_t on_body_impl(Text body, Error&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text body, Error&) override { return body.size(); }
    void on_finish_impl(Error&) override {}

    std::string seen_;
};

std::optional<std::string> our_head(std::string_view text) {
    const char* const end = text.data() + text.size();
    RequestLine line;
    if (scan_request_line(text.data(), end, line) != LineScan::whole) return std::nullopt;
    std::string seen;
    seen.append("[").append(line.method).append("][").append(line.target).append("]");
    seen += line.version_1_0 ? "1.0" : "1.1";
    FieldLine field;
    for (const char* at = line.next;; at = field.next) {
        const LineScan scan = scan_field_line(at, end, field);
        if (scan == LineScan::end_of_fields) return seen;
        if (scan != LineScan::whole) return std::nullopt;
        seen.append("[").append(field.name).append("][").append(field.value).append("]");
    }
}

/// What Beast lets through and we do not: lines that go on in the next one, and targets beyond ASCII.
bool is_lenient(std::string_view text) {
    const std::string_view head = text.substr(0, text.find("\r\n\r\n"));
    if (head.find("\r\n ") != std::string_view::npos || head.find("\r\n\t") != std::string_view::npos)
        return true;
    for (const char c : head.substr(0, head.find("\r\n")))
        if (static_cast<unsigned char>(c) >= 0x80) return true;
    return false;
}

TEST(HeadLines, HeadsThatAreDamagedAtRandomReadAsAnotherParserReadsThem) {
    constexpr std::array<std::string_view, 4> seeds{
        "GET /index.html?a=b HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\nX-Long: a value with blanks, "
        "and more\r\n\r\n",
        "POST / HTTP/1.0\r\nUser-Agent: x\r\nCookie: a=b; c=d\r\nX:\r\nY: \t z\t \r\n\r\n",
        "DELETE /items/1 HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\nH:1\r\nI:2\r\nJ:3\r\n\r\n"};
    constexpr std::string_view bytes = "\r\n\t :;,/?#%\"\\@aZ09\x01\x7f\x80\xff HTTP";
    std::mt19937_64 random{7230};
    const auto below = [&random](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
    int accepted = 0;
    int refused = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string text{seeds[below(seeds.size())]};
        for (std::size_t damages = below(3); damages-- != 0;) {
            const std::size_t at = below(text.size());
            switch (below(4)) {
                case 0:
                    text[at] = bytes[below(bytes.size())];
                    break;
                case 1:
                    text.insert(at, 1, bytes[below(bytes.size())]);
                    break;
                case 2:
                    text.erase(at, 1);
                    break;
                default:
                    text.insert(at, text.substr(below(text.size()), 1 + below(8)));
            }
        }
        text += "\r\n\r\n";  // an end, so that both have a verdict
        const std::optional<std::string> ours = our_head(text);
        std::optional<std::string> theirs = BeastHead::read(text);
        if (theirs && is_lenient(text)) theirs.reset();
        ASSERT_EQ(ours, theirs) << testing::PrintToString(text);
        ++(ours ? accepted : refused);
    }
    EXPECT_GT(accepted, 10'000);
    EXPECT_GT(refused, 10'000);
}

}  // namespace
