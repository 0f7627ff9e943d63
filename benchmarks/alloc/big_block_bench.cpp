// Blocks on both sides of 16 MiB, where heap() goes over from mimalloc to mappings of its own: taken, all
// pages touched, given back.

#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/pages.hpp>

#include <benchmark/benchmark.h>
#include <mimalloc.h>

#include "report.hpp"

namespace {

using zigmund::alloc::Allocator;

void touch(void* p, std::size_t size) {
    for (std::size_t at = 0; at < size; at += 4096) static_cast<volatile char*>(p)[at] = 1;
}

template <Allocator (*Heap)() noexcept, std::size_t Size>
void pair(benchmark::State& state) {
    const Allocator heap = Heap();
    for (auto _ : state) {
        void* p = heap.allocate(Size);
        touch(p, Size);
        heap.deallocate(p, Size);
    }
}

template <std::size_t Size>
void mimalloc_pair(benchmark::State& state) {
    for (auto _ : state) {
        void* p = mi_malloc(Size);
        touch(p, Size);
        mi_free(p);
    }
}

using zigmund::alloc::heap;
using zigmund::alloc::malloc_heap;
using zigmund::alloc::pages;

constexpr std::size_t below = std::size_t{12} << 20;
constexpr std::size_t above = std::size_t{20} << 20;

const report::Table recycled = report::Table{"a block of 12 MiB taken, touched and given back"}
                                   .about(
                                       "Below 16 MiB heap() is mimalloc, which hands the same pages out "
                                       "again without asking the kernel.")
                                   .row("mimalloc", mimalloc_pair<below>)
                                   .row("heap()", pair<heap, below>)
                                   .row("malloc_heap()", pair<malloc_heap, below>)
                                   .row("pages()", pair<pages, below>)
                                   .goal("heap()", 1.05, "mimalloc");

const report::Table mapped = report::Table{"a block of 20 MiB taken, touched and given back"}
                                 .about(
                                     "Above 16 MiB heap() maps each block itself, in huge pages: what is "
                                     "measured is mostly the kernel, which clears them.")
                                 .row("mimalloc", mimalloc_pair<above>)
                                 .row("heap()", pair<heap, above>)
                                 .row("malloc_heap()", pair<malloc_heap, above>)
                                 .row("pages()", pair<pages, above>)
                                 .goal("heap()", 0.5, "mimalloc");

}  // namespace
