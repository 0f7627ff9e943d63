// Contention, the fourth benchmark of N4468 and P0089, and beyond it: threads with the same work each, so that a heap
// whose threads do not hinder each other takes the same time for any number of them up to that of the processors. Each
// frees a block at once, or ten thousand of its own, or those that its neighbour made.

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/locked.hpp>
#include <zigmund/alloc/pmr_adapter.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <barrier>
#include <functional>
#include <memory>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include "malloc_peers.hpp"
#include "report.hpp"
#include "strategies.hpp"

namespace {

using zigmund::alloc::Arena;
using zigmund::alloc::GeneralPurposeAllocator;
using zigmund::alloc::Locked;
using zigmund::alloc::PmrAdapter;
using zigmund::alloc::Reset;
using zigmund::alloc::Tier;

constexpr std::size_t blocks = 10'000;
constexpr std::size_t rounds = 20;
constexpr std::size_t size = 64;
constexpr std::size_t pairs_each = std::size_t{1} << 16;
constexpr std::size_t pair_size = 256;

/// A thread's part: it fills `mine`, and frees `others` once all threads have filled theirs. With one arena a
/// thread, `end_round` frees instead.
struct Part {
    std::pmr::memory_resource* memory;
    std::vector<void*>* mine;
    std::vector<void*>* others;
    std::function<void()> end_round;
};

void work(const Part& part, std::barrier<>& all) {
    for (std::size_t round = 0; round < rounds; ++round) {
        for (void*& block : *part.mine) {
            block = part.memory->allocate(size, 8);
            *static_cast<volatile char*>(block) = 1;
        }
        if (part.mine != part.others) all.arrive_and_wait();
        if (part.end_round) {
            part.end_round();
        } else {
            for (void* const block : *part.others) part.memory->deallocate(block, size, 8);
        }
        if (part.mine != part.others) all.arrive_and_wait();
    }
}

using MemoryOf = std::function<std::pmr::memory_resource*(std::size_t thread)>;

void at_once(benchmark::State& state, std::size_t threads, bool crossed, const MemoryOf& memory_of,
             const std::vector<std::function<void()>>& end_round) {
    std::vector<std::vector<void*>> made(threads, std::vector<void*>(blocks));
    std::vector<Part> parts;
    for (std::size_t i = 0; i < threads; ++i)
        parts.push_back({memory_of(i), &made[i], &made[crossed ? (i + 1) % threads : i],
                         end_round.empty() ? std::function<void()>{} : end_round[i]});
    for (auto _ : state) {
        std::barrier<> all{static_cast<std::ptrdiff_t>(threads)};
        std::vector<std::jthread> others;
        for (std::size_t i = 1; i < threads; ++i) others.emplace_back([&, i] { work(parts[i], all); });
        work(parts[0], all);
    }
}

void shared(benchmark::State& state, std::size_t threads, bool crossed, std::pmr::memory_resource& memory) {
    at_once(state, threads, crossed, [&](std::size_t) { return &memory; }, {});
}

void arena_each(benchmark::State& state, std::size_t threads, bool crossed) {
    std::vector<std::unique_ptr<Arena>> arenas;
    std::vector<std::function<void()>> end_round;
    for (std::size_t i = 0; i < threads; ++i) {
        Arena& arena = *arenas.emplace_back(std::make_unique<Arena>());
        end_round.emplace_back([&arena] { arena.reset(Reset::retain_capacity); });
    }
    at_once(state, threads, crossed, [&](std::size_t i) { return arenas[i].get(); }, end_round);
}

/// 1, 2, 4 and so on, and the number of processors.
std::vector<std::size_t> numbers_of_threads() {
    const std::size_t most = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::size_t> numbers;
    for (std::size_t n = 1; n < most; n *= 2) numbers.push_back(n);
    numbers.push_back(most);
    return numbers;
}

report::Table contention(bool crossed) {
    report::Table table{
        std::string{"Contention: 10,000 blocks of 64 bytes by each of 1 to N threads, freed by "} +
            (crossed ? "a neighbour" : "their maker"),
        static_cast<double>(blocks * rounds)};
    std::move(table).wall_clock().axis("threads").about(
        crossed
            ? "Each thread makes 10,000 blocks, waits for all, and frees those of the next thread: the "
              "pattern of producers and consumers, in which the caches of a heap's threads run full on one "
              "side and empty on the other. Waiting is part of the time, and most of it where other work "
              "keeps the "
              "processors busy; a single thread waits for nobody and frees its own blocks. An arena a thread "
              "is reset "
              "by its owner instead, and has nothing to hand back."
            : "Each thread makes 10,000 blocks and frees them. A flat line is a heap without contention; "
              "one that rises shares something: a lock, a counter, or lines of the cache. An arena of its "
              "own shares nothing, one pool behind a lock shares everything.");
    const auto add = [&](const std::string& name,
                         const std::function<void(benchmark::State&, std::size_t threads)>& run) {
        for (const std::size_t threads : numbers_of_threads())
            std::move(table).point(name, static_cast<double>(threads),
                                   [=](benchmark::State& state) { run(state, threads); });
    };
    const auto add_malloc = [&](const std::string& name, const bench::Malloc& malloc) {
        add(name, [&malloc, crossed](benchmark::State& state, std::size_t threads) {
            if (!malloc.is_installed()) return report::absent(state);
            bench::MallocResource resource{malloc};
            shared(state, threads, crossed, resource);
        });
    };
    add_malloc("malloc", bench::libc_malloc());
    add("heap() (mimalloc)", [=](benchmark::State& state, std::size_t threads) {
        shared(state, threads, crossed, zigmund::alloc::heap().resource());
    });
    add_malloc("jemalloc", bench::jemalloc());
    add_malloc("tcmalloc", bench::tcmalloc());
    add("GeneralPurposeAllocator, off", [=](benchmark::State& state, std::size_t threads) {
        GeneralPurposeAllocator gpa{{.tier = Tier::off}};
        shared(state, threads, crossed, gpa.allocator().resource());
    });
    add("GeneralPurposeAllocator, counted", [=](benchmark::State& state, std::size_t threads) {
        GeneralPurposeAllocator gpa{{.tier = Tier::counted}};
        shared(state, threads, crossed, gpa.allocator().resource());
    });
    add("std::pmr::synchronized_pool_resource", [=](benchmark::State& state, std::size_t threads) {
        std::pmr::synchronized_pool_resource pool;
        shared(state, threads, crossed, pool);
    });
    add("unsynchronized_pool_resource in Locked", [=](benchmark::State& state, std::size_t threads) {
        std::pmr::unsynchronized_pool_resource pool;
        PmrAdapter adapter{pool};
        Locked locked{adapter};
        shared(state, threads, crossed, locked);
    });
    add("an Arena for each thread, reset",
        [=](benchmark::State& state, std::size_t threads) { arena_each(state, threads, crossed); });
    return table;
}

/// The papers' loop: take a block, write to it, free it.
void pairs(std::pmr::memory_resource& memory) {
    for (std::size_t i = 0; i < pairs_each; ++i) {
        void* const p = memory.allocate(pair_size, 8);
        auto& first = *static_cast<volatile char*>(p);
        first = static_cast<char>(first + 1);
        memory.deallocate(p, pair_size, 8);
    }
}

report::Table contention_of_pairs() {
    report::Table table{
        "Contention (N4468, benchmark IV): 2^16 blocks of 256 bytes by each of W threads, one at a time",
        static_cast<double>(pairs_each)};
    std::move(table).wall_clock().axis("threads").about(
        "The papers' loop: each thread takes a block, writes to it and frees it, from the one heap or from "
        "local "
        "memory of its own, which is made for the run. The papers go to eight threads whatever the machine "
        "has: beyond "
        "its processors, the time grows in proportion. Local memory is never contended; neither are today's "
        "heaps, "
        "which the papers' were.");
    for (const bench::Strategy& strategy : bench::strategies()) {
        if (strategy.winks) continue;
        for (const std::size_t threads : {1U, 2U, 4U, 8U}) {
            const auto run = [&strategy, threads](benchmark::State& state) {
                for (auto _ : state) {
                    std::vector<std::jthread> all;
                    for (std::size_t i = 0; i < threads; ++i)
                        all.emplace_back([&strategy] { pairs(strategy.make()->resource()); });
                }
            };
            std::move(table).point(strategy.name, static_cast<double>(threads),
                                   strategy.make == nullptr ? report::Run{report::absent} : run);
        }
    }
    return table;
}

const report::Table of_pairs = contention_of_pairs();
const report::Table own = contention(false);
const report::Table handed_over = contention(true);

}  // namespace
