// Arena against a raw pointer bump and the bump allocators of others: 1024 blocks of 16 to 512 bytes, then
// a reset.

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>

#include <benchmark/benchmark.h>
#include <mimalloc.h>

#if defined(ZIGMUND_BENCH_BOOST_JSON)
#include <boost/json/monotonic_resource.hpp>
#endif
#if defined(ZIGMUND_BENCH_LLVM)
#include <llvm/Support/Allocator.h>
#endif

#include <array>
#include <cstdlib>
#include <memory_resource>
#include <random>
#include <vector>

#include "raw_bump.hpp"
#include "report.hpp"

namespace {

using zigmund::alloc::Allocator;
using zigmund::alloc::Arena;
using zigmund::alloc::Reset;

constexpr std::size_t count = 1024;
constexpr std::size_t align = 8;

const std::array<std::size_t, count>& sizes() {
    static const auto all = [] {
        std::array<std::size_t, count> result{};
        std::mt19937 random{42};
        std::uniform_int_distribution<std::size_t> bytes{16, 512};
        for (std::size_t& size : result) size = bytes(random);
        return result;
    }();
    return all;
}

// One round: all blocks, then all freed at once. The allocator is reached through a pointer that the
// compiler knows nothing of: neither its state in registers nor its dynamic type.
template <class Source, class Allocate, class ResetAll>
void rounds(benchmark::State& state, Source& source, Allocate allocate, ResetAll reset) {
    Source* hidden = &source;
    benchmark::DoNotOptimize(hidden);
    const auto& all = sizes();
    for (auto _ : state) {
        for (const std::size_t size : all) {
            void* p = allocate(*hidden, size);
            benchmark::DoNotOptimize(p);
        }
        reset(*hidden);
    }
}

constexpr auto call = [](auto& source, std::size_t size) { return source.allocate(size, align); };

void raw_bump(benchmark::State& state) {
    bench::RawBump bump;
    rounds(state, bump, call, [](auto& b) { b.reset(); });
}

// One function for both of its rows: the same code, at the same place.
[[gnu::noinline]] void arena_rounds(benchmark::State& state, Arena& arena) {
    rounds(state, arena, call, [](auto& a) { a.reset(Reset::retain_capacity); });
}

void arena_empty(benchmark::State& state) {
    Arena arena;
    for (const std::size_t size : sizes()) benchmark::DoNotOptimize(arena.allocate(size, align));
    arena.reset(Reset::retain_capacity);
    const std::size_t first_round = arena.spill_count();
    arena_rounds(state, arena);
    if (arena.spill_count() != first_round)
        state.SkipWithError("it asked its upstream after its first reset");
}

void arena_buffered(benchmark::State& state) {
    std::vector<std::byte> buffer(bench::block_of_memory);
    Arena arena{buffer};
    arena_rounds(state, arena);
}

void pmr_monotonic(benchmark::State& state) {
    std::vector<std::byte> buffer(bench::block_of_memory);
    std::pmr::monotonic_buffer_resource monotonic{buffer.data(), buffer.size()};
    rounds(state, monotonic, call, [](auto& m) { m.release(); });
}

#if defined(ZIGMUND_BENCH_BOOST_JSON)
void boost_json_monotonic(benchmark::State& state) {
    std::vector<unsigned char> buffer(bench::block_of_memory);
    boost::json::monotonic_resource monotonic{buffer.data(), buffer.size()};
    rounds(state, monotonic, call, [](auto& m) { m.release(); });
}
#endif

#if defined(ZIGMUND_BENCH_LLVM)
void llvm_bump(benchmark::State& state) {
    llvm::BumpPtrAllocator bump;
    rounds(
        state, bump, [](auto& b, std::size_t size) { return b.Allocate(size, align); },
        [](auto& b) { b.Reset(); });
}
#endif

struct Blocks {
    std::array<void*, count> all;
    std::size_t used = 0;
};

void mimalloc(benchmark::State& state) {
    Blocks blocks{};
    rounds(
        state, blocks, [](Blocks& b, std::size_t size) { return b.all[b.used++] = mi_malloc(size); },
        [](Blocks& b) {
            while (b.used != 0) mi_free(b.all[--b.used]);
        });
}

void libc_malloc(benchmark::State& state) {
    Blocks blocks{};
    rounds(
        state, blocks, [](Blocks& b, std::size_t size) { return b.all[b.used++] = std::malloc(size); },
        [](Blocks& b) {
            while (b.used != 0) std::free(b.all[--b.used]);
        });
}

// ---- behind a virtual call ----

void raw_bump_virtual(benchmark::State& state) {
    bench::RawBumpResource bump;
    std::pmr::memory_resource* resource = &bump;
    rounds(state, *resource, call, [&](auto&) { bump.reset(); });
}

void arena_through_allocator(benchmark::State& state) {
    Arena arena;
    Allocator allocator = arena.allocator();
    rounds(state, allocator, call, [&](auto&) { arena.reset(Reset::retain_capacity); });
}

void arena_through_allocator_try(benchmark::State& state) {
    Arena arena;
    Allocator allocator = arena.allocator();
    rounds(
        state, allocator, [](Allocator& a, std::size_t size) { return a.try_allocate(size, align); },
        [&](auto&) { arena.reset(Reset::retain_capacity); });
}

void pmr_monotonic_virtual(benchmark::State& state) {
    std::vector<std::byte> buffer(bench::block_of_memory);
    std::pmr::monotonic_buffer_resource monotonic{buffer.data(), buffer.size()};
    std::pmr::memory_resource* resource = &monotonic;
    rounds(state, *resource, call, [&](auto&) { monotonic.release(); });
}

template <Allocator (*Heap)() noexcept>
void heap_through_allocator(benchmark::State& state) {
    Allocator allocator = Heap();
    Blocks blocks{};
    rounds(
        state, allocator,
        [&](Allocator& a, std::size_t size) { return blocks.all[blocks.used++] = a.allocate(size, align); },
        [&](Allocator& a) {
            while (blocks.used != 0)
                --blocks.used, a.deallocate(blocks.all[blocks.used], sizes()[blocks.used], align);
        });
}

// The row fails when that is not so.
const char* const empty_start = "Arena that started empty, no upstream call";

const report::Table direct =
    report::Table{"Called directly: a block of 16 to 512 bytes, reset after 1024", count}
        .row("raw bump", raw_bump)
        .row("Arena", arena_buffered)
        .row(empty_start, arena_empty)
        .row("std::pmr::monotonic_buffer_resource", pmr_monotonic)
#if defined(ZIGMUND_BENCH_BOOST_JSON)
        .row("boost::json::monotonic_resource", boost_json_monotonic)
#endif
#if defined(ZIGMUND_BENCH_LLVM)
        .row("llvm::BumpPtrAllocator", llvm_bump)
#endif
        .row("mimalloc, each block freed", mimalloc)
        .row("malloc, each block freed", libc_malloc)
        .goal("Arena", 1.05, "raw bump")
        .goal(empty_start, 1.05, "raw bump")
        .goal(empty_start, 1.03, "Arena")
        .goal("Arena", 1, "std::pmr::monotonic_buffer_resource")
        .goal("Arena", 1, "boost::json::monotonic_resource")
        .goal("Arena", 1, "llvm::BumpPtrAllocator");

const report::Table indirect =
    report::Table{"Through a virtual call: a block of 16 to 512 bytes, reset after 1024", count}
        .row("raw bump behind a virtual call", raw_bump_virtual)
        .row("Arena through Allocator", arena_through_allocator)
        .row("Arena through Allocator, try_allocate", arena_through_allocator_try)
        .row("std::pmr::monotonic_buffer_resource", pmr_monotonic_virtual)
        .row("heap() (mimalloc), each block freed", heap_through_allocator<zigmund::alloc::heap>)
        .row("malloc_heap(), each block freed", heap_through_allocator<zigmund::alloc::malloc_heap>)
        .goal("Arena through Allocator", 1.1, "raw bump behind a virtual call")
        .goal("Arena through Allocator, try_allocate", 1.1, "raw bump behind a virtual call")
        .goal("Arena through Allocator", 1.0, "std::pmr::monotonic_buffer_resource");

}  // namespace
