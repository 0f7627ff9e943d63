#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/owner.hpp>
#include <zigmund/alloc/vector.hpp>

#include <gtest/gtest.h>

#include <memory_resource>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>

namespace {

using namespace zigmund::alloc;

class Probe final : public Resource {
  public:
    int live = 0;
    bool refuses = false;

  private:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        if (refuses) return nullptr;
        ++live;
        return heap().try_allocate(size, align);
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        --live;
        heap().deallocate(p, size, align);
    }
};

struct User {
    static inline int live = 0;
    std::string name;
    explicit User(std::string n) noexcept : name{std::move(n)} { ++live; }
    User(const User&) = delete;
    User& operator=(const User&) = delete;
    ~User() { --live; }
};

TEST(Owner, DestroysItsObjectAndGivesTheMemoryBack) {
    Probe probe;
    {
        const Owner<User> user = make_owner<User>(probe, "Alice");
        EXPECT_EQ(user->name, "Alice");
        EXPECT_EQ((*user).name, "Alice");
        EXPECT_TRUE(user);
        EXPECT_EQ(User::live, 1);
        EXPECT_EQ(&user.allocator().resource(), &probe);
    }
    EXPECT_EQ(User::live, 0);
    EXPECT_EQ(probe.live, 0);
}

TEST(Owner, MovesAndLeavesTheSourceEmpty) {
    static_assert(!std::is_copy_constructible_v<Owner<User>> && !std::is_copy_assignable_v<Owner<User>>);
    static_assert(std::is_nothrow_move_constructible_v<Owner<User>> &&
                  sizeof(Owner<User>) == 2 * sizeof(void*));
    Probe one;
    Probe two;
    Owner<User> a = make_owner<User>(one, "a");
    Owner<User> b = make_owner<User>(two, "b");
    b = std::move(a);
    EXPECT_EQ(two.live, 0);
    EXPECT_EQ(b->name, "a");
    EXPECT_EQ(&b.allocator().resource(), &one);
    Owner<User> c{std::move(b)};
    EXPECT_EQ(c->name, "a");
    auto& same = c;
    c = std::move(same);
    EXPECT_EQ(c->name, "a");
    EXPECT_EQ(User::live, 1);
    c.reset();
    EXPECT_TRUE(c == nullptr);
    EXPECT_EQ(one.live, 0);
}

TEST(Owner, ReleaseHandsTheObjectOver) {
    Probe probe;
    User* user = nullptr;
    {
        Owner<User> owner = make_owner<User>(probe, "Alice");
        user = owner.release();
        EXPECT_FALSE(owner);
    }
    EXPECT_EQ(user->name, "Alice");
    const Owner<User> again{user, probe};
    EXPECT_EQ(probe.live, 1);
}

TEST(Owner, IsGivenOutOrTheErrorIs) {
    Probe probe;
    auto user = try_make_owner<User>(probe, std::string("Alice"));
    ASSERT_TRUE(user.has_value());
    EXPECT_EQ((*user)->name, "Alice");
    probe.refuses = true;
    EXPECT_EQ(try_make_owner<User>(probe, std::string("Bob")).error(), Error::out_of_memory);
    EXPECT_EQ(try_make_owner<char[]>(probe, 8).error(), Error::out_of_memory);
    EXPECT_THROW((void)make_owner<User>(probe, "Carol"), std::bad_alloc);
    EXPECT_THROW((void)make_owner<int[]>(probe, 8), std::bad_alloc);
    EXPECT_EQ(User::live, 1);
    EXPECT_EQ(probe.live, 1);
}

TEST(Owner, OfAnArrayIsASpanThatIsFreed) {
    Probe probe;
    {
        Owner<int[]> numbers = make_owner<int[]>(probe, 5);
        std::iota(numbers.begin(), numbers.end(), 1);
        EXPECT_EQ(std::accumulate(numbers.begin(), numbers.end(), 0), 15);
        EXPECT_EQ(numbers[4], 5);
        EXPECT_EQ(numbers.size(), 5u);
        Owner<int[]> moved{std::move(numbers)};
        EXPECT_EQ(moved.get().size(), 5u);
        const std::span<int> released = moved.release();
        EXPECT_TRUE(moved == nullptr);
        moved = Owner<int[]>{released, probe};
        auto tried = try_make_owner<const char[]>(probe, 3);
        EXPECT_TRUE(tried.has_value());
        moved.reset();
        EXPECT_EQ(probe.live, 1);
    }
    EXPECT_EQ(probe.live, 0);
}

TEST(Owner, OfWhatDupeReturned) {
    Probe probe;
    const std::string text = "a text";
    const Owner<char[]> copy{Allocator{probe}.dupe(std::span{text}), probe};
    EXPECT_EQ(std::string_view(copy.data(), copy.size()), text);
}

TEST(Owner, InAnArenaRunsTheDestructorWhenItDies) {
    Arena arena;
    {
        const Owner<User> user = make_owner<User>(arena, "Alice");
        EXPECT_EQ(User::live, 1);
    }
    EXPECT_EQ(User::live, 0);
}

TEST(Owner, GoesIntoAVectorThatGrows) {
    Probe probe;
    {
        Vector<Owner<User>> users{probe};
        for (int i = 0; i < 100; ++i) users.push_back(make_owner<User>(probe, std::to_string(i)));
        EXPECT_EQ(users[99]->name, "99");
        EXPECT_EQ(User::live, 100);
    }
    EXPECT_EQ(User::live, 0);
    EXPECT_EQ(probe.live, 0);
}

TEST(Owner, OfATypeThatTakesAPmrAllocatorGivesItThisOne) {
    Probe probe;
    const auto text = make_owner<std::pmr::string>(probe, "a text that is too long for the small buffer");
    EXPECT_EQ(text->get_allocator().resource(), &probe);
    EXPECT_EQ(probe.live, 2);
}

}  // namespace
