#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/heap.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace zigmund::alloc;

// Counts what is live and can refuse.
class Probe final : public Resource {
  public:
    std::size_t live_blocks = 0;
    std::size_t live_bytes = 0;
    bool refuse = false;

  private:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        if (refuse) return nullptr;
        void* p = heap().try_allocate(size, align);
        if (p != nullptr) ++live_blocks, live_bytes += size;
        return p;
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        --live_blocks, live_bytes -= size;
        heap().deallocate(p, size, align);
    }
};

struct Item {
    std::string_view name;
    double price;
    bool in_stock = true;
};

struct Throws {
    Throws() { throw std::runtime_error("no"); }
};

TEST(Allocator, CreateBuildsAnAggregateAndDestroyGivesItsMemoryBack) {
    Probe probe;
    const Allocator a = probe;
    Item* item = a.create<Item>("Pen", 2.5);
    EXPECT_EQ(item->name, "Pen");
    EXPECT_TRUE(item->in_stock);
    EXPECT_EQ(probe.live_bytes, sizeof(Item));
    a.destroy(item);
    EXPECT_EQ(probe.live_blocks, 0u);
}

TEST(Allocator, CreateGivesTheMemoryBackWhenTheConstructorThrows) {
    Probe probe;
    const Allocator a = probe;
    EXPECT_THROW((void)a.create<Throws>(), std::runtime_error);
    EXPECT_EQ(probe.live_blocks, 0u);
}

TEST(Allocator, CreateHandsItselfToTypesThatTakeAPmrAllocator) {
    Probe probe;
    const Allocator a = probe;
    auto* text = a.create<std::pmr::string>("a text that is too long for the small buffer of a string");
    EXPECT_EQ(text->get_allocator().resource(), &probe);
    EXPECT_EQ(probe.live_blocks, 2u);
    a.destroy(text);
    EXPECT_EQ(probe.live_blocks, 0u);
}

TEST(Allocator, PlainVerbsThrowBadAllocAndTryVerbsReturnTheError) {
    Probe probe;
    probe.refuse = true;
    const Allocator a = probe;
    EXPECT_THROW((void)a.create<int>(1), std::bad_alloc);
    EXPECT_THROW((void)a.alloc<int>(1), std::bad_alloc);
    EXPECT_THROW((void)a.dupe("x"), std::bad_alloc);
    EXPECT_EQ(a.try_create<int>(1), std::unexpected(Error::out_of_memory));
    EXPECT_EQ(a.try_alloc<int>(1).error(), Error::out_of_memory);
    EXPECT_EQ(a.try_dupe("x").error(), Error::out_of_memory);
    EXPECT_EQ(to_string(Error::out_of_memory), "out of memory");
}

TEST(Allocator, AnArrayWhoseSizeInBytesOverflowsIsRefusedAndNeverWraps) {
    Probe probe;
    const Allocator a = probe;
    for (std::size_t k = 0; k < 64; ++k) {
        EXPECT_THROW((void)a.alloc<std::uint64_t>(SIZE_MAX - k), std::bad_alloc);
        EXPECT_FALSE(a.try_alloc<std::uint64_t>(SIZE_MAX / 8 + 1 + k).has_value());
        EXPECT_EQ(heap().try_allocate(SIZE_MAX - k, 1), nullptr);
        EXPECT_EQ(heap().try_allocate(SIZE_MAX - k, 4096), nullptr);
    }
    EXPECT_EQ(probe.live_blocks, 0u);
}

TEST(Allocator, DupeCopiesTextAndRangesAndFreeTakesThemBack) {
    Probe probe;
    const Allocator a = probe;
    const std::vector<int> numbers{1, 2, 3};
    std::span<int> copy = a.dupe(numbers);
    const std::string_view text = a.dupe("Alice");
    EXPECT_EQ(std::vector<int>(copy.begin(), copy.end()), numbers);
    EXPECT_EQ(text, "Alice");
    EXPECT_EQ(probe.live_bytes, 3 * sizeof(int) + 5);
    a.free(copy);
    a.free(text);
    a.free(std::string_view{});
    EXPECT_EQ(probe.live_blocks, 0u);
}

TEST(Allocator, GoesIntoEveryPmrContainer) {
    Probe probe;
    const Allocator a = probe;
    {
        std::pmr::vector<int> v{a};
        v.assign(100, 7);
        EXPECT_EQ(probe.live_bytes, 100 * sizeof(int));
    }
    EXPECT_EQ(probe.live_blocks, 0u);
}

TEST(Allocator, EqualMeansTheSameResource) {
    Probe one;
    Probe two;
    EXPECT_EQ(Allocator{one}, Allocator{one});
    EXPECT_NE(Allocator{one}, Allocator{two});
}

}  // namespace
