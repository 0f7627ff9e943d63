#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::conforms;

// The smallest allocator on an upstream: passes every call on.
class Through final : public Resource {
  public:
    explicit Through(Resource& upstream) : upstream_{upstream} {}

  private:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        return upstream_.try_allocate(size, align);
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        upstream_.deallocate(p, size, align);
    }
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        return upstream_.resize(p, old_size, align, new_size);
    }
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        return upstream_.remap(p, old_size, align, new_size);
    }
    Resource& upstream_;
};

TEST(Conformance, OfTheHeap) { EXPECT_TRUE(conforms(heap().resource(), {.threads = 4})); }

TEST(Conformance, OfMalloc) { EXPECT_TRUE(conforms(malloc_heap().resource(), {.threads = 4})); }

TEST(Conformance, OfPages) {
    EXPECT_TRUE(conforms(pages().resource(), {.grows_in_place = true, .remaps = true, .threads = 4}));
}

TEST(Conformance, OfAnAllocatorThatPassesEveryCallOn) {
    EXPECT_TRUE(conforms([](Resource& upstream) { return std::make_unique<Through>(upstream); },
                         {.grows_in_place = true, .remaps = true, .threads = 4}));
}

}  // namespace
