// A request-like load: 20 strings, a map of 20 entries and a parsed JSON document of 2 KB, each in memory of
// the allocator under test, all gone at the end.

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>

#include <benchmark/benchmark.h>

#include <map>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "malloc_peers.hpp"
#include "raw_bump.hpp"
#include "report.hpp"

#if defined(ZIGMUND_BENCH_BOOST_JSON)
#include <boost/json.hpp>

namespace {

using zigmund::alloc::Arena;
using zigmund::alloc::GeneralPurposeAllocator;
using zigmund::alloc::Reset;
using zigmund::alloc::Tier;

/// Boost.JSON's own kind of memory resource, over a standard one. `Forgets`: its free does nothing, so that
/// a document need not be walked to give its memory back.
template <bool Forgets>
class ForJson final : public boost::json::memory_resource {
  public:
    explicit ForJson(std::pmr::memory_resource& upstream) : upstream_{&upstream} {}

  private:
    void* do_allocate(std::size_t size, std::size_t align) override {
        return upstream_->allocate(size, align);
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) override {
        upstream_->deallocate(p, size, align);
    }
    [[nodiscard]] bool do_is_equal(const boost::json::memory_resource& other) const noexcept override {
        return this == &other;
    }
    std::pmr::memory_resource* upstream_;
};

std::string make_document() {
    std::string text = R"({"order":4711,"customer":{"name":"Alice Example","city":"Springfield"},"items":[)";
    for (int i = 0; text.size() < 1990; ++i) {
        if (i != 0) text += ',';
        text += R"({"id":)" + std::to_string(1000 + i) + R"(,"name":"an item of the shop","price":)" +
                std::to_string(i) + R"(.25,"in_stock":true})";
    }
    return text + "]}";
}

}  // namespace

template <>
struct boost::json::is_deallocate_trivial<ForJson<true>> : std::true_type {};

namespace {

const std::string document = make_document();
constexpr std::string_view words =
    "some text of a header or a form that does not fit the small buffer of a string";

template <bool Forgets>
void handle(std::pmr::memory_resource& memory, boost::json::parser& parser) {
    std::pmr::vector<std::pmr::string> strings{&memory};
    for (std::size_t i = 0; i < 20; ++i) strings.emplace_back(words.substr(i));
    std::pmr::map<std::pmr::string, std::pmr::string, std::less<>> map{&memory};
    for (std::size_t i = 0; i < 20; ++i) map.emplace(words.substr(i, 20), words.substr(i, 40));
    ForJson<Forgets> for_json{memory};
    parser.reset(&for_json);
    parser.write(document);
    const boost::json::value value = parser.release();
    benchmark::DoNotOptimize(strings.data());
    benchmark::DoNotOptimize(map.begin());
    benchmark::DoNotOptimize(value.get_object().size());
}

template <bool Forgets, class Memory, class ResetAll>
void requests(benchmark::State& state, Memory& memory, ResetAll reset) {
    // The parser's own stack is not what is compared.
    boost::json::parser parser;
    std::pmr::memory_resource* hidden = &memory;
    benchmark::DoNotOptimize(hidden);
    for (auto _ : state) {
        handle<Forgets>(*hidden, parser);
        reset();
    }
}

void raw_bump(benchmark::State& state) {
    bench::RawBumpResource bump;
    requests<true>(state, bump, [&] { bump.reset(); });
}

void arena(benchmark::State& state) {
    Arena arena;
    requests<true>(state, arena, [&] { arena.reset(Reset::retain_with_limit(std::size_t{1} << 20)); });
}

void pmr_monotonic(benchmark::State& state) {
    std::vector<std::byte> buffer(bench::block_of_memory);
    std::pmr::monotonic_buffer_resource monotonic{buffer.data(), buffer.size()};
    requests<true>(state, monotonic, [&] { monotonic.release(); });
}

void mimalloc(benchmark::State& state) {
    requests<false>(state, zigmund::alloc::heap().resource(), [] {});
}

void libc_malloc(benchmark::State& state) {
    requests<false>(state, zigmund::alloc::malloc_heap().resource(), [] {});
}

void general_purpose(benchmark::State& state) {
    GeneralPurposeAllocator gpa{{.tier = Tier::off}};
    requests<false>(state, gpa.allocator().resource(), [] {});
}

template <const bench::Malloc& (*Peer)()>
void peer(benchmark::State& state) {
    if (!Peer().is_installed()) return report::absent(state);
    bench::MallocResource resource{Peer()};
    requests<false>(state, resource, [] {});
}

const report::Table table =
    report::Table{"A request-like load: 20 strings, a map of 20, a 2 KB JSON document; all freed at the end"}
        .about(
            "What a handler of a web service does with memory. Here the arena saves what a request spends on "
            "finding and freeing blocks; what remains is building strings, a map and a document, the same "
            "for "
            "all. This is the ratio to expect in a program, not that of the bare allocation.")
        .row("raw bump behind a virtual call", raw_bump)
        .row("Arena, reset", arena)
        .row("std::pmr::monotonic_buffer_resource", pmr_monotonic)
        .row("heap() (mimalloc)", mimalloc)
        .row("malloc_heap()", libc_malloc)
        .row("GeneralPurposeAllocator, off", general_purpose)
        .row("jemalloc", peer<bench::jemalloc>)
        .row("tcmalloc", peer<bench::tcmalloc>)
        .goal("Arena, reset", 1.03, "raw bump behind a virtual call")
        .goal("Arena, reset", 0.67, "malloc_heap()")
        .goal("Arena, reset", 0.84, "heap() (mimalloc)");

}  // namespace
#endif
