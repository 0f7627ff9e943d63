#include <zigmund/alloc/block_pool.hpp>
#include <zigmund/alloc/null_allocator.hpp>
#include <zigmund/alloc/pool.hpp>
#include <zigmund/alloc/sanitizer.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "random_verbs.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;
using zigmund::alloc::testing::conforms;
using zigmund::alloc::testing::RandomVerbs;

// Both ways of working, in every build.
class PoolChecks : public ::testing::TestWithParam<bool> {
  protected:
    PoolOptions with(std::size_t capacity = SIZE_MAX) const {
        return {.capacity = capacity, .checked = GetParam()};
    }
};
INSTANTIATE_TEST_SUITE_P(Pool, PoolChecks, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "checked" : "unchecked"; });

TEST_P(PoolChecks, ConformsForBlocksOfEverySizeAndAlignment) {
    struct Shape {
        std::size_t size;
        std::size_t align;
    };
    for (const Shape of : {Shape{1, 1}, Shape{1, 64}, Shape{8, 8}, Shape{24, 16}, Shape{1000, 1},
                           Shape{1000, 4096}, Shape{100000, 16}, Shape{100000, 1 << 16}}) {
        const auto make = [&](Resource& upstream) {
            return std::make_unique<BlockPool>(of.size, of.align, upstream, with());
        };
        EXPECT_TRUE(
            conforms(make, {.max_size = of.size, .max_align = of.align, .grows_in_place = of.size > 1}))
            << of.size << '@' << of.align;
    }
}

template <std::size_t Size, std::size_t Align>
struct alignas(Align) Shaped {
    std::array<std::byte, Size> bytes;
};

template <class T>
void expect_that_a_pool_conforms(PoolOptions options) {
    const auto make = [&](Resource& upstream) { return std::make_unique<Pool<T>>(upstream, options); };
    EXPECT_TRUE(
        conforms(make, {.max_size = sizeof(T), .max_align = alignof(T), .grows_in_place = sizeof(T) > 1}))
        << sizeof(T) << '@' << alignof(T);
}

TEST_P(PoolChecks, APoolOfObjectsConformsForSizesAndAlignmentsUpToTheirs) {
    expect_that_a_pool_conforms<char>(with());
    expect_that_a_pool_conforms<void*>(with());
    expect_that_a_pool_conforms<Shaped<24, 8>>(with());
    expect_that_a_pool_conforms<Shaped<1000, 1>>(with());
    expect_that_a_pool_conforms<Shaped<4096, 4096>>(with());
}

TEST_P(PoolChecks, ABlockGivenBackIsTheNextOneTaken) {
    BlockPool pool{48, 16, heap(), with()};
    void* a = pool.take();
    void* b = pool.take();
    pool.give(a);
    pool.give(b);
    EXPECT_EQ(pool.take(), b);
    EXPECT_EQ(pool.take(), a);
    EXPECT_EQ(pool.live_blocks(), 2u);
}

TEST_P(PoolChecks, BlocksAreDistinctAlignedAndWhole) {
    CheckedUpstream upstream;
    {
        BlockPool pool{40, 32, upstream, with()};
        std::set<std::uintptr_t> seen;
        for (int i = 0; i < 5000; ++i) {
            void* p = pool.take();
            std::memset(p, i, 40);
            ASSERT_EQ(reinterpret_cast<std::uintptr_t>(p) % 32, 0u);
            ASSERT_TRUE(seen.insert(reinterpret_cast<std::uintptr_t>(p)).second);
        }
        for (auto one = seen.begin(), next = std::next(one); next != seen.end(); ++one, ++next)
            ASSERT_GE(*next - *one, 40u);
    }
    EXPECT_EQ(upstream.live_blocks(), 0u);
    EXPECT_TRUE(upstream.violations().empty());
}

TEST_P(PoolChecks, ThePoolGrowsInChunksThatDouble) {
    CheckedUpstream upstream;
    BlockPool pool{64, 8, upstream, with()};
    for (int i = 0; i < 100000; ++i) (void)pool.take();
    EXPECT_LE(upstream.calls(), 16u);
    EXPECT_GE(pool.reserved_blocks(), 100000u);
    EXPECT_LE(pool.reserved_blocks(), 300000u);
}

TEST_P(PoolChecks, TheCapacityIsExact) {
    CheckedUpstream upstream;
    BlockPool pool{16, 8, upstream, with(1000)};
    std::vector<void*> blocks;
    while (void* p = pool.take()) blocks.push_back(p);
    EXPECT_EQ(blocks.size(), 1000u);
    EXPECT_EQ(pool.reserved_blocks(), 1000u);
    pool.give(blocks.back());
    EXPECT_EQ(pool.take(), blocks.back());
    EXPECT_EQ(pool.take(), nullptr);
    EXPECT_EQ(BlockPool(16, 8, upstream, with(0)).take(), nullptr);
}

TEST_P(PoolChecks, PreheatTakesTheUpstreamsCallsInAdvance) {
    CheckedUpstream upstream;
    BlockPool pool{100, 8, upstream, with(5000)};
    void* early = pool.take();
    ASSERT_TRUE(pool.preheat(3000));
    const std::size_t calls = upstream.calls();
    upstream.fail_at(calls, true);
    std::vector<void*> blocks(3000);
    for (void*& p : blocks) p = pool.take();
    EXPECT_EQ(std::ranges::count(blocks, nullptr), 0);
    EXPECT_EQ(upstream.calls(), calls);
    for (void* p : blocks) pool.give(p);
    EXPECT_TRUE(pool.preheat(3000));
    EXPECT_EQ(upstream.calls(), calls);
    pool.give(early);
}

TEST_P(PoolChecks, PreheatRefusesWhatExceedsTheCapacityOrTheUpstream) {
    CheckedUpstream upstream;
    BlockPool pool{100, 8, upstream, with(50)};
    EXPECT_FALSE(pool.preheat(51));
    EXPECT_EQ(upstream.calls(), 0u);
    upstream.fail_at(0);
    EXPECT_FALSE(pool.preheat(50));
    EXPECT_TRUE(pool.preheat(50));
    EXPECT_TRUE(pool.preheat(0));
    BlockPool endless{100, 8, upstream, with()};
    for (std::size_t k = 0; k < 64; ++k) EXPECT_FALSE(endless.preheat(SIZE_MAX - k));
    EXPECT_FALSE(endless.preheat(SIZE_MAX / 100 + 1));
    EXPECT_NE(endless.take(), nullptr);
}

TEST_P(PoolChecks, AnUpstreamThatHasLittleIsAskedForLess) {
    // Room for a few blocks, not for a chunk of 4 KiB.
    class Little final : public Resource {
        void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
            return size <= 400 ? heap().try_allocate(size, align) : nullptr;
        }
        void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
            heap().deallocate(p, size, align);
        }
    } little;
    BlockPool pool{64, 8, little, with()};
    for (int i = 0; i < 20; ++i) EXPECT_NE(pool.take(), nullptr);
    EXPECT_EQ(BlockPool(1000, 8, little, with()).take(), nullptr);
    EXPECT_EQ(BlockPool(1000, 8, null_allocator(), with()).take(), nullptr);
}

TEST_P(PoolChecks, BlocksNearTheEndOfTheAddressSpaceAreRefusedAndNeverWrap) {
    for (std::size_t k = 0; k < 64; ++k) {
        for (const std::size_t align : {std::size_t{1}, std::size_t{1} << 16, std::size_t{1} << 62}) {
            BlockPool pool{SIZE_MAX - k, align, heap(), with()};
            EXPECT_EQ(pool.take(), nullptr);
            EXPECT_FALSE(pool.preheat(1));
        }
        BlockPool pool{SIZE_MAX / 8 - k, 1, heap(), with()};
        EXPECT_EQ(pool.take(), nullptr);
    }
    BlockPool pool{16, 8, heap(), with()};
    for (std::size_t k = 0; k < 64; ++k) EXPECT_EQ(pool.try_allocate(SIZE_MAX - k, 1), nullptr);
    EXPECT_EQ(pool.try_allocate(17, 8), nullptr);
    EXPECT_EQ(pool.try_allocate(16, 16), nullptr);
}

TEST_P(PoolChecks, RandomVerbsAgreeWithAModel) {
    CheckedUpstream upstream;
    {
        BlockPool pool{56, 8, upstream, with()};
        RandomVerbs verbs;
        verbs.max_size = 56;
        verbs.max_align = 8;
        verbs.check = [&](const RandomVerbs::Live& live) { ASSERT_EQ(pool.live_blocks(), live.blocks); };
        verbs.run(pool);
    }
    EXPECT_EQ(upstream.live_blocks(), 0u);
    EXPECT_TRUE(upstream.violations().empty());
}

struct Point {
    int x;
    int y;
};

TEST(Pool, CreatesAndDestroysObjects) {
    struct Counted {
        explicit Counted(int& alive) noexcept : alive_{&alive} { ++*alive_; }
        Counted(const Counted&) = delete;
        Counted& operator=(const Counted&) = delete;
        ~Counted() { --*alive_; }
        int* alive_;
    };
    int alive = 0;
    Pool<Counted> pool;
    Counted* a = pool.create(alive);
    Counted* b = *pool.try_create(alive);
    EXPECT_EQ(alive, 2);
    EXPECT_EQ(pool.live_objects(), 2u);
    pool.destroy(a);
    pool.destroy(nullptr);
    EXPECT_EQ(alive, 1);
    pool.destroy(b);
    EXPECT_EQ(pool.live_objects(), 0u);

    Pool<Point> points;
    Point* p = points.create(1, 2);
    EXPECT_EQ(p->y, 2);
    points.destroy(p);
}

TEST(Pool, TheBlockGoesBackWhenTheConstructorThrows) {
    struct Throws {
        Throws() { throw std::runtime_error("no"); }
    };
    Pool<Throws> pool;
    EXPECT_THROW((void)pool.create(), std::runtime_error);
    EXPECT_EQ(pool.live_objects(), 0u);
}

TEST(Pool, PlainVerbsThrowBadAllocAndTryVerbsReturnTheError) {
    Pool<Point> pool{heap(), {.capacity = 1}};
    Point* p = pool.create(1, 2);
    EXPECT_THROW((void)pool.create(3, 4), std::bad_alloc);
    EXPECT_EQ(pool.try_create(3, 4), std::unexpected(Error::out_of_memory));
    pool.destroy(p);
}

TEST(Pool, MembersThatTakeAnAllocatorGetTheUpstream) {
    CheckedUpstream upstream;
    Pool<std::pmr::string> pool{upstream};
    std::pmr::string* text = pool.create("a text that is too long for the small buffer of a string");
    EXPECT_EQ(text->get_allocator().resource(), &upstream);
    pool.destroy(text);
}

TEST(Pool, ServesAListsNodesAndRefusesBiggerBlocks) {
    struct Node {
        void* links[2];
        int value;
    };
    Pool<Node> pool;
    {
        std::pmr::list<int> list{pool.allocator()};
        for (int i = 0; i < 1000; ++i) list.push_back(i);
        EXPECT_EQ(pool.live_objects(), 1000u);
    }
    EXPECT_EQ(pool.live_objects(), 0u);
    EXPECT_EQ(pool.try_allocate(sizeof(Node) + 1, 8), nullptr);
}

TEST(PoolDeathTest, ADoubleFreeIsNamedBeforeTheDestructorRunsAgain) {
    Pool<Point> pool{heap(), {.checked = true}};
    Point* a = pool.create(1, 2);
    Point* b = pool.create(3, 4);
    pool.destroy(a);
    EXPECT_DEATH(pool.destroy(a), "^zigmund: pool: double free of the 8-byte block at 0x[0-9a-f]+\n$");
    pool.destroy(b);
    EXPECT_DEATH(pool.destroy(a), "double free");
}

TEST(PoolDeathTest, ABlockThatIsNotOfThePoolIsNamed) {
    Pool<Point> pool{heap(), {.checked = true}};
    Pool<Point> other{heap(), {.checked = true}};
    Point* a = pool.create(1, 2);
    Point* foreign = other.create(1, 2);
    EXPECT_DEATH(pool.destroy(foreign), "^zigmund: pool: 0x[0-9a-f]+ is not one of its 8-byte blocks\n$");
    EXPECT_DEATH(pool.destroy(reinterpret_cast<Point*>(&a->y)), "is not one of its 8-byte blocks");
    pool.destroy(a);
    other.destroy(foreign);
}

#if defined(ZIGMUND_ASAN)
TEST(PoolDeathTest, UseAfterDestroyIsSeenByAddressSanitizer) {
    Pool<Point> pool;
    Point* a = pool.create(1, 2);
    Point* b = pool.create(3, 4);
    pool.destroy(a);
    EXPECT_DEATH(*const_cast<volatile int*>(&a->x) = 5, "use-after-poison");
    pool.destroy(b);
}
#endif

}  // namespace
