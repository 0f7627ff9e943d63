#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/containers.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/pmr_adapter.hpp>
#include <zigmund/alloc/sanitizer.hpp>
#include <zigmund/alloc/testing/gtest.hpp>
#include <zigmund/alloc/vector.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::conforms;

// Counts what is live, and throws what it likes; no Resource.
class Foreign final : public std::pmr::memory_resource {
  public:
    std::size_t live_bytes = 0;
    bool refuses = false;

  private:
    void* do_allocate(std::size_t size, std::size_t align) override {
        if (refuses) throw 42;
        // AddressSanitizer's new ends the program over such a size.
        if (size > std::size_t{1} << 40) throw std::bad_alloc{};
        void* const p = std::pmr::new_delete_resource()->allocate(size, align);
        live_bytes += size;
        return p;
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) override {
        live_bytes -= size;
        std::pmr::new_delete_resource()->deallocate(p, size, align);
    }
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }
};

TEST(PmrAdapter, ConformsOverAResource) {
    EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<PmrAdapter>(upstream); }));
}

TEST(PmrAdapter, ConformsOverAForeignMemoryResource) {
    Foreign foreign;
    {
        PmrAdapter adapter{foreign};
        EXPECT_TRUE(conforms(adapter));
    }
    EXPECT_EQ(foreign.live_bytes, 0u);
}

TEST(PmrAdapter, PutsAForeignMemoryResourceUnderOurVerbs) {
    Foreign foreign;
    {
        PmrAdapter adapter{foreign};
        const Allocator a = adapter;
        EXPECT_EQ(&adapter.upstream(), &foreign);
        int* const n = a.create<int>(3);
        EXPECT_EQ(*n, 3);
        a.destroy(n);
        Arena arena{adapter};
        EXPECT_NE(arena.try_allocate(100000, 64), nullptr);
        Vector<int> v{a};
        for (int i = 0; i < 1000; ++i) v.push_back(i);
        EXPECT_EQ(v[999], 999);
        EXPECT_GT(foreign.live_bytes, 100000u);
    }
    EXPECT_EQ(foreign.live_bytes, 0u);
}

TEST(PmrAdapter, WhateverTheUpstreamThrowsIsARefusal) {
    Foreign foreign;
    foreign.refuses = true;
    PmrAdapter adapter{foreign};
    EXPECT_EQ(adapter.try_allocate(8, 8), nullptr);
    EXPECT_THROW((void)adapter.allocate(8, 8), std::bad_alloc);
}

TEST(PmrAdapter, ContainersPassBackWhatTheyGot) {
    PmrAdapter adapter{heap().resource()};
    map<string, vector<int>> lists{&adapter};
    for (int i = 0; i < 100; ++i)
        lists["a key that is too long for a small buffer " + string{std::to_string(i)}].assign(20, i);
    deque<string> texts{&adapter};
    texts.resize(100);
    unordered_map<int, string> more{&adapter};
    for (int i = 0; i < 1000; ++i) more[i] = "x";
    EXPECT_EQ(lists.size(), 100u);
}

TEST(PmrAdapter, ResizesAndRemapsWhereItsUpstreamDoes) {
    PmrAdapter adapter{pages().resource()};
    const std::size_t small = page_size() - 32;
    char* p = static_cast<char*>(adapter.allocate(small, 16));
    p[0] = 'a';
    EXPECT_TRUE(adapter.resize(p, small, 16, 100));
    char* const moved = static_cast<char*>(adapter.remap(p, 100, 16, 1 << 20));
    ASSERT_NE(moved, nullptr);
    EXPECT_EQ(moved[0], 'a');
    adapter.deallocate(moved, 1 << 20, 16);

    Foreign foreign;
    PmrAdapter other{foreign};
    void* const q = other.allocate(64, 16);
    EXPECT_TRUE(other.resize(q, 64, 16, 64));
    EXPECT_FALSE(other.resize(q, 64, 16, 32));
    EXPECT_EQ(other.remap(q, 64, 16, 128), nullptr);
    other.deallocate(q, 64, 16);
}

using PmrAdapterDeathTest = ::testing::Test;

TEST(PmrAdapterDeathTest, AWrongSizeOrAlignmentIsNamed) {
    PmrAdapter adapter{heap().resource()};
    void* const p = adapter.allocate(32, 16);
    EXPECT_DEATH(adapter.deallocate(p, 24, 16),
                 "zigmund: deallocate\\(0x[0-9a-f]+, 24, 16\\) of a block that has 32 bytes aligned to 16\n");
    EXPECT_DEATH(adapter.deallocate(p, 32, 8),
                 "zigmund: deallocate\\(0x[0-9a-f]+, 32, 8\\) of a block that has 32 bytes aligned to 16\n");
    EXPECT_DEATH((void)adapter.resize(p, 33, 16, 40),
                 "zigmund: resize\\(0x[0-9a-f]+, 33, 16\\) of a block that has 32 bytes aligned to 16\n");
    EXPECT_DEATH((void)adapter.remap(p, 33, 16, 40),
                 "zigmund: remap\\(0x[0-9a-f]+, 33, 16\\) of a block that has 32 bytes aligned to 16\n");
    adapter.deallocate(p, 32, 16);
}

TEST(PmrAdapterDeathTest, WhatIsNoLiveBlockIsNamed) {
    PmrAdapter adapter{heap().resource()};
    PmrAdapter other{heap().resource()};
    const char* const message =
        "zigmund: deallocate\\(0x[0-9a-f]+, 32, 16\\) of what is no live block of this PmrAdapter: it was "
        "given "
        "back before, comes from elsewhere, or what lies in front of it was overwritten\n";
    void* const p = other.allocate(32, 16);
    EXPECT_DEATH(adapter.deallocate(p, 32, 16), message);
    other.deallocate(p, 32, 16);

    // In an arena the block is still there when it is given back again.
    Arena arena;
    PmrAdapter in_arena{arena};
    void* const q = in_arena.allocate(32, 16);
    void* const last = in_arena.allocate(32, 16);
#if defined(ZIGMUND_ASAN)
    const char* const again = "use-after-poison";  // the arena poisons what was given back
#else
    const char* const again = message;
#endif
    EXPECT_DEATH(
        {
            in_arena.deallocate(q, 32, 16);
            in_arena.deallocate(q, 32, 16);
        },
        again);
    static_cast<unsigned char*>(q)[-1] ^= 1;
    EXPECT_DEATH(in_arena.deallocate(q, 32, 16), message);
    in_arena.deallocate(last, 32, 16);
}

}  // namespace
