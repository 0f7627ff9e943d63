#include <zigmund/alloc/arena.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <memory_resource>
#include <stdexcept>
#include <string>
#include <vector>

#include "arena_upstream.hpp"

namespace {

using namespace zigmund::alloc;
using arena_test::Upstream;

struct Tracer {
    Tracer(std::vector<int>& l, int n) noexcept : log{&l}, number{n} {}
    Tracer(const Tracer&) = delete;
    Tracer& operator=(const Tracer&) = delete;
    ~Tracer() { log->push_back(number); }
    std::vector<int>* log;
    int number;
};

struct Plain {
    int a;
    double b;
};

TEST(ArenaObjects, DestructorsRunLastInFirstOutAtReset) {
    std::vector<int> log;
    Arena arena;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(arena.create<Tracer>(log, i)->number, i);
    EXPECT_TRUE(log.empty());
    EXPECT_TRUE(arena.reset(Reset::retain_capacity));
    EXPECT_EQ(log, (std::vector<int>{2, 1, 0}));
    EXPECT_TRUE(arena.reset(Reset::retain_capacity));
    EXPECT_EQ(log.size(), 3u) << "once only";
}

TEST(ArenaObjects, DestructorsRunWhenTheArenaDies) {
    std::vector<int> log;
    {
        Arena arena;
        (void)arena.create<Tracer>(log, 1);
        (void)arena.create<Tracer>(log, 2);
    }
    EXPECT_EQ(log, (std::vector<int>{2, 1}));
}

TEST(ArenaObjects, ADestructorOfWhatOwnsHeapMemoryLeaksNothing) {
    Arena arena;
    for (int i = 0; i < 100; ++i) arena.create<std::vector<std::string>>()->emplace_back(100, 'x');
    EXPECT_TRUE(arena.reset(Reset::free_all));
}

TEST(ArenaObjects, TypesWithoutADestructorCostTheirSizeAlone) {
    Arena arena;
    Plain* plain = arena.create<Plain>(1, 2.5);
    EXPECT_EQ(plain->b, 2.5);
    EXPECT_EQ(arena.bytes_used(), sizeof(Plain));
    EXPECT_EQ(*arena.create_trivial<int>(7), 7);
    EXPECT_EQ(arena.bytes_used(), sizeof(Plain) + 8);
}

TEST(ArenaObjects, ObjectsAreAligned) {
    struct alignas(256) Wide {
        ~Wide() {}  // NOLINT(modernize-use-equals-default): a destructor that is not trivial
        char c = 'w';
    };
    Arena arena;
    for (int i = 0; i < 10; ++i) {
        (void)arena.allocate(1, 1);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.create<Wide>()) % 256, 0u);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.create_array<Wide>(3).data()) % 256, 0u);
    }
}

TEST(ArenaObjects, TypesThatTakeAPmrAllocatorGetTheArena) {
    Arena arena;
    auto* text = arena.create<std::pmr::string>("a text that is too long for the small buffer of a string");
    EXPECT_EQ(text->get_allocator().resource(), &arena);
    const auto texts = arena.create_array<std::pmr::string>(3);
    for (const auto& one : texts) EXPECT_EQ(one.get_allocator().resource(), &arena);
}

struct ThrowsAt {
    static inline int countdown = 0;
    explicit ThrowsAt(std::vector<int>& log) : tracer{log, countdown} {
        if (countdown-- == 0) throw std::runtime_error("no");
    }
    ThrowsAt() : ThrowsAt(shared_log()) {}
    static std::vector<int>& shared_log() {
        static std::vector<int> log;
        return log;
    }
    Tracer tracer;
};

TEST(ArenaObjects, AConstructorThatThrowsGivesItsMemoryBack) {
    Arena arena;
    std::vector<int> log;
    (void)arena.allocate(32);
    const std::size_t used = arena.bytes_used();
    ThrowsAt::countdown = 0;
    EXPECT_THROW((void)arena.create<ThrowsAt>(log), std::runtime_error);
    EXPECT_EQ(arena.bytes_used(), used);
    EXPECT_EQ(log.size(), 1u) << "its member, by the language";
    EXPECT_TRUE(arena.reset(Reset::free_all));
    EXPECT_EQ(log.size(), 1u) << "not registered";
}

TEST(ArenaObjects, AnArrayWhoseConstructorThrowsDestroysThoseBeforeItAndGivesItsMemoryBack) {
    for (int k = 0; k < 5; ++k) {
        Arena arena;
        (void)arena.allocate(32);
        const std::size_t used = arena.bytes_used();
        ThrowsAt::shared_log().clear();
        ThrowsAt::countdown = k;
        EXPECT_THROW((void)arena.create_array<ThrowsAt>(5), std::runtime_error);
        // The one that threw first, then those before it, the last one first.
        std::vector<int> expected{0};
        for (int i = 1; i <= k; ++i) expected.push_back(i);
        EXPECT_EQ(ThrowsAt::shared_log(), expected);
        EXPECT_EQ(arena.bytes_used(), used);
        EXPECT_TRUE(arena.reset(Reset::free_all));
        EXPECT_EQ(ThrowsAt::shared_log(), expected);
    }
}

TEST(ArenaObjects, AnArrayIsDestroyedBackwards) {
    ThrowsAt::shared_log().clear();
    ThrowsAt::countdown = 100;
    {
        Arena arena;
        EXPECT_EQ(arena.create_array<ThrowsAt>(3).size(), 3u);
        EXPECT_TRUE(arena.create_array<ThrowsAt>(0).empty());
        const auto zeros = arena.create_array<int>(1000);
        for (const int zero : zeros) EXPECT_EQ(zero, 0);
    }
    EXPECT_EQ(ThrowsAt::shared_log(), (std::vector<int>{98, 99, 100}));
}

TEST(ArenaObjects, AnArrayWhoseSizeOverflowsIsRefused) {
    Arena arena;
    for (std::size_t k = 0; k < 64; ++k) {
        EXPECT_THROW((void)arena.create_array<std::uint64_t>(SIZE_MAX - k), std::bad_alloc);
        EXPECT_THROW((void)arena.create_array<std::uint64_t>(SIZE_MAX / 8 - k), std::bad_alloc);
    }
}

TEST(ArenaObjects, WithoutMemoryCreateThrowsAndTryCreateReturnsTheError) {
    Upstream upstream;
    upstream.refuse_above = 0;
    Arena arena{upstream};
    std::vector<int> log;
    EXPECT_THROW((void)arena.create<Tracer>(log, 1), std::bad_alloc);
    EXPECT_THROW((void)arena.create_array<int>(1), std::bad_alloc);
    EXPECT_EQ((arena.try_create<Tracer>(log, 1)), std::unexpected(Error::out_of_memory));
    EXPECT_EQ((arena.try_create<Plain>(1, 2.0)), std::unexpected(Error::out_of_memory));
    upstream.refuse_above = SIZE_MAX;
    EXPECT_TRUE((arena.try_create<Tracer>(log, 1)).has_value());
    EXPECT_TRUE(arena.reset(Reset::free_all));
    EXPECT_EQ(log, std::vector<int>{1});
}

TEST(ArenaObjects, ADestructorMayUseTheArena) {
    struct Greedy {
        Arena* arena;
        std::vector<int>* log;
        explicit Greedy(Arena& a, std::vector<int>& l) : arena{&a}, log{&l} {}
        ~Greedy() {
            (void)arena->allocate(10'000);
            (void)arena->create<Tracer>(*log, 7);
        }
    };
    Upstream upstream;
    std::vector<int> log;
    {
        Arena arena{upstream};
        (void)arena.create<Greedy>(arena, log);
        EXPECT_TRUE(arena.reset(Reset::retain_capacity));
        EXPECT_EQ(log, std::vector<int>{7});
        const ArenaScope scope{arena};
        (void)arena.create<Greedy>(arena, log);
    }
    EXPECT_EQ(log.size(), 2u);
}

TEST(ArenaObjects, AnOverAlignedOneThatIsNotBuiltLeavesNoPaddingBehind) {
    struct alignas(256) Refuses {
        explicit Refuses(bool refuses = true) {
            if (refuses) throw std::runtime_error("refused");
        }
        ~Refuses() { touched = 1; }
        int touched = 0;
    };
    for (const bool recycle : {false, true}) {
        Arena arena{heap(), {.first_chunk = 8192, .recycle = recycle}};
        (void)arena.allocate(8);
        (void)arena.allocate(16);
        const std::size_t used = arena.bytes_used();
        EXPECT_THROW((void)arena.create<Refuses>(), std::runtime_error);
        EXPECT_EQ(arena.bytes_used(), used);
        EXPECT_THROW((void)arena.create_array<Refuses>(3), std::runtime_error);
        EXPECT_EQ(arena.bytes_used(), used);
        EXPECT_NE(arena.create<Refuses>(false), nullptr);
    }
}

}  // namespace
