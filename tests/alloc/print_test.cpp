#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/print.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

namespace alloc = zigmund::alloc;
using namespace zigmund::alloc;

TEST(Print, FormatsIntoMemoryOfExactlyTheTextsSize) {
    const std::string_view text = heap().print("Hello, {}! {:>4}", "world", 42);
    EXPECT_EQ(text, "Hello, world!   42");
    heap().free(text);
}

TEST(Print, WritesNothingOutsideOfItsBlock) {
    alloc::testing::CheckedUpstream upstream;
    const Allocator a = upstream;
    for (std::size_t size = 0; size < 600; size += size < 20 ? 1 : 37) {
        const std::string text(size, 'x');
        const std::string_view printed = a.print("<{}>", text);
        EXPECT_EQ(printed, "<" + text + ">");
        EXPECT_EQ(upstream.live_bytes(), size + 2);
        a.free(printed);
    }
    EXPECT_TRUE(upstream.violations().empty());
    EXPECT_EQ(upstream.live_blocks(), 0u);
}

TEST(Print, TextThatExceedsTheStackBufferIsWhole) {
    for (const std::size_t size : {0u, 1u, 255u, 256u, 257u, 5000u}) {
        const std::string expected(size, 'x');
        const std::string_view text = heap().print("{}", expected);
        EXPECT_EQ(text, expected);
        heap().free(text);
        const auto tried = heap().try_print("{}", expected);
        ASSERT_TRUE(tried.has_value());
        EXPECT_EQ(*tried, expected);
        heap().free(*tried);
    }
}

TEST(Print, AFullResourceThrowsOrReturnsTheError) {
    class Empty final : public Resource {
        void* do_try_allocate(std::size_t, std::size_t) noexcept override { return nullptr; }
        void do_deallocate(void*, std::size_t, std::size_t) noexcept override {}
    } empty;
    EXPECT_THROW((void)Allocator{empty}.print("{}", 1), std::bad_alloc);
    EXPECT_EQ(Allocator{empty}.try_print("{}", 1), std::unexpected(Error::out_of_memory));
}

}  // namespace
