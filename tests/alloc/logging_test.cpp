#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/logging.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;
using zigmund::alloc::testing::conforms;

std::string hex(const void* p) {
    char text[32];
    std::snprintf(text, sizeof text, "0x%jx",
                  static_cast<std::uintmax_t>(reinterpret_cast<std::uintptr_t>(p)));
    return text;
}

TEST(Logging, Conforms) {
    EXPECT_TRUE(conforms(
        [](Resource& upstream) { return std::make_unique<Logging>(upstream, [](std::string_view) {}); },
        {.grows_in_place = true, .remaps = true}));
}

TEST(Logging, EveryOperationIsOneLine) {
    std::string log;
    CheckedUpstream upstream{CheckedUpstream::Growth::moves};
    Logging logged{upstream, [&](std::string_view line) { log += line; }};
    void* p = logged.allocate(100, 16);
    EXPECT_FALSE(logged.resize(p, 100, 16, 150));
    void* q = logged.remap(p, 100, 16, 150);
    logged.deallocate(q, 150, 16);
    EXPECT_EQ(log, "alloc 100 16 " + hex(p) + "\nresize " + hex(p) + " 100 16 150 no\nremap " + hex(p) +
                       " 100 16 150 " + hex(q) + "\nfree " + hex(q) + " 150 16\n");
}

TEST(Logging, RefusalsAndTheLongestLinesAreWhole) {
    std::string log;
    CheckedUpstream upstream{CheckedUpstream::Growth::in_place};
    Logging logged{upstream, [&](std::string_view line) { log += line; }};
    void* p = logged.allocate(8, 8);
    EXPECT_TRUE(logged.resize(p, 8, 8, 9));
    EXPECT_EQ(logged.try_allocate(SIZE_MAX, std::size_t{1} << 63), nullptr);
    EXPECT_EQ(logged.remap(p, 9, 8, SIZE_MAX), nullptr);
    const volatile std::size_t all = SIZE_MAX;  // gcc refuses the constant
    EXPECT_THROW((void)logged.allocate(all, 1), std::bad_alloc);
    logged.deallocate(p, 9, 8);
    EXPECT_EQ(log, "alloc 8 8 " + hex(p) + "\nresize " + hex(p) +
                       " 8 8 9 yes\nalloc 18446744073709551615 9223372036854775808 null\nremap " + hex(p) +
                       " 9 8 18446744073709551615 null\nalloc 18446744073709551615 1 null\nfree " + hex(p) +
                       " 9 8\n");
}

TEST(Logging, WritesToAFile) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* out = ::open_memstream(&text, &size);
    Logging logged{heap(), out};
    void* p = logged.allocate(1, 1);
    logged.deallocate(p, 1, 1);
    std::fclose(out);
    EXPECT_EQ((std::string{text, size}), "alloc 1 1 " + hex(p) + "\nfree " + hex(p) + " 1 1\n");
    std::free(text);
}

}  // namespace
