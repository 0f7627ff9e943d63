#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/containers.hpp>
#include <zigmund/alloc/forbid_default_resource.hpp>

#include <gtest/gtest.h>

#include <memory_resource>
#include <utility>

namespace {

using namespace zigmund::alloc;
namespace alloc = zigmund::alloc;

TEST(ForbidDefaultResource, LeavesContainersWithAnAllocatorAlone) {
    const ForbidDefaultResource forbid;
    Arena arena;
    alloc::vector<alloc::string> texts{&arena};
    texts.emplace_back("a text that is too long for the small buffer of a string");
    const alloc::vector<alloc::string> copy{texts, &arena};
    EXPECT_EQ(copy.size(), 1u);
    const alloc::string empty;
    EXPECT_TRUE(empty.empty());
}

TEST(ForbidDefaultResource, EndsWithTheScopeAndNests) {
    std::pmr::memory_resource* const before = std::pmr::get_default_resource();
    alloc::vector<int> from_before(100);
    {
        const ForbidDefaultResource outer;
        std::pmr::memory_resource* const forbidden = std::pmr::get_default_resource();
        EXPECT_NE(forbidden, before);
        {
            const ForbidDefaultResource inner;
        }
        EXPECT_EQ(std::pmr::get_default_resource(), forbidden);
        from_before.assign(10000, 1);
    }
    EXPECT_EQ(std::pmr::get_default_resource(), before);
    const alloc::vector<int> after(100);
    EXPECT_EQ(after.size(), 100u);
}

using ForbidDefaultResourceDeathTest = testing::Test;

TEST(ForbidDefaultResourceDeathTest, AContainerWithoutAnAllocatorEndsTheProgram) {
    EXPECT_DEATH(
        {
            const ForbidDefaultResource forbid;
            const alloc::vector<char> bytes(57);
        },
        "zigmund: a pmr container that was given no allocator asks the default resource for 57 bytes: give "
        "it one, "
        "as in std::pmr::string text\\{\"...\", allocator\\}\n");
}

TEST(ForbidDefaultResourceDeathTest, SoDoesACopyThatForgotItsAllocator) {
    Arena arena;
    const alloc::vector<int> numbers{{1, 2, 3}, &arena};
    EXPECT_DEATH(
        {
            const ForbidDefaultResource forbid;
            const alloc::vector<int> copy = numbers;
        },
        "asks the default resource for 12 bytes");
}

}  // namespace
