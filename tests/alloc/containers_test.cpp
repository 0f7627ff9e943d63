#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/containers.hpp>
#include <zigmund/alloc/forbid_default_resource.hpp>

#include <gtest/gtest.h>

#include <memory_resource>
#include <type_traits>

namespace {

namespace alloc = zigmund::alloc;

TEST(Containers, AreThePmrOnes) {
    static_assert(std::is_same_v<alloc::vector<int>, std::pmr::vector<int>>);
    static_assert(std::is_same_v<alloc::string, std::pmr::string>);
    static_assert(std::is_same_v<alloc::unordered_map<int, int>, std::pmr::unordered_map<int, int>>);
}

TEST(Containers, TakeAnAllocatorAndHandItToTheirElements) {
    const alloc::ForbidDefaultResource forbid;
    alloc::Arena arena;
    const alloc::Allocator allocator = arena;
    const alloc::string name{"a name that is too long for the small buffer of a string", allocator};
    alloc::map<alloc::string, alloc::vector<int>> ages{allocator};
    ages[name].push_back(7);
    alloc::unordered_map<int, alloc::string> more{allocator};
    more[1] = name;
    alloc::deque<alloc::string> texts{allocator};
    texts.emplace_back(name);
    alloc::list<alloc::string> linked{allocator};
    linked.emplace_back(name);
    alloc::set<alloc::string> sorted{allocator};
    sorted.insert(name);

    EXPECT_EQ(ages.begin()->first.get_allocator().resource(), &arena);
    EXPECT_EQ(ages.begin()->second.get_allocator().resource(), &arena);
    EXPECT_EQ(more[1].get_allocator().resource(), &arena);
    EXPECT_EQ(texts.front(), name);
    EXPECT_EQ(linked.front(), name);
    EXPECT_EQ(sorted.size(), 1u);
}

}  // namespace
