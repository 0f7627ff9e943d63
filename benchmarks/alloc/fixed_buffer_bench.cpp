// FixedBuffer and StackFallback against a raw pointer bump: blocks of 16 to 128 bytes out of 64 KiB, all
// given up at the end of a round.

#include <zigmund/alloc/atomic_fixed_buffer.hpp>
#include <zigmund/alloc/fixed_buffer.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/stack_fallback.hpp>

#include <benchmark/benchmark.h>
#include <mimalloc.h>

#include <array>
#include <memory_resource>
#include <random>
#include <vector>

#include "raw_bump.hpp"
#include "report.hpp"

namespace {

using zigmund::alloc::AtomicFixedBuffer;
using zigmund::alloc::FixedBuffer;
using zigmund::alloc::StackFallback;

constexpr std::size_t count = 512;
constexpr std::size_t align = 8;
constexpr std::size_t room = std::size_t{64} << 10;

const std::array<std::size_t, count>& sizes() {
    static const auto all = [] {
        std::array<std::size_t, count> result{};
        std::mt19937 random{42};
        std::uniform_int_distribution<std::size_t> bytes{16, 112};
        for (std::size_t& size : result) size = bytes(random);
        return result;
    }();
    return all;
}

// A round: all blocks, then `end`. The source is reached through a pointer that the compiler knows nothing
// of: neither its state in registers nor its dynamic type.
template <class Source>
void take_all(Source& source) {
    Source* hidden = &source;
    benchmark::DoNotOptimize(hidden);
    for (const std::size_t size : sizes()) {
        void* p = hidden->allocate(size, align);
        benchmark::DoNotOptimize(p);
    }
}

// The same, with every block freed, the newest first.
template <class Source>
void take_and_free_all(Source& source) {
    std::array<void*, count> blocks;
    Source* hidden = &source;
    benchmark::DoNotOptimize(hidden);
    for (std::size_t i = 0; i < count; ++i) {
        void* p = hidden->allocate(sizes()[i], align);
        benchmark::DoNotOptimize(p);
        blocks[i] = p;
    }
    for (std::size_t i = count; i-- > 0;) hidden->deallocate(blocks[i], sizes()[i], align);
}

void raw_bump(benchmark::State& state) {
    bench::RawBump bump{room};
    for (auto _ : state) {
        take_all(bump);
        bump.reset();
    }
}
void fixed_buffer(benchmark::State& state) {
    std::vector<std::byte> memory(room);
    FixedBuffer buffer{memory};
    for (auto _ : state) {
        take_all(buffer);
        buffer.reset();
    }
}
void atomic_fixed_buffer(benchmark::State& state) {
    std::vector<std::byte> memory(room);
    AtomicFixedBuffer buffer{memory};
    for (auto _ : state) {
        take_all(buffer);
        buffer.reset();
    }
}
void stack_fallback(benchmark::State& state) {
    for (auto _ : state) {
        StackFallback<room> memory;
        take_all(memory);
    }
}
void pmr_monotonic(benchmark::State& state) {
    for (auto _ : state) {
        alignas(std::max_align_t) std::array<std::byte, room> memory;
        std::pmr::monotonic_buffer_resource monotonic{memory.data(), memory.size()};
        take_all(monotonic);
    }
}

void fixed_buffer_freed(benchmark::State& state) {
    std::vector<std::byte> memory(room);
    FixedBuffer buffer{memory};
    for (auto _ : state) take_and_free_all(buffer);
}
void stack_fallback_freed(benchmark::State& state) {
    for (auto _ : state) {
        StackFallback<room> memory;
        take_and_free_all(memory);
    }
}
void heap_freed(benchmark::State& state) {
    zigmund::alloc::Allocator heap = zigmund::alloc::heap();
    for (auto _ : state) take_and_free_all(heap);
}
void mimalloc_freed(benchmark::State& state) {
    struct {
        void* allocate(std::size_t size, std::size_t) { return mi_malloc(size); }
        void deallocate(void* p, std::size_t, std::size_t) { mi_free(p); }
    } mimalloc;
    for (auto _ : state) take_and_free_all(mimalloc);
}

const report::Table taken =
    report::Table{"a block of 16 to 112 bytes from 64 KiB, none of them freed", count}
        .about("Memory of fixed size that the caller brings, beside the least that a bump can cost.")
        .row("raw bump", raw_bump)
        .row("FixedBuffer", fixed_buffer)
        .row("StackFallback, on the stack", stack_fallback)
        .row("AtomicFixedBuffer, one thread", atomic_fixed_buffer)
        .row("std::pmr::monotonic_buffer_resource, on the stack", pmr_monotonic)
        .goal("StackFallback, on the stack", 1.5, "raw bump")
        .goal("FixedBuffer", 1.5, "raw bump");

const report::Table taken_and_freed =
    report::Table{"a block of 16 to 112 bytes, one of 512, freed in reverse order", count}
        .about(
            "The same with a free for each block, newest first, which is the order in which these give "
            "memory back.")
        .row("mimalloc", mimalloc_freed)
        .row("heap()", heap_freed)
        .row("FixedBuffer", fixed_buffer_freed)
        .row("StackFallback, on the stack", stack_fallback_freed);

}  // namespace
