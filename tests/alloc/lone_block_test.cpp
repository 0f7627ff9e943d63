// One block, alone in its class, taken and given back in turn: it must not map and unmap pages each time.
#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/pool.hpp>
#include <zigmund/alloc/testing/heap_counter.hpp>

#include <gtest/gtest.h>

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::heap_calls;
using zigmund::alloc::testing::mmap_calls;

constexpr std::size_t pairs = 10'000;

struct Calls {
    std::size_t heap;
    std::size_t mmap;

    friend bool operator==(const Calls&, const Calls&) = default;
};

/// Of `pairs` pairs, after some to warm up.
template <class Pair>
Calls calls_of(Pair pair) {
    for (int i = 0; i < 100; ++i) pair();
    const Calls before{heap_calls(), mmap_calls()};
    for (std::size_t i = 0; i < pairs; ++i) pair();
    return {heap_calls() - before.heap, mmap_calls() - before.mmap};
}

void take_and_give_back(Allocator a, std::size_t size) { a.deallocate(a.allocate(size), size); }

TEST(LoneBlock, OfTheHeapsCostsOneCallAndNoMapping) {
    for (const std::size_t size : {std::size_t{24}, std::size_t{4096}, std::size_t{100'000}}) {
        EXPECT_EQ(calls_of([&] { take_and_give_back(heap(), size); }), (Calls{pairs, 0})) << size;
        EXPECT_EQ(calls_of([&] { take_and_give_back(malloc_heap(), size); }), (Calls{pairs, 0})) << size;
    }
}

TEST(LoneBlock, OfTheGeneralPurposeAllocatorCostsOneCallAndNoMapping) {
    // guarded, by nature, maps; its price is no secret.
    for (const Tier tier : {Tier::off, Tier::counted, Tier::traced}) {
        GeneralPurposeAllocator gpa{{.tier = tier}};
        for (const std::size_t size : {std::size_t{24}, std::size_t{4096}, std::size_t{100'000}}) {
            EXPECT_EQ(calls_of([&] { take_and_give_back(gpa.allocator(), size); }), (Calls{pairs, 0}))
                << static_cast<int>(tier) << ", " << size;
        }
    }
}

TEST(LoneBlock, OfAPoolAndOfAnArenaCostsNoCallAtAll) {
    Pool<long> pool;
    EXPECT_EQ(calls_of([&] { pool.destroy(pool.create(1)); }), (Calls{0, 0}));

    Arena arena;
    EXPECT_EQ(calls_of([&] {
                  (void)arena.allocate(24);
                  arena.reset(Reset::retain_capacity);
              }),
              (Calls{0, 0}));
    // A block that has memory of its own, too, once its size is known.
    EXPECT_EQ(calls_of([&] {
                  (void)arena.allocate(100'000);
                  arena.reset(Reset::retain_capacity);
              }),
              (Calls{0, 0}));
}

}  // namespace
