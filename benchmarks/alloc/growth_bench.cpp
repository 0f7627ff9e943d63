// A buffer that grows from 1 MiB to 256 MiB by doubling, written to its end each time: a std::vector copies
// all of it at each step, a Vector asks its allocator for more room first.

#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/vector.hpp>

#include <benchmark/benchmark.h>

#include <memory_resource>
#include <vector>

#include "report.hpp"

namespace {

using zigmund::alloc::Allocator;
using zigmund::alloc::Vector;

constexpr std::size_t first = std::size_t{1} << 20;
constexpr std::size_t last = std::size_t{256} << 20;

template <class MakeBuffer>
void grow(benchmark::State& state, MakeBuffer make_buffer) {
    for (auto _ : state) {
        auto buffer = make_buffer();
        for (std::size_t size = first; size <= last; size *= 2) {
            buffer.resize(size);
            benchmark::DoNotOptimize(buffer.data());
            benchmark::ClobberMemory();
        }
    }
}

void std_vector(benchmark::State& state) {
    grow(state, [] { return std::vector<char>{}; });
}
void std_pmr_vector(benchmark::State& state) {
    grow(state, [] { return std::pmr::vector<char>{zigmund::alloc::heap()}; });
}
void vector_in(benchmark::State& state, Allocator a) {
    grow(state, [&] { return Vector<char>{a}; });
}
void vector_in_malloc(benchmark::State& state) { vector_in(state, zigmund::alloc::malloc_heap()); }
void vector_in_heap(benchmark::State& state) { vector_in(state, zigmund::alloc::heap()); }
void vector_in_pages(benchmark::State& state) { vector_in(state, zigmund::alloc::pages()); }

const report::Table table =
    report::Table{"a buffer grows from 1 MiB to 256 MiB by doubling"}
        .about(
            "A std::vector must copy at each step, because std::allocator cannot grow a block; a Vector asks "
            "for remap first, which moves page tables instead of bytes.")
        .row("std::vector", std_vector)
        .row("std::pmr::vector in heap()", std_pmr_vector)
        .row("Vector in malloc_heap()", vector_in_malloc)
        .row("Vector in heap()", vector_in_heap)
        .row("Vector in pages()", vector_in_pages)
        .goal("Vector in pages()", 0.2, "std::vector")
        .goal("Vector in heap()", 0.2, "std::vector");

}  // namespace
