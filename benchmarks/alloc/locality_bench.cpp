// Locality, after the second benchmark of N4468 and P0089: a system of many subsystems, each a list of S
// integers, together G of them. Elements wander between the lists until each has moved once on average, as in the
// papers: from the front of any list to the end of the next one in turn. Then each list is walked, eight times before
// the next one. What is timed is the walk.

#include <benchmark/benchmark.h>

#include <list>
#include <memory>
#include <memory_resource>
#include <random>
#include <string>
#include <vector>

#include "report.hpp"
#include "strategies.hpp"

namespace {

using bench::Memory;
using Make = std::unique_ptr<Memory> (*)();

constexpr std::size_t all_elements = std::size_t{1}
                                     << 18;  // of 32 bytes with malloc: four times the L2 cache here
constexpr int walks = 8;

struct Subsystem {
    explicit Subsystem(std::unique_ptr<Memory> its) : memory{std::move(its)}, list{&memory->resource()} {}
    std::unique_ptr<Memory> memory;
    std::pmr::list<int> list;
};

class System {
  public:
    System(Make make, std::size_t elements_each) {
        subsystems_.reserve(all_elements / elements_each);
        for (std::size_t i = 0; i < all_elements / elements_each; ++i) {
            auto& subsystem = *subsystems_.emplace_back(std::make_unique<Subsystem>(make()));
            for (std::size_t j = 0; j < elements_each; ++j) subsystem.list.push_back(static_cast<int>(j));
        }
    }

    /// `times` times, an element goes from one list to another: made anew there, freed here.
    void shuffle(std::size_t times) {
        std::mt19937 random{1};
        std::uniform_int_distribution<std::size_t> any{0, subsystems_.size() - 1};
        for (std::size_t i = 0; i < times; ++i) {
            std::size_t from = any(random);
            while (subsystems_[from]->list.empty()) from = any(random);
            subsystems_[from]->list.pop_front();
            subsystems_[i % subsystems_.size()]->list.push_back(static_cast<int>(i));
        }
    }

    void walk() {
        for (const auto& subsystem : subsystems_) {
            for (int i = 0; i < walks; ++i) {
                for (int& element : subsystem->list) ++element;
                benchmark::ClobberMemory();
            }
        }
    }

  private:
    std::vector<std::unique_ptr<Subsystem>> subsystems_;
};

void walk(benchmark::State& state, Make make, std::size_t elements_each, bool shuffled) {
    System system{make, elements_each};
    if (shuffled) system.shuffle(all_elements);
    for (auto _ : state) system.walk();
}

report::Table locality(bool shuffled) {
    report::Table table{
        std::string{"Locality (N4468, benchmark II): lists of S integers, 2^18 in all, walked "} +
            (shuffled ? "after the elements wandered" : "as they were built"),
        static_cast<double>(all_elements) * walks};
    std::move(table).axis("S").about(
        shuffled
            ? "Not an allocation is timed here, only access. Elements that wander take a new place from the "
              "memory of the list that they join: from one heap for all, neighbours in a list end up "
              "anywhere; "
              "from memory of the list's own they stay together. This diffusion is the paper's main result. "
              "An "
              "arena that never reuses a place keeps the list together as well, and pays in memory."
            : "The same walk before any element moved: every heap hands out neighbours to who asks in a row, "
              "so that hardly anything separates the strategies. The difference to the table after the "
              "wandering is what locality is worth.");
    const auto add = [&](const std::string& name, Make make) {
        for (const std::size_t each : {std::size_t{64}, std::size_t{1024}, std::size_t{16384}}) {
            std::move(table).point(
                name, static_cast<double>(each),
                make == nullptr ? report::Run{report::absent}
                                : [=](benchmark::State& state) { walk(state, make, each, shuffled); });
        }
    };
    for (const bench::Strategy& strategy : bench::strategies())
        if (!strategy.winks) add(strategy.name, strategy.make);
    add("Arena, recycling", bench::make_recycling_arena);
    add("BlockPool", bench::make_block_pool);
    return table;
}

const report::Table shuffled = locality(true);
const report::Table unshuffled = locality(false);

}  // namespace
