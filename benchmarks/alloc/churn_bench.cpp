// Long-lived churn, where an arena loses: blocks are replaced one by one and nothing is ever reset. With the third
// benchmark of N4468 and P0089 (utilisation): of T bytes that are taken in all, A are in use at a time.

#include <benchmark/benchmark.h>

#include <cstddef>
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

struct Block {
    void* at;
    std::size_t size;
};

/// What a cache or a session table does: `live` blocks, one after the other replaced at random.
class Churn {
  public:
    Churn(std::pmr::memory_resource& memory, std::size_t live, std::size_t least, std::size_t most)
        : memory_{&memory}, size_{least, most}, any_{0, live - 1} {
        for (std::size_t i = 0; i < live; ++i) blocks_.push_back(make());
    }

    void replace(std::size_t times) {
        for (std::size_t i = 0; i < times; ++i) {
            Block& block = blocks_[any_(random_)];
            memory_->deallocate(block.at, block.size, 8);
            block = make();
        }
    }

    void free_all() {
        for (const Block& block : blocks_) memory_->deallocate(block.at, block.size, 8);
    }

  private:
    Block make() {
        const std::size_t size = size_(random_);
        void* const p = memory_->allocate(size, 8);
        // Used to its end, as memory is.
        for (std::size_t at = 0; at < size; at += 64) static_cast<volatile std::byte*>(p)[at] = std::byte{1};
        return {p, size};
    }

    std::pmr::memory_resource* memory_;
    std::minstd_rand random_{1};
    std::uniform_int_distribution<std::size_t> size_;
    std::uniform_int_distribution<std::size_t> any_;
    std::vector<Block> blocks_;
};

struct Shape {
    std::size_t live;
    std::size_t least;
    std::size_t most;
    std::size_t turns;  ///< how often each block is replaced, on average
};

/// From empty to the end of the last turn: an arena's memory grows all the while.
Churn run(Memory& memory, Shape shape) {
    Churn churn{memory.resource(), shape.live, shape.least, shape.most};
    churn.replace(shape.live * shape.turns);
    return churn;
}

void churn(benchmark::State& state, Make make, Shape shape) {
    for (auto _ : state) {
        const auto memory = make();
        run(*memory, shape).free_all();
    }
}

// 4 MiB and more of blocks.
constexpr std::size_t live = 16'000;
constexpr std::size_t utilised_size = std::size_t{1} << 10;
constexpr std::size_t utilised_total = std::size_t{1} << 27;

report::Table sizes_that_vary() {
    constexpr Shape shape{live, 16, 512, 32};
    report::Table table{"Churn without a reset: 16,000 blocks of 16 to 512 bytes, each replaced 32 times",
                        static_cast<double>(live) * (shape.turns + 1)};
    std::move(table).about(
        "Where an arena loses. Nothing is ever reset, so that what is freed is not used again: the arena and "
        "the "
        "monotonic resource take new memory for each block, the kernel has to find and to clear each page of "
        "it, and "
        "the process grows without end. 4 MiB are in use at any time. Memory that lives long and changes "
        "belongs to "
        "a heap. A recycling arena holds on to freed blocks and does better, but it is no heap either.");
    const auto add = [&](const std::string& name, Make make) {
        if (make == nullptr) {
            std::move(table).row(name, report::absent);
            return;
        }
        // Now, while no heap of this process holds memory that it could use again.
        const std::size_t bytes = bench::resident_growth([&] {
            (void)run(*make().release(), shape);  // left as it is: its process ends
        });
        std::move(table).row(name, [=](benchmark::State& state) {
            churn(state, make, shape);
            state.counters[report::memory_counter] = static_cast<double>(bytes);
        });
    };
    for (const bench::Strategy& strategy : bench::strategies())
        if (!strategy.winks) add(strategy.name, strategy.make);
    add("Arena, recycling", bench::make_recycling_arena);
    return table;
}

report::Table turns() {
    report::Table table{"Churn without a reset: blocks of 32 bytes, each replaced T/A times",
                        static_cast<double>(live)};
    std::move(table).axis("T/A").about(
        "T is all that is ever taken, A what is in use at a time; the time is that of the whole run for each "
        "block in use. While T/A is small, memory that only grows is the fastest there is. It falls behind "
        "where the memory that it runs through no longer fits the caches, and then costs page faults: that "
        "is "
        "the point from which an arena without a reset is the wrong choice.");
    const auto add = [&](const std::string& name, Make make) {
        for (const std::size_t turns : {std::size_t{1}, std::size_t{8}, std::size_t{64}}) {
            std::move(table).point(
                name, static_cast<double>(turns),
                make == nullptr ? report::Run{report::absent} : [=](benchmark::State& state) {
                    churn(state, make, Shape{live, 32, 32, turns});
                });
        }
    };
    for (const bench::Strategy& strategy : bench::strategies())
        if (!strategy.winks) add(strategy.name, strategy.make);
    add("Arena, recycling", bench::make_recycling_arena);
    add("BlockPool", bench::make_block_pool);
    return table;
}

/// Of T bytes in blocks of S, A are in use at a time; the oldest is the next to be replaced.
void utilise(benchmark::State& state, Make make, std::size_t active) {
    std::vector<void*> blocks(active / utilised_size);
    for (auto _ : state) {
        const auto memory = make();
        std::pmr::memory_resource& resource = memory->resource();
        const auto taken = [&resource] {
            void* const p = resource.allocate(utilised_size, 16);
            *static_cast<volatile std::byte*>(p) = std::byte{1};
            return p;
        };
        for (void*& block : blocks) block = taken();
        for (std::size_t i = blocks.size(); i < utilised_total / utilised_size; ++i) {
            void*& block = blocks[i % blocks.size()];
            resource.deallocate(block, utilised_size, 16);
            block = taken();
        }
        for (void* const block : blocks) resource.deallocate(block, utilised_size, 16);
    }
}

report::Table utilisation() {
    report::Table table{
        "Utilisation (N4468, benchmark III): 128 MiB in blocks of 1 KiB, A bytes of them in use",
        static_cast<double>(utilised_total / utilised_size)};
    std::move(table).axis("A").about(
        "As in the papers, each block is replaced in its turn, and its first byte written; their T is 1 GiB "
        "and more. "
        "Little of what is taken is ever in use: a heap or a pool lives in the caches, and memory that only "
        "grows "
        "takes each page of 128 MiB from the kernel. It is the papers' example of where monotonic memory "
        "must not be "
        "used.");
    const auto add = [&](const std::string& name, Make make) {
        for (const std::size_t active : {std::size_t{1} << 15, std::size_t{1} << 18, std::size_t{1} << 20}) {
            std::move(table).point(
                name, static_cast<double>(active),
                make == nullptr ? report::Run{report::absent}
                                : [=](benchmark::State& state) { utilise(state, make, active); });
        }
    };
    for (const bench::Strategy& strategy : bench::strategies())
        if (!strategy.winks) add(strategy.name, strategy.make);
    add("Arena, recycling", bench::make_recycling_arena);
    return table;
}

const report::Table varying = sizes_that_vary();
const report::Table fixed = turns();
const report::Table utilised = utilisation();

}  // namespace
