// Growth, after the first benchmark of N4468 and P0089: a container of N elements is filled and destroyed, with
// memory of one strategy after the other. Local memory is made for each structure, and dies with it; "winked":
// it dies without the structure's destructor having run.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "report.hpp"
#include "strategies.hpp"

namespace {

using bench::Strategy;

// Longer than what a string holds without an allocation, of varying length.
constexpr std::string_view text =
    "a string of a length that varies between thirty-three bytes and about two hundred and forty of them, so "
    "that "
    "it never fits the buffer within the string, and so that blocks of many sizes lie side by side: as in "
    "N4468, "
    "whose strings are of 33 to 1000 bytes";

std::string_view string_of(std::size_t i) { return text.substr(0, 33 + i * 7919 % (text.size() - 33)); }

using VectorOfInts = std::pmr::vector<int>;
using VectorOfStrings = std::pmr::vector<std::pmr::string>;
using SetOfInts = std::pmr::unordered_set<int>;
using SetOfStrings = std::pmr::unordered_set<std::pmr::string>;
using VectorOfSets = std::pmr::vector<SetOfStrings>;

void fill(VectorOfInts& v, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) v.push_back(static_cast<int>(i));
}
void fill(VectorOfStrings& v, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) v.emplace_back(string_of(i));
}
void fill(SetOfInts& s, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) s.insert(static_cast<int>(i));
}
void fill(SetOfStrings& s, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        std::pmr::string value{string_of(i), s.get_allocator()};
        for (std::size_t rest = i, at = 0; at < 4; ++at, rest >>= 5)
            value[at] = static_cast<char>('a' + rest % 32);
        s.insert(std::move(value));
    }
}
void fill(VectorOfSets& v, std::size_t n) {
    constexpr std::size_t each = 64;
    for (std::size_t i = 0; i < n; i += each) fill(v.emplace_back(), each);
}

template <class Container>
void grow(benchmark::State& state, const Strategy& strategy, std::size_t n) {
    const auto warm = strategy.make();
    for (auto _ : state) {
        if (strategy.winks) {
            Container* const container =
                std::pmr::polymorphic_allocator<>{&warm->resource()}.new_object<Container>();
            fill(*container, n);
            benchmark::DoNotOptimize(container);
            warm->release();
        } else {
            const auto memory = strategy.is_local ? strategy.make() : nullptr;
            Container container(memory ? &memory->resource() : &warm->resource());
            fill(container, n);
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
        .about(
            "Each strategy builds and destroys one structure that nothing else shares memory with. Local "
            "memory "
            "saves the work of freeing and of finding room; a wink, which frees all without running "
            "destructors, "
            "saves the walk through the structure as well. A vector of plain integers allocates a few times "
            "only: "
            "there an arena has little to save, and it keeps the outgrown arrays.");
    for (const Strategy& strategy : bench::strategies()) {
        for (const std::size_t n : {std::size_t{64}, std::size_t{1024}, std::size_t{16384}}) {
            std::move(table).point(
                strategy.name, static_cast<double>(n),
                strategy.make == nullptr
                    ? report::Run{report::absent}
                    : [&strategy, n](benchmark::State& state) { grow<Container>(state, strategy, n); });
        }
    }
    return table;
}

const report::Table vector_of_ints = growth_of<VectorOfInts>("vector<int> (DS1)");
const report::Table vector_of_strings = growth_of<VectorOfStrings>("vector<string> (DS2)");
const report::Table set_of_ints = growth_of<SetOfInts>("unordered_set<int> (DS3)");
const report::Table set_of_strings = growth_of<SetOfStrings>("unordered_set<string> (DS4)");
const report::Table vector_of_sets = growth_of<VectorOfSets>("vector<unordered_set<string>> (DS8)");

}  // namespace
