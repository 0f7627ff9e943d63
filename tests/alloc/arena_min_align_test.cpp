#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace {

using namespace zigmund::alloc;

template <class T>
class MinAlign : public ::testing::Test {};

template <std::size_t N>
using Of = std::integral_constant<std::size_t, N>;
using Each = ::testing::Types<Of<1>, Of<2>, Of<4>, Of<8>, Of<16>>;
TYPED_TEST_SUITE(MinAlign, Each, );

std::uintptr_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

TYPED_TEST(MinAlign, Conforms) {
    EXPECT_TRUE(zigmund::alloc::testing::conforms(
        [](Resource& upstream) { return std::make_unique<BasicArena<TypeParam::value>>(upstream); },
        {.frees = false, .grows_in_place = true}));
}

TYPED_TEST(MinAlign, EveryBlockHasItAndPaddingIsOnlyForIt) {
    constexpr std::size_t least = TypeParam::value;
    BasicArena<least> arena;
    std::size_t used = 0;
    for (std::size_t size = 0; size < 100; ++size) {
        void* const p = size % 2 == 0 ? arena.allocate(size, 1) : arena.allocator().allocate(size, 1);
        EXPECT_EQ(address(p) % least, 0u);
        used += (size + least - 1) / least * least;
        EXPECT_EQ(arena.bytes_used(), used);
    }
}

TYPED_TEST(MinAlign, LargerAlignmentsAreKept) {
    BasicArena<TypeParam::value> arena;
    for (std::size_t align = 1; align <= 256; align *= 2) {
        for (const std::size_t size : {1u, 3u, 100u}) {
            (void)arena.allocate(1, 1);
            EXPECT_EQ(address(arena.allocate(size, align)) % align, 0u);
            EXPECT_EQ(address(arena.allocator().allocate(size, align)) % align, 0u);
        }
    }
}

TYPED_TEST(MinAlign, TheNewestBlockGrowsShrinksAndIsTakenBackInPlace) {
    BasicArena<TypeParam::value> arena;
    (void)arena.allocate(5, 1);
    const std::size_t before = arena.bytes_used();
    void* const p = arena.allocate(7, 1);
    std::memset(p, 7, 7);
    ASSERT_TRUE(arena.resize(p, 7, 1, 33));
    ASSERT_EQ(arena.remap(p, 33, 1, 3), p);
    EXPECT_EQ(static_cast<const char*>(p)[2], 7);
    arena.deallocate(p, 3, 1);
    EXPECT_EQ(arena.bytes_used(), before);
    EXPECT_EQ(arena.allocate(7, 1), p);
}

TYPED_TEST(MinAlign, ScopesTransactionsAndObjectsWork) {
    BasicArena<TypeParam::value> arena;
    const std::string text(100, 'x');
    (void)arena.allocate(1, 1);
    const std::size_t used = arena.bytes_used();
    {
        const ArenaScope scope{arena};
        EXPECT_EQ(*arena.template create<std::string>(text), text);
        EXPECT_EQ(address(arena.template create<double>(1.0)) % alignof(double), 0u);
        EXPECT_EQ(arena.template create_array<int>(3).size(), 3u);
        Transaction transaction = arena.transaction();
        (void)arena.allocate(50, 1);
    }
    EXPECT_EQ(arena.bytes_used(), used);
    ArenaBase& base = arena;
    EXPECT_TRUE(base.reset(Reset::retain_capacity));
    EXPECT_EQ(base.bytes_used(), 0u);
}

TEST(BasicArena, OfOnePacksTextWithoutAGap) {
    BasicArena<1> arena;
    const Allocator allocator = arena.allocator();
    const auto first = allocator.dupe("abc");
    const auto second = allocator.dupe("defgh");
    EXPECT_EQ(first.data() + first.size(), second.data());
    EXPECT_EQ(arena.bytes_used(), 8u);
}

TEST(BasicArena, OfOneUsesABufferToItsLastByte) {
    alignas(16) std::array<std::byte, 64> buffer;
    BasicArena<1> arena{buffer};
    for (int i = 0; i < 64; ++i) EXPECT_EQ(arena.allocate(1, 1), buffer.data() + i);
    EXPECT_EQ(arena.spill_count(), 0u);
    (void)arena.allocate(1, 1);
    EXPECT_EQ(arena.spill_count(), 1u);
}

}  // namespace
