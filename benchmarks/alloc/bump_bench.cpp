// Bump allocation by size and by alignment: 1024 blocks of one size, then all given up at once. Every source is
// called directly, through a pointer of which the compiler knows nothing; heaps free each block.

#include <zigmund/alloc/arena.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <memory_resource>
#include <string>
#include <vector>

#include "bump_peers.hpp"
#include "malloc_peers.hpp"
#include "raw_bump.hpp"
#include "report.hpp"

namespace {

using zigmund::alloc::Arena;
using zigmund::alloc::BasicArena;
using zigmund::alloc::Reset;

constexpr std::size_t count = 1024;

template <class Source>
void rounds(benchmark::State& state, Source& source, std::size_t size, std::size_t align) {
    Source* hidden = &source;
    benchmark::DoNotOptimize(hidden);
    benchmark::DoNotOptimize(size);
    benchmark::DoNotOptimize(align);
    const auto round = [hidden, size, align] {
        for (std::size_t i = 0; i < count; ++i) {
            void* p = hidden->allocate(size, align);
            benchmark::DoNotOptimize(p);
        }
        hidden->reset();
    };
    round();  // the first takes its memory from the kernel
    for (auto _ : state) round();
}

struct OfRawBump : bench::RawBump {
    OfRawBump() : RawBump{std::size_t{8} << 20} {}
};

template <std::size_t MinAlign>
struct OfArena {
    BasicArena<MinAlign> arena;
    void* allocate(std::size_t size, std::size_t align) { return arena.allocate(size, align); }
    void reset() { arena.reset(Reset::retain_capacity); }
};

struct OfMonotonic {
    std::vector<std::byte> buffer = std::vector<std::byte>(std::size_t{8} << 20);
    std::pmr::monotonic_buffer_resource monotonic{buffer.data(), buffer.size()};
    void* allocate(std::size_t size, std::size_t align) { return monotonic.allocate(size, align); }
    void reset() { monotonic.release(); }
};

/// Any malloc: for alignments up to that of std::max_align_t.
template <const bench::Malloc& (*Peer)()>
struct OfMalloc {
    bench::Malloc malloc = Peer();
    std::array<void*, count> blocks{};
    std::size_t used = 0;
    void* allocate(std::size_t size, std::size_t) { return blocks[used++] = malloc.allocate(size); }
    void reset() {
        while (used != 0) malloc.free(blocks[--used]);
    }
};

/// The C library's, for any alignment.
struct OfAlignedAlloc {
    std::array<void*, count> blocks{};
    std::size_t used = 0;
    void* allocate(std::size_t size, std::size_t align) {
        return blocks[used++] =
                   align <= alignof(std::max_align_t) ? std::malloc(size) : std::aligned_alloc(align, size);
    }
    void reset() {
        while (used != 0) std::free(blocks[--used]);
    }
};

template <class Source>
void run(benchmark::State& state, std::size_t size, std::size_t align) {
    Source source;
    rounds(state, source, size, align);
}

template <const bench::Malloc& (*Peer)()>
void run_peer(benchmark::State& state, std::size_t size, std::size_t align) {
    if (!Peer().is_installed()) return report::absent(state);
    run<OfMalloc<Peer>>(state, size, align);
}

using Case = void (*)(benchmark::State&, std::size_t size, std::size_t align);

[[maybe_unused]] void not_there(benchmark::State& state, std::size_t, std::size_t) { report::absent(state); }

#if defined(ZIGMUND_BENCH_LLVM)
constexpr Case llvm_bump = run<bench::LlvmBump>;
#else
constexpr Case llvm_bump = not_there;
#endif
#if defined(ZIGMUND_BENCH_PROTOBUF)
constexpr Case protobuf_arena = run<bench::ProtobufArena>;
#else
constexpr Case protobuf_arena = not_there;
#endif
#if defined(ZIGMUND_BENCH_FOONATHAN)
constexpr Case foonathan_stack = run<bench::FoonathanStack>;
#else
constexpr Case foonathan_stack = not_there;
#endif

report::Table by_size() {
    report::Table table{"Bump allocation by size: one of 1024 blocks aligned to 8, then a reset",
                        static_cast<double>(count)};
    std::move(table).axis("bytes").about(
        "The memory is not touched, so that a bump allocator takes the same time for every size until its "
        "chunks no longer hold a round; a heap goes through another of its size classes for each, and frees "
        "each block. The raw bump is one addition and one compare: the floor.");
    const auto add = [&](const std::string& name, Case its) {
        for (const std::size_t size : {8U, 16U, 32U, 64U, 128U, 512U, 1024U, 4096U})
            std::move(table).point(name, static_cast<double>(size),
                                   [=](benchmark::State& state) { its(state, size, 8); });
    };
    add("raw bump", run<OfRawBump>);
    add("Arena", run<OfArena<8>>);
    add("std::pmr::monotonic_buffer_resource", run<OfMonotonic>);
    add("llvm::BumpPtrAllocator", llvm_bump);
    add("google::protobuf::Arena", protobuf_arena);
    add("foonathan::memory::memory_stack", foonathan_stack);
    add("malloc, each block freed", run_peer<bench::libc_malloc>);
    add("mimalloc, each block freed", run_peer<bench::mimalloc>);
    add("jemalloc, each block freed", run_peer<bench::jemalloc>);
    add("tcmalloc, each block freed", run_peer<bench::tcmalloc>);
    return table;
}

report::Table by_alignment() {
    report::Table table{"Bump allocation by alignment: one of 1024 blocks of 24 bytes, then a reset",
                        static_cast<double>(count)};
    std::move(table)
        .axis("alignment")
        .about(
            "Arena rounds sizes up instead of aligning its cursor up to 8, and needs arithmetic up to 16. "
            "Beyond, where "
            "the alignment is no constant, as here, it makes a call. BasicArena<1> packs bytes.");
    const auto add = [&](const std::string& name, Case its) {
        for (const std::size_t align : {1U, 2U, 4U, 8U, 16U, 32U, 64U})
            std::move(table).point(name, static_cast<double>(align),
                                   [=](benchmark::State& state) { its(state, 24, align); });
    };
    add("raw bump", run<OfRawBump>);
    add("Arena", run<OfArena<8>>);
    add("BasicArena<1>", run<OfArena<1>>);
    add("BasicArena<16>", run<OfArena<16>>);
    add("std::pmr::monotonic_buffer_resource", run<OfMonotonic>);
    add("llvm::BumpPtrAllocator", llvm_bump);
    add("foonathan::memory::memory_stack", foonathan_stack);
    add("malloc or aligned_alloc, each block freed", run<OfAlignedAlloc>);
    return table;
}

const report::Table sizes = by_size();
const report::Table alignments = by_alignment();

}  // namespace
