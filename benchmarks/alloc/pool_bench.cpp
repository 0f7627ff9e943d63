// Pool<T> against the heaps: an object of 64 bytes created and destroyed, alone and among a thousand.

#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/pool.hpp>

#include <benchmark/benchmark.h>
#include <mimalloc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory_resource>
#include <random>

#include "report.hpp"

namespace {

using zigmund::alloc::Allocator;
using zigmund::alloc::Pool;

struct Object {
    std::array<std::uint64_t, 8> words;
};

constexpr std::size_t count = 1024;

// The order in which a thousand objects die.
const std::array<std::size_t, count>& order() {
    static const auto all = [] {
        std::array<std::size_t, count> result{};
        for (std::size_t i = 0; i < count; ++i) result[i] = i;
        std::ranges::shuffle(result, std::mt19937{42});
        return result;
    }();
    return all;
}

struct OfPool {
    Pool<Object> pool{zigmund::alloc::heap(), {.checked = false}};
    void* create() { return pool.create(); }
    void destroy(void* p) { pool.destroy(static_cast<Object*>(p)); }
};

struct OfPoolThroughAllocator {
    Pool<Object> pool{zigmund::alloc::heap(), {.checked = false}};
    Allocator allocator = pool.allocator();
    void* create() { return allocator.create<Object>(); }
    void destroy(void* p) { allocator.destroy(static_cast<Object*>(p)); }
};

struct OfMimalloc {
    void* create() { return ::new (mi_malloc(sizeof(Object))) Object{}; }
    void destroy(void* p) { mi_free(p); }
};

struct OfMalloc {
    void* create() { return ::new (std::malloc(sizeof(Object))) Object{}; }
    void destroy(void* p) { std::free(p); }
};

struct OfPmrPool {
    std::pmr::unsynchronized_pool_resource pool{&zigmund::alloc::heap().resource()};
    void* create() { return ::new (pool.allocate(sizeof(Object), alignof(Object))) Object{}; }
    void destroy(void* p) { pool.deallocate(p, sizeof(Object), alignof(Object)); }
};

template <class Source>
void pair(benchmark::State& state) {
    Source source;
    Source* hidden = &source;
    benchmark::DoNotOptimize(hidden);
    for (auto _ : state) {
        void* p = hidden->create();
        benchmark::DoNotOptimize(p);
        hidden->destroy(p);
    }
}

template <class Source>
void thousand(benchmark::State& state) {
    Source source;
    Source* hidden = &source;
    benchmark::DoNotOptimize(hidden);
    std::array<void*, count> all{};
    for (auto _ : state) {
        for (void*& p : all) {
            p = hidden->create();
            benchmark::DoNotOptimize(p);
        }
        for (const std::size_t i : order()) hidden->destroy(all[i]);
    }
}

const report::Table pairs =
    report::Table{"an object of 64 bytes, created and destroyed at once"}
        .about("The least a pool and a heap can do: the block that was just freed is the next one taken.")
        .row("mimalloc", pair<OfMimalloc>)
        .row("Pool", pair<OfPool>)
        .row("Pool through Allocator", pair<OfPoolThroughAllocator>)
        .row("malloc", pair<OfMalloc>)
        .row("std::pmr::unsynchronized_pool_resource", pair<OfPmrPool>)
        .goal("Pool", 1, "mimalloc");

const report::Table thousands =
    report::Table{"an object of 64 bytes, one of 1024, destroyed in random order", count}
        .about(
            "The free blocks come back in another order than they were made: what a list that runs through "
            "the blocks costs when it is no longer in order.")
        .row("mimalloc", thousand<OfMimalloc>)
        .row("Pool", thousand<OfPool>)
        .row("Pool through Allocator", thousand<OfPoolThroughAllocator>)
        .row("malloc", thousand<OfMalloc>)
        .row("std::pmr::unsynchronized_pool_resource", thousand<OfPmrPool>)
        .goal("Pool", 1, "mimalloc");

}  // namespace
