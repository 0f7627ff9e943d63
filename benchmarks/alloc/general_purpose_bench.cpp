// GeneralPurposeAllocator against its backing: a block of 64 bytes is freed and another one made, 10,000 of
// them live all the time.

#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>

#include <benchmark/benchmark.h>
#include <mimalloc.h>

#include <array>

#include "report.hpp"

namespace {

using zigmund::alloc::Allocator;
using zigmund::alloc::GeneralPurposeAllocator;
using zigmund::alloc::heap;
using zigmund::alloc::malloc_heap;
using zigmund::alloc::Tier;

constexpr std::size_t live = 10'000;
constexpr std::size_t size = 64;
constexpr std::size_t pairs = 1000;

template <class Make, class Free>
void replace_blocks(benchmark::State& state, Make make, Free free) {
    static std::array<void*, live> blocks;
    for (void*& block : blocks) block = make();
    std::size_t next = 0;
    for (auto _ : state) {
        for (std::size_t i = 0; i < pairs; ++i) {
            next = (next + 7919) % live;
            free(blocks[next]);
            blocks[next] = make();
        }
    }
    for (void* block : blocks) free(block);
}

void mimalloc(benchmark::State& state) {
    replace_blocks(state, [] { return mi_malloc(size); }, [](void* p) { mi_free(p); });
}

void through(benchmark::State& state, Allocator allocator) {
    replace_blocks(
        state, [=] { return allocator.allocate(size); }, [=](void* p) { allocator.deallocate(p, size); });
}

template <Tier tier>
void tracked(benchmark::State& state) {
    GeneralPurposeAllocator gpa{{.tier = tier}};
    through(state, gpa.allocator());
}

template <std::size_t interval>
void sampled_every(benchmark::State& state) {
    GeneralPurposeAllocator gpa{{.tier = Tier::sampled, .sample_interval = interval}};
    through(state, gpa.allocator());
}

const report::Table table =
    report::Table{"A block of 64 bytes freed and another made, 10,000 live", pairs}
        .row("mimalloc", mimalloc)
        .row("heap() through Allocator", [](benchmark::State& state) { through(state, heap()); })
        .row("malloc_heap() through Allocator",
             [](benchmark::State& state) { through(state, malloc_heap()); })
        .row("off", tracked<Tier::off>)
        .row("sampled", tracked<Tier::sampled>)
        .row("sampled, one in 10,000", sampled_every<10'000>)
        .row("counted", tracked<Tier::counted>)
        .row("traced", tracked<Tier::traced>)
        .row("guarded", tracked<Tier::guarded>)
        .goal("off", 1.02, "heap() through Allocator")
        .goal("sampled", 1.10, "mimalloc")
        .goal("counted", 3, "mimalloc")
        .goal("traced", 8, "mimalloc");

}  // namespace
