// Arena against a raw pointer bump and the bump allocators of others: 1024 blocks of 16 to 512 bytes, then
// a reset.

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>

#include <benchmark/benchmark.h>

#if defined(ZIGMUND_BENCH_BOOST_JSON)
#include <boost/json/monotonic_resource.hpp>
#endif

#include <array>
#include <memory_resource>
#include <random>
#include <vector>

#include "bump_peers.hpp"
#include "malloc_peers.hpp"
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

template <class Bump>
void bump_of_others(benchmark::State& state) {
    Bump bump;
    rounds(state, bump, call, [](auto& b) { b.reset(); });
}

#if defined(ZIGMUND_BENCH_LLVM)
constexpr auto llvm_bump = bump_of_others<bench::LlvmBump>;
#else
constexpr auto llvm_bump = report::absent;
#endif
#if defined(ZIGMUND_BENCH_PROTOBUF)
constexpr auto protobuf_arena = bump_of_others<bench::ProtobufArena>;
#else
constexpr auto protobuf_arena = report::absent;
#endif
#if defined(ZIGMUND_BENCH_FOONATHAN)
constexpr auto foonathan_stack = bump_of_others<bench::FoonathanStack>;
#else
constexpr auto foonathan_stack = report::absent;
#endif

struct Blocks {
    std::array<void*, count> all;
    std::size_t used = 0;
};

template <const bench::Malloc& (*Peer)()>
void each_block_freed(benchmark::State& state) {
    if (!Peer().is_installed()) return report::absent(state);
    const bench::Malloc malloc = Peer();
    Blocks blocks{};
    rounds(
        state, blocks, [&](Blocks& b, std::size_t size) { return b.all[b.used++] = malloc.allocate(size); },
        [&](Blocks& b) {
            while (b.used != 0) malloc.free(b.all[--b.used]);
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
        .about(
            "What an allocation costs where the compiler sees the allocator: the raw bump is one addition "
            "and one "
            "compare, the least that there can be. Heaps free each of their blocks; a bump allocator gives "
            "up all "
            "of them at once.")
        .row("raw bump", raw_bump)
        .row("Arena", arena_buffered)
        .row(empty_start, arena_empty)
        .row("std::pmr::monotonic_buffer_resource", pmr_monotonic)
#if defined(ZIGMUND_BENCH_BOOST_JSON)
        .row("boost::json::monotonic_resource", boost_json_monotonic)
#endif
        .row("llvm::BumpPtrAllocator", llvm_bump)
        .row("google::protobuf::Arena", protobuf_arena)
        .row("foonathan::memory::memory_stack", foonathan_stack)
        .row("mimalloc, each block freed", each_block_freed<bench::mimalloc>)
        .row("malloc, each block freed", each_block_freed<bench::libc_malloc>)
        .row("jemalloc, each block freed", each_block_freed<bench::jemalloc>)
        .row("tcmalloc, each block freed", each_block_freed<bench::tcmalloc>)
        .goal("Arena", 1.05, "raw bump")
        .goal(empty_start, 1.05, "raw bump")
        .goal(empty_start, 1.03, "Arena")
        .goal("Arena", 1, "std::pmr::monotonic_buffer_resource")
        .goal("Arena", 1, "boost::json::monotonic_resource")
        .goal("Arena", 1, "llvm::BumpPtrAllocator");

const report::Table indirect =
    report::Table{"Through a virtual call: a block of 16 to 512 bytes, reset after 1024", count}
        .about(
            "The same as std::pmr containers see it, through a pointer to an interface: the call is then "
            "most of "
            "the cost, for every bump allocator alike.")
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
