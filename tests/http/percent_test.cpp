#include "percent.hpp"

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/null_allocator.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace {

using namespace zigmund;
using namespace zigmund::http;

std::string decoded(std::string_view text, Plus plus = Plus::plus) {
    alloc::Arena arena;
    return std::string{percent_decode(text, plus, arena.allocator())};
}

TEST(Percent, TextWithoutEscapesIsReturnedAsItIsAndAllocatesNothing) {
    const std::string_view text = "/a+b";
    EXPECT_EQ(percent_decode(text, Plus::plus, alloc::null_allocator()).data(), text.data());
    EXPECT_EQ(percent_decode("", Plus::blank, alloc::null_allocator()), "");
}

TEST(Percent, EveryByteHasItsEscapeInBothCases) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        char text[16];
        std::snprintf(text, sizeof text, "<%%%02x%%%02X>", byte, byte);
        const char c = static_cast<char>(byte);
        EXPECT_EQ(decoded(text), (std::string{'<', c, c, '>'})) << text;
    }
}

TEST(Percent, APlusIsABlankOnlyWhereItIsAskedFor) {
    EXPECT_EQ(decoded("a+b%2Bc", Plus::blank), "a b+c");
    EXPECT_EQ(decoded("a+b%2Bc", Plus::plus), "a+b+c");
}

TEST(Percent, WhatIsNoEscapeStaysAsItIs) {
    EXPECT_EQ(decoded("100%"), "100%");
    EXPECT_EQ(decoded("%4"), "%4");
    EXPECT_EQ(decoded("%zz%4g%g4"), "%zz%4g%g4");
    EXPECT_EQ(decoded("%%41"), "%A");
    EXPECT_EQ(decoded("%+1%-1", Plus::plus), "%+1%-1");
}

TEST(Percent, TextIsDecodedOnce) { EXPECT_EQ(decoded("%2541"), "%41"); }

TEST(Percent, WithoutMemoryItThrows) {
    EXPECT_THROW((void)percent_decode("%41", Plus::plus, alloc::null_allocator()), std::bad_alloc);
}

}  // namespace
