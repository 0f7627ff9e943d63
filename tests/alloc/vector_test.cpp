#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/atomic_fixed_buffer.hpp>
#include <zigmund/alloc/counting.hpp>
#include <zigmund/alloc/fixed_buffer.hpp>
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/limit.hpp>
#include <zigmund/alloc/locked.hpp>
#include <zigmund/alloc/logging.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/pmr_adapter.hpp>
#include <zigmund/alloc/stack_fallback.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/alloc/vector.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <list>
#include <memory>
#include <memory_resource>
#include <random>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;

// Says yes to what it is told to, counts, and checks the sizes that it gets back.
class Probe final : public Resource {
  public:
    bool resizes = false;
    bool remaps = false;
    std::size_t biggest = SIZE_MAX;
    int allocated = 0;
    int resized = 0;
    int remapped = 0;
    std::size_t live_bytes = 0;

  private:
    static constexpr std::size_t room = std::size_t{1} << 16;

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        if (size > biggest) return nullptr;
        ++allocated;
        live_bytes += size;
        // What resize() may grow into.
        return heap().try_allocate(resizes ? room : size, align);
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        live_bytes -= size;
        heap().deallocate(p, resizes ? room : size, align);
    }
    bool do_resize(void*, std::size_t old_size, std::size_t, std::size_t new_size) noexcept override {
        if (!resizes || new_size > std::min(room, biggest)) return false;
        ++resized;
        live_bytes += new_size - old_size;
        return true;
    }
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        if (!remaps || new_size > biggest) return nullptr;
        ++remapped;
        void* const moved = heap().try_allocate(new_size, align);
        std::memcpy(moved, p, std::min(old_size, new_size));
        heap().deallocate(p, old_size, align);
        live_bytes += new_size - old_size;
        return moved;
    }
};

// Counts what happens to its objects; not trivially relocatable.
struct Tracked {
    static inline int live = 0;
    static inline int moved = 0;
    static inline int copied = 0;
    static inline int copies_left = -1;  // then it throws

    int n = 0;

    Tracked() noexcept { ++live; }
    explicit Tracked(int value) noexcept : n{value} { ++live; }
    Tracked(const Tracked& other) : n{other.n} {
        if (copies_left == 0) throw std::runtime_error("no more copies");
        if (copies_left > 0) --copies_left;
        ++live, ++copied;
    }
    Tracked(Tracked&& other) noexcept : n{std::exchange(other.n, -1)} { ++live, ++moved; }
    Tracked& operator=(const Tracked&) = default;
    Tracked& operator=(Tracked&& other) noexcept {
        n = std::exchange(other.n, -1);
        return *this;
    }
    ~Tracked() { --live; }
    static void reset() { live = moved = copied = 0, copies_left = -1; }
};

template <class T>
std::vector<T> to_std(const Vector<T>& v) {
    return {v.begin(), v.end()};
}

TEST(Vector, OwnsNothingBeforeItsFirstElement) {
    Probe probe;
    const Vector<int> v{probe};
    EXPECT_EQ(probe.allocated, 0);
    EXPECT_EQ(v.data(), nullptr);
    EXPECT_TRUE(v.empty());
    EXPECT_EQ(v.capacity(), 0u);
}

TEST(Vector, GrowsInPlaceWhereTheAllocatorCan) {
    Probe probe;
    probe.resizes = probe.remaps = true;
    {
        Tracked::reset();
        Vector<Tracked> v{probe};
        v.emplace_back(0);
        const Tracked* const first = v.data();
        for (int i = 1; i < 1000; ++i) v.emplace_back(i);
        EXPECT_EQ(v.data(), first);
        EXPECT_EQ(probe.allocated, 1);
        EXPECT_GT(probe.resized, 4);
        EXPECT_EQ(probe.remapped, 0);
        EXPECT_EQ(Tracked::copied, 0);
        Vector<int> numbers{probe};
        for (int i = 0; i < 1000; ++i) numbers.push_back(i);
        EXPECT_EQ(probe.allocated, 2);
        EXPECT_EQ(probe.remapped, 0);
    }
    EXPECT_EQ(Tracked::live, 0);
    EXPECT_EQ(probe.live_bytes, 0u);
}

TEST(Vector, RemapsTriviallyRelocatableElementsAndMovesTheOthers) {
    Probe probe;
    probe.remaps = true;
    {
        Vector<std::unique_ptr<int>> v{probe};
        for (int i = 0; i < 1000; ++i) v.push_back(std::make_unique<int>(i));
        for (int i = 0; i < 1000; ++i) EXPECT_EQ(*v[static_cast<std::size_t>(i)], i);
        EXPECT_EQ(probe.allocated, 1);
        EXPECT_GT(probe.remapped, 4);
    }
    EXPECT_EQ(probe.live_bytes, 0u);
    probe.allocated = probe.remapped = 0;
    {
        Vector<std::string> v{probe};
        for (int i = 0; i < 1000; ++i) v.push_back(std::to_string(i));
        for (int i = 0; i < 1000; ++i) EXPECT_EQ(v[static_cast<std::size_t>(i)], std::to_string(i));
        EXPECT_GT(probe.allocated, 4);
        EXPECT_EQ(probe.remapped, 0);
    }
    EXPECT_EQ(probe.live_bytes, 0u);
}

TEST(Vector, InAnArenaTheLastArrayStaysWhereItIs) {
    std::vector<std::byte> buffer(1 << 16);
    Arena arena{buffer};
    Vector<int> v{arena};
    v.push_back(0);
    const int* const first = v.data();
    for (int i = 1; i < 10000; ++i) v.push_back(i);
    EXPECT_EQ(v.data(), first);
    EXPECT_EQ(v.back(), 9999);
}

TEST(Vector, WhatWasRefusedLeavesItAsItWas) {
    Probe probe;
    probe.biggest = 256;
    Vector<std::uint32_t> v{probe};
    for (std::uint32_t i = 0; i < 64; ++i) v.push_back(i);
    const auto before = to_std(v);
    EXPECT_THROW(v.push_back(1), std::bad_alloc);
    EXPECT_THROW(v.reserve(65), std::bad_alloc);
    EXPECT_THROW(v.resize(65), std::bad_alloc);
    EXPECT_THROW(v.resize_for_overwrite(65), std::bad_alloc);
    EXPECT_THROW(v.append_range(before), std::bad_alloc);
    EXPECT_EQ(v.try_push_back(1), std::unexpected(Error::out_of_memory));
    EXPECT_EQ(v.try_emplace_back(), std::unexpected(Error::out_of_memory));
    EXPECT_EQ(v.try_reserve(65), std::unexpected(Error::out_of_memory));
    EXPECT_EQ(v.try_resize(65), std::unexpected(Error::out_of_memory));
    EXPECT_EQ(v.try_append_range(before), std::unexpected(Error::out_of_memory));
    EXPECT_EQ(to_std(v), before);
}

TEST(Vector, AsksForJustEnoughWhenTwiceTheRoomIsRefused) {
    Probe probe;
    probe.biggest = 100;
    Vector<char> v{probe};
    v.resize(64);
    EXPECT_TRUE(v.try_push_back('x').has_value());
    EXPECT_EQ(v.capacity(), 65u);
    EXPECT_TRUE(v.try_resize(100).has_value());
    EXPECT_FALSE(v.try_push_back('x').has_value());
}

TEST(Vector, ACountWhoseSizeInBytesOverflowsIsRefused) {
    Vector<std::uint64_t> v{heap()};
    v.push_back(1);
    for (std::size_t k = 0; k < 64; ++k) {
        EXPECT_FALSE(v.try_reserve(SIZE_MAX - k).has_value());
        EXPECT_FALSE(v.try_reserve(SIZE_MAX / 8 + 1 + k).has_value());
        EXPECT_FALSE(v.try_resize(SIZE_MAX - k).has_value());
        EXPECT_THROW(v.resize(SIZE_MAX / 4 + k), std::bad_alloc);
    }
    EXPECT_EQ(to_std(v), (std::vector<std::uint64_t>{1}));
}

TEST(Vector, ArgumentsMayReferIntoIt) {
    for (const bool remaps : {false, true}) {
        Probe probe;
        probe.remaps = remaps;
        Vector<std::string> texts{probe};
        texts.push_back("a text that is too long for the small buffer of a string");
        Vector<int> numbers{probe};
        numbers.push_back(7);
        for (int i = 0; i < 200; ++i) {
            texts.push_back(texts[0]);
            numbers.push_back(numbers[0]);
            ASSERT_TRUE(numbers.try_push_back(numbers.front()).has_value());
        }
        EXPECT_EQ(texts.back(), texts.front());
        EXPECT_EQ(std::ranges::count(numbers, 7), 401);
        numbers.append_range(numbers);
        EXPECT_EQ(std::ranges::count(numbers, 7), 802);
        texts.shrink_to_fit();
        texts.append_range(texts);
        EXPECT_EQ(std::ranges::count(texts, texts[0]), 402);
    }
}

TEST(Vector, WhatTheElementsConstructorThrowsLeavesItWhole) {
    Tracked::reset();
    {
        Vector<Tracked> v{heap()};
        const Tracked value{5};
        for (int i = 0; i < 4; ++i) v.push_back(value);
        v.reserve(8);
        Tracked::copies_left = 0;
        EXPECT_THROW(v.push_back(value), std::runtime_error);
        EXPECT_EQ(v.size(), 4u);
        const std::vector<Tracked> more(3);
        Tracked::copies_left = 2;
        EXPECT_THROW(v.append_range(more), std::runtime_error);
        EXPECT_EQ(v.size(), 6u);
        Tracked::copies_left = 3;
        EXPECT_THROW((void)v.clone(heap()), std::runtime_error);
        Tracked::copies_left = -1;
        EXPECT_EQ(v[3].n, 5);
    }
    EXPECT_EQ(Tracked::live, 0);
}

TEST(Vector, AMoveTakesMemoryAndAllocatorAlong) {
    Probe one;
    Probe two;
    {
        Vector<int> a{one, {1, 2, 3}};
        const int* const data = a.data();
        Vector<int> b{std::move(a)};
        EXPECT_EQ(b.data(), data);
        EXPECT_TRUE(a.empty());
        Vector<int> c{two, {4}};
        c = std::move(b);
        EXPECT_EQ(c.data(), data);
        EXPECT_EQ(&c.allocator().resource(), &one);
        EXPECT_EQ(two.live_bytes, 0u);
        EXPECT_EQ(to_std(c), (std::vector<int>{1, 2, 3}));
        auto& same = c;
        c = std::move(same);
        EXPECT_EQ(to_std(c), (std::vector<int>{1, 2, 3}));
        const Vector<int> d = c.clone(two);
        EXPECT_EQ(d, c);
        EXPECT_NE(d.data(), c.data());
        EXPECT_EQ(&d.allocator().resource(), &two);
    }
    EXPECT_EQ(one.live_bytes, 0u);
    EXPECT_EQ(two.live_bytes, 0u);
}

TEST(Vector, ShrinkToFitGivesBackWhatTheAllocatorTakes) {
    Probe probe;
    probe.resizes = true;
    Vector<int> v{probe};
    v.reserve(100);
    v.push_back(1);
    v.shrink_to_fit();
    EXPECT_EQ(v.capacity(), 1u);
    EXPECT_EQ(probe.live_bytes, sizeof(int));
    v.clear();
    EXPECT_EQ(v.capacity(), 1u);
    v.shrink_to_fit();
    EXPECT_EQ(probe.live_bytes, 0u);
    EXPECT_EQ(v.capacity(), 0u);
    v.push_back(2);
    EXPECT_EQ(v[0], 2);
}

TEST(Vector, ElementsThatTakeAPmrAllocatorGetThisOne) {
    Probe probe;
    {
        Vector<std::pmr::string> v{probe};
        v.emplace_back("a text that is too long for the small buffer of a string");
        v.resize(40);
        for (const auto& text : v) EXPECT_EQ(text.get_allocator().resource(), &probe);
    }
    EXPECT_EQ(probe.live_bytes, 0u);
}

TEST(Vector, TakesRangesOfEveryKind) {
    Vector<int> v{heap(), {1, 2}};
    const std::list<short> list{3, 4};
    v.append_range(list);
    v.append_range(std::views::iota(5, 7));
    v.append_range(std::views::iota(0, 100) | std::views::filter([](int n) { return n == 7; }));
    v.append_range(std::vector<int>{});
    EXPECT_EQ(to_std(v), (std::vector<int>{1, 2, 3, 4, 5, 6, 7}));
    Vector<char> text{heap()};
    text.append_range(std::string_view{"text"});
    EXPECT_EQ(std::string_view(text.data(), text.size()), "text");

    std::vector<std::unique_ptr<int>> owners;
    owners.push_back(std::make_unique<int>(1));
    Vector<std::unique_ptr<int>> moved{heap()};
    moved.append_range(owners | std::views::transform([](auto& p) { return std::move(p); }));
    EXPECT_EQ(*moved[0], 1);
}

TEST(Vector, ElementsOfVectorsAreVectors) {
    Arena arena;
    Vector<Vector<int>> rows{arena};
    for (int i = 0; i < 100; ++i) {
        rows.emplace_back(arena);
        rows.back().push_back(i);
    }
    for (int i = 0; i < 100; ++i) EXPECT_EQ(rows[static_cast<std::size_t>(i)][0], i);
}

#if !defined(NDEBUG)
using VectorDeathTest = ::testing::Test;
TEST(VectorDeathTest, AnIndexOutOfRangeIsAnAssertion) {
    Vector<int> v{heap(), {1}};
    EXPECT_DEATH((void)v[1], "index < size");
    v.clear();
    EXPECT_DEATH((void)v.back(), "index < size");
    EXPECT_DEATH(v.pop_back(), "!empty");
}
#endif

// Random verbs, the same on a std::vector.
template <class T, class MakeValue>
void compare_with_std_vector(Allocator a, MakeValue make_value) {
    std::mt19937 random{7};
    const auto below = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>{0, n - 1}(random);
    };
    Vector<T> v{a};
    std::vector<T> model;
    for (int step = 0; step < 4000; ++step) {
        switch (below(11)) {
            case 0:
            case 1:
            case 2: {
                const T value = make_value(static_cast<int>(below(1000)));
                v.push_back(value);
                model.push_back(value);
                break;
            }
            case 3:
                if (model.empty()) break;
                v.pop_back();
                model.pop_back();
                break;
            case 4: {
                const std::size_t size = below(300);
                v.resize(size);
                model.resize(size);
                break;
            }
            case 5: {
                const std::size_t at = below(model.size() + 1);
                const T value = make_value(step);
                EXPECT_EQ(*v.insert(v.begin() + at, value), value);
                model.insert(model.begin() + static_cast<std::ptrdiff_t>(at), value);
                break;
            }
            case 6: {
                if (model.empty()) break;
                const std::size_t from = below(model.size());
                const std::size_t to = from + below(model.size() - from + 1);
                EXPECT_EQ(v.erase(v.begin() + from, v.begin() + to), v.begin() + from);
                model.erase(model.begin() + static_cast<std::ptrdiff_t>(from),
                            model.begin() + static_cast<std::ptrdiff_t>(to));
                break;
            }
            case 7: {
                const std::vector<T> more(below(50), make_value(step));
                v.append_range(more);
                model.insert(model.end(), more.begin(), more.end());
                break;
            }
            case 8:
                v.shrink_to_fit();
                break;
            case 9:
                v.reserve(below(500));
                break;
            default:
                if (below(20) != 0) break;
                v.clear();
                model.clear();
        }
        ASSERT_TRUE(std::ranges::equal(v, model)) << "after step " << step;
        ASSERT_GE(v.capacity(), v.size());
    }
}

TEST(Vector, BehavesAsStdVectorInEveryAllocator) {
    const auto number = [](int n) { return n; };
    const auto text = [](int n) {
        return std::string(static_cast<std::size_t>(n % 40), 'x') + std::to_string(n);
    };
    compare_with_std_vector<int>(heap(), number);
    compare_with_std_vector<std::string>(heap(), text);
    compare_with_std_vector<int>(pages(), number);
    compare_with_std_vector<std::string>(pages(), text);
    Arena arena;
    compare_with_std_vector<int>(arena, number);
    compare_with_std_vector<std::string>(arena, text);
    for (const bool resizes : {false, true}) {
        Probe probe;
        probe.resizes = resizes;
        probe.remaps = true;
        compare_with_std_vector<int>(probe, number);
        compare_with_std_vector<std::string>(probe, text);
        EXPECT_EQ(probe.live_bytes, 0u);
    }
}

// Over the rest of the family: each has its own answer to resize and remap, and so its own way for a Vector
// to grow.
TEST(Vector, BehavesAsStdVectorInEachOfTheFamily) {
    const auto compare = [](const char* name, Resource& resource) {
        SCOPED_TRACE(name);
        compare_with_std_vector<int>(resource, [](int n) { return n; });
        compare_with_std_vector<std::string>(resource, [](int n) { return std::to_string(n); });
    };
    Arena recycling{heap(), {.first_chunk = 500, .recycle = true}};
    compare("Arena that recycles", recycling);
    std::vector<std::byte> memory(std::size_t{1} << 20);
    FixedBuffer fixed{memory};
    compare("FixedBuffer", fixed);
    std::vector<std::byte> shared_memory(memory.size());
    AtomicFixedBuffer atomic{shared_memory};
    compare("AtomicFixedBuffer", atomic);
    StackFallback<1000> fallback;
    compare("StackFallback", fallback);

    GeneralPurposeAllocator general{{.tier = Tier::traced}};
    Counting counting{general};
    Limit limit{counting, {.limit = std::size_t{1} << 20}};
    Locked locked{limit};
    std::size_t lines = 0;
    Logging logging{locked, [&](std::string_view) { ++lines; }};
    compare("Logging over Locked over Limit over Counting over GeneralPurposeAllocator", logging);
    EXPECT_NE(lines, 0u);
    EXPECT_EQ(limit.bytes_used(), 0u);
    EXPECT_EQ(counting.counts().live_bytes, 0u);

    PmrAdapter adapter{pages().resource()};
    compare("PmrAdapter over pages", adapter);
    CheckedUpstream upstream{CheckedUpstream::Growth::moves};
    compare("an upstream that always moves", upstream);
    EXPECT_EQ(upstream.live_blocks(), 0u);
    EXPECT_TRUE(upstream.violations().empty());
}

}  // namespace
