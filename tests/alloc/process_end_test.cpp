// The process-wide resources live as long as the process: also while its static objects are destroyed.
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/null_allocator.hpp>
#include <zigmund/alloc/pages.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace {

using namespace zigmund::alloc;

bool work_at_the_end = false;

void use(const Resource& resource) {
    // As code in another library does, where no compiler knows what it calls.
    auto* volatile any = const_cast<Resource*>(&resource);
    for (const std::size_t size : {std::size_t{100}, std::size_t{20} << 20}) {
        void* p = any->try_allocate(size);
        if (p == nullptr) continue;
        if (any->resize(p, size, default_align, size)) any->deallocate(p, size);
    }
}

/// Made before anything asks for a resource, and so destroyed after what the first to ask leaves behind.
struct Last {
    Last() = default;
    Last(const Last&) = delete;
    Last& operator=(const Last&) = delete;
    ~Last() {
        if (!work_at_the_end) return;
        for (const Allocator allocator : {heap(), malloc_heap(), pages(), null_allocator()})
            use(allocator.resource());
        std::fputs("all work\n", stderr);
    }
} last;

TEST(ProcessEnd, TheProcessWideResourcesServeTheDestructorsOfStaticObjects) {
    EXPECT_EXIT(
        {
            for (const Allocator allocator : {heap(), malloc_heap(), pages(), null_allocator()})
                use(allocator.resource());
            work_at_the_end = true;
            std::exit(0);
        },
        testing::ExitedWithCode(0), "all work");
}

}  // namespace
