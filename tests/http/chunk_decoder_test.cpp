#include "chunk_decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace {

using zigmund::http::ChunkDecoder;
using State = ChunkDecoder::State;

std::string joined(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts) text += part;
    return text;
}

/// The body and how it ended, "whole+rest" with what is behind it, when `text` arrives `piece` bytes at a time.
std::string decoded_by(std::size_t piece, std::string_view text, std::size_t max_body = 1000) {
    ChunkDecoder decoder{max_body};
    std::string body;
    std::string here;
    while (true) {
        std::string_view left = here;
        std::string_view part;
        State state = State::data;
        while ((state = decoder.next(left, part)) == State::data) body += part;
        here = std::string{left};
        if (state == State::whole) return body.append(" whole+").append(here).append(text);
        if (state == State::malformed) return "malformed";
        if (state == State::too_large) return "too large";
        if (text.empty()) return body.append(" more");
        here += text.substr(0, piece);
        text.remove_prefix(std::min(piece, text.size()));
    }
}

/// The same however it arrives.
std::string decoded(std::string_view text, std::size_t max_body = 1000) {
    const std::string whole = decoded_by(text.size() + 1, text, max_body);
    for (std::size_t piece = 1; piece <= text.size(); ++piece)
        EXPECT_EQ(decoded_by(piece, text, max_body), whole)
            << testing::PrintToString(text) << " by " << piece;
    return whole;
}

TEST(ChunkDecoder, JoinsChunksAndStopsBehindTheLast) {
    EXPECT_EQ(decoded("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /"), "hello world whole+GET /");
    EXPECT_EQ(decoded("0\r\n\r\n"), " whole+");
    EXPECT_EQ(decoded("00a\r\n0123456789\r\n000\r\n\r\n"), "0123456789 whole+");
    EXPECT_EQ(decoded("2\r\n\r\n\r\n0\r\n\r\n"), "\r\n whole+");
    EXPECT_EQ(decoded("5\r\nhel"), "hel more");
}

TEST(ChunkDecoder, ExtensionsAreWellFormedAndIgnored) {
    for (const std::string_view extensions :
         {";a", ";a=b", ";a;b", ";a=\"b;c\\\"\"", ";a =\tb", "; a", ";a=\"\"", ";a=b;c=\"d\"; e"})
        EXPECT_EQ(decoded(joined({"1", extensions, "\r\nx\r\n0;z\r\n\r\n"})), "x whole+") << extensions;
    for (const std::string_view extensions : {" ", " ;a", ";", ";;a", ";a=", ";a b", "g", ";a=\"b", ";=b",
                                              ";a=b c", ";a\x01", ";a=\"\x7f\"", ";a=\"b\"c", ";a "})
        EXPECT_EQ(decoded(joined({"1", extensions, "\r\nx\r\n0\r\n\r\n"})), "malformed") << extensions;
}

TEST(ChunkDecoder, ExtensionsOfAChunkHave256BytesAndAllOfThem8192) {
    const auto chunk = [](std::size_t extension) {
        return joined({"1;", std::string(extension - 1, 'e'), "\r\nx\r\n"});
    };
    EXPECT_EQ(decoded_by(7, chunk(256) + "0\r\n\r\n"), "x whole+");
    EXPECT_EQ(decoded_by(7, chunk(257) + "0\r\n\r\n"), "malformed");
    std::string many;
    for (int i = 0; i < 32; ++i) many += chunk(256);
    EXPECT_EQ(decoded_by(7, many + "0\r\n\r\n"), joined({std::string(32, 'x'), " whole+"}));
    EXPECT_EQ(decoded_by(7, many + "0;e\r\n\r\n"), "malformed");
}

TEST(ChunkDecoder, FieldsBehindTheLastChunkAreWellFormedAndDropped) {
    EXPECT_EQ(decoded("1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\nrest"), "x whole+rest");
    for (const std::string_view trailer : {"A\r\n", "A : b\r\n", " A: b\r\n", "A: b\n", "\n", "A: \x01\r\n"})
        EXPECT_EQ(decoded(joined({"0\r\n", trailer, "\r\n"})), "malformed") << trailer;
    const std::string line = joined({"A: ", std::string(95, 'b'), "\r\n"});
    std::string most;
    for (int i = 0; i < 81; ++i) most += line;
    EXPECT_EQ(decoded_by(100, joined({"0\r\n", most, "\r\n"})), " whole+");
    EXPECT_EQ(decoded_by(100, joined({"0\r\n", most, line, "\r\n"})), "malformed");
}

TEST(ChunkDecoder, ABodyAtTheLimitIsTakenAndTheChunkThatGoesBeyondIsNot) {
    EXPECT_EQ(decoded("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5), "abcde whole+");
    EXPECT_EQ(decoded("3\r\nabc\r\n3\r\n", 5), "too large");
    EXPECT_EQ(decoded("FFFFFFFFFFFFFFFF\r\n", 5), "too large");
    EXPECT_EQ(decoded("0FFFFFFFFFFFFFFFF\r\n", 5), "malformed");
}

}  // namespace
