#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/testing/heap_counter.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::heap_blocks;
using zigmund::alloc::testing::heap_calls;
using zigmund::alloc::testing::mmap_calls;

// Out of the optimiser's sight, which may drop a pair of malloc and free.
template <class T>
T* seen(T* p) {
    asm volatile("" : : "r"(p) : "memory");
    return p;
}

/// Heap calls while `code` ran.
template <class Code>
std::size_t calls_of(Code code) {
    const std::size_t before = heap_calls();
    code();
    return heap_calls() - before;
}

void allocate_and_free(Allocator a, std::size_t size, std::size_t align) {
    a.deallocate(seen(a.allocate(size, align)), size, align);
}

TEST(HeapCounter, CountsEachCallOfTheCLibrarysHeapOnce) {
    EXPECT_EQ(calls_of([] { std::free(seen(std::malloc(10))); }), 1u);
    EXPECT_EQ(calls_of([] { std::free(seen(std::calloc(10, 10))); }), 1u);
    EXPECT_EQ(calls_of([] { std::free(seen(std::realloc(seen(std::malloc(10)), 1000))); }), 2u);
    EXPECT_EQ(calls_of([] { std::free(seen(std::aligned_alloc(64, 128))); }), 1u);
    EXPECT_EQ(calls_of([] {
                  void* p = nullptr;
                  ASSERT_EQ(::posix_memalign(&p, 4096, 10), 0);
                  std::free(seen(p));
              }),
              1u);
}

TEST(HeapCounter, CountsOperatorNewAndWhatTheStandardLibraryAllocates) {
    EXPECT_EQ(calls_of([] { delete seen(new int{1}); }), 1u);
    struct alignas(128) Wide {
        char bytes[128];
    };
    EXPECT_EQ(calls_of([] { delete seen(new Wide{}); }), 1u);
    EXPECT_EQ(calls_of([] { seen(std::make_unique<std::string>(100, 'x').get()); }), 2u);
}

TEST(HeapCounter, CountsCallsMadeInsideSharedLibraries) {
    EXPECT_EQ(calls_of([] { std::free(seen(::strdup("text"))); }), 1u);
}

TEST(HeapCounter, CountsBothHeapsOfTheToolkit) {
    EXPECT_EQ(calls_of([] { allocate_and_free(heap(), 100, 8); }), 1u);
    EXPECT_EQ(calls_of([] { allocate_and_free(heap(), 100, 1024); }), 1u);
    EXPECT_EQ(calls_of([] { allocate_and_free(malloc_heap(), 100, 8); }), 1u);
    EXPECT_EQ(calls_of([] { allocate_and_free(malloc_heap(), 100, 1024); }), 1u);
}

TEST(HeapCounter, CountsTheCallsOfOtherThreads) {
    EXPECT_GE(calls_of([] {
                  std::thread{[] {
                      for (int i = 0; i < 100; ++i) allocate_and_free(heap(), 100, 8);
                  }}.join();
              }),
              100u);
}

TEST(HeapCounter, CountsMappingsSeparately) {
    const std::size_t before = mmap_calls();
    EXPECT_EQ(calls_of([] { allocate_and_free(pages(), 100, 8); }), 0u);
    EXPECT_EQ(mmap_calls(), before + 1);

    void* p = pages().allocate(page_size(), page_size());
    p = pages().remap(p, page_size(), page_size(), 64 * page_size());
    ASSERT_NE(p, nullptr);
    pages().deallocate(p, 64 * page_size(), page_size());
    EXPECT_EQ(mmap_calls(), before + 3);
}

TEST(HeapCounter, CountsNothingWhereNothingIsAllocated) {
    char text[64];
    EXPECT_EQ(calls_of([&] { seen(std::strcpy(text, "on the stack")); }), 0u);
}

TEST(HeapCounter, KnowsHowManyBlocksAreLive) {
    const std::size_t before = heap_blocks();
    void* p = seen(std::malloc(10));
    p = seen(std::realloc(p, 100'000));
    EXPECT_EQ(heap_blocks(), before + 1);
    int* const object = seen(new int{1});
    void* const ours = heap().allocate(100, 8);
    EXPECT_EQ(heap_blocks(), before + 3);
    heap().deallocate(ours, 100, 8);
    delete object;
    std::free(p);
    std::free(nullptr);
    EXPECT_EQ(heap_blocks(), before);
}

[[gnu::noinline]] void ask_twice() {
    for (int i = 0; i < 2; ++i) std::free(seen(std::malloc(10)));
}

TEST(HeapWatch, CountsItsThreadsCallsWhileItWatchesAndKnowsTheFirst) {
    zigmund::alloc::testing::HeapWatch watch;
    ask_twice();
    EXPECT_EQ(watch.calls(), 0u);
    EXPECT_EQ(watch.first_stack(), "");
    watch.begin();
    ask_twice();
    watch.end();
    std::thread{ask_twice}.join();
    EXPECT_EQ(watch.calls(), 2u);
    EXPECT_EQ(watch.first_stack().find("    #0 "), 0u);
    EXPECT_NE(watch.first_stack().find("ask_twice"), std::string::npos) << watch.first_stack();
}

}  // namespace
