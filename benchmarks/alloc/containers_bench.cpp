// Growth, after the first benchmark of N4468 and P0089: a container of N elements is filled and destroyed, with
// memory of one strategy after the other. The twelve structures DS1 to DS12 are the papers': vectors and sets of
// integers and of strings, and vectors and sets of 128 of those. So are the strings, of 33 to 1000 random letters, the
// room that the outer container reserves, and that each inner container is a copy of the first.
//
// Local memory is made for each structure, and dies with it; "winked": it dies without the structure's destructor
// having run.

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "report.hpp"
#include "strategies.hpp"

namespace {

using bench::Strategy;

constexpr std::size_t inner = 128;

/// What elements are made of: the same in the same order for every strategy.
class Source {
  public:
    explicit operator int() { return next_++; }
    /// Longer than what a string holds without an allocation.
    explicit operator std::string_view() {
        return std::string_view{letters().data() + position_(random_), length_(random_)};
    }

  private:
    static constexpr std::size_t longest = 1000;
    using Letters = std::array<char, std::size_t{1} << 16>;
    using Position = std::uniform_int_distribution<std::size_t>;

    static const Letters& letters() {
        static const Letters all = [] {
            std::minstd_rand random{1};
            std::uniform_int_distribution<int> letter{'!', '~'};
            Letters some{};
            for (char& c : some) c = static_cast<char>(letter(random));
            return some;
        }();
        return all;
    }

    int next_ = 0;
    std::minstd_rand random_{1};
    Position position_{0, Letters{}.size() - longest};
    Position length_{33, longest};
};

/// The papers' sets of containers tell their elements apart by address, so that copies are elements of their own.
template <class T>
struct ByAddress {
    std::size_t operator()(const T& value) const noexcept {
        return std::size_t{1'048'583} * (1 + reinterpret_cast<std::uintptr_t>(&value));
    }
    bool operator()(const T& a, const T& b) const noexcept { return &a == &b; }
};

template <class T>
using Vector = std::pmr::vector<T>;
template <class T>
using Set = std::pmr::unordered_set<T>;
template <class T>
using SetOfContainers = std::pmr::unordered_set<T, ByAddress<T>, ByAddress<T>>;
using String = std::pmr::string;

template <class T>
constexpr bool is_container = requires { typename T::value_type; } && !std::is_same_v<T, String>;

/// A set makes the element before it looks whether it has its like.
template <class Container, class From>
void add(Container& all, From&& from) {
    if constexpr (requires { all.emplace_back(std::forward<From>(from)); }) {
        all.emplace_back(std::forward<From>(from));
    } else {
        all.emplace(std::forward<From>(from));
    }
}

template <class Container>
void fill(Container& all, std::size_t elements, Source& source) {
    using Element = typename Container::value_type;
    if constexpr (is_container<Element>) {
        all.reserve(elements / inner + 1);
        Element first{all.get_allocator()};
        fill(first, inner, source);
        add(all, std::move(first));
        for (std::size_t i = 1; i < elements / inner; ++i) add(all, *all.begin());
    } else {
        all.reserve(elements);
        using From = std::conditional_t<std::is_same_v<Element, int>, int, std::string_view>;
        for (std::size_t i = 0; i < elements; ++i) add(all, static_cast<From>(source));
    }
}

template <class Container>
void grow(benchmark::State& state, const Strategy& strategy, std::size_t n) {
    const auto warm = strategy.make();
    for (auto _ : state) {
        Source source;
        if (strategy.winks) {
            Container* const container =
                std::pmr::polymorphic_allocator<>{&warm->resource()}.new_object<Container>();
            fill(*container, n, source);
            benchmark::DoNotOptimize(container);
            warm->release();
        } else {
            const auto memory = strategy.is_local ? strategy.make() : nullptr;
            Container container(memory ? &memory->resource() : &warm->resource());
            fill(container, n, source);
            benchmark::DoNotOptimize(container);
        }
        benchmark::ClobberMemory();
    }
}

template <class Container>
report::Table growth_of(const std::string& name) {
    report::Table table{"Growth (N4468, benchmark I): " + name + " filled with N elements and destroyed"};
    std::move(table)
        .axis("elements")
        .about(is_container<typename Container::value_type>
                   ? "N is the number of elements in all: each of the inner containers has 128, and is a "
                     "copy of the first. "
                     "The more blocks a structure is made of, the more a wink saves, which frees all at once "
                     "and walks "
                     "through none of it."
                   : "Each strategy builds and destroys one structure that nothing else shares memory with. "
                     "Local memory "
                     "saves the work of freeing and of finding room; a wink, which frees all without running "
                     "destructors, "
                     "saves the walk through the structure as well. A vector of integers that reserves its "
                     "room allocates "
                     "once: there is nothing to save.");
    for (const Strategy& strategy : bench::strategies()) {
        for (const std::size_t n : {std::size_t{1024}, std::size_t{16384}}) {
            std::move(table).point(
                strategy.name, static_cast<double>(n),
                strategy.make == nullptr
                    ? report::Run{report::absent}
                    : [&strategy, n](benchmark::State& state) { grow<Container>(state, strategy, n); });
        }
    }
    return table;
}

const report::Table structures[] = {
    growth_of<Vector<int>>("vector<int> (DS1)"),
    growth_of<Vector<String>>("vector<string> (DS2)"),
    growth_of<Set<int>>("unordered_set<int> (DS3)"),
    growth_of<Set<String>>("unordered_set<string> (DS4)"),
    growth_of<Vector<Vector<int>>>("vector<vector<int>> (DS5)"),
    growth_of<Vector<Vector<String>>>("vector<vector<string>> (DS6)"),
    growth_of<Vector<Set<int>>>("vector<unordered_set<int>> (DS7)"),
    growth_of<Vector<Set<String>>>("vector<unordered_set<string>> (DS8)"),
    growth_of<SetOfContainers<Vector<int>>>("unordered_set<vector<int>> (DS9)"),
    growth_of<SetOfContainers<Vector<String>>>("unordered_set<vector<string>> (DS10)"),
    growth_of<SetOfContainers<Set<int>>>("unordered_set<unordered_set<int>> (DS11)"),
    growth_of<SetOfContainers<Set<String>>>("unordered_set<unordered_set<string>> (DS12)"),
};

}  // namespace
