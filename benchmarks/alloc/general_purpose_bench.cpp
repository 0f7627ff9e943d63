// What each tier of GeneralPurposeAllocator costs: against mimalloc called directly, and against the backing
// as it is reached through an Allocator.

#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/malloc.hpp>

#include <benchmark/benchmark.h>
#include <mimalloc.h>

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>
#include <vector>

#include "report.hpp"

namespace {

using zigmund::alloc::Allocator;
using zigmund::alloc::GeneralPurposeAllocator;
using zigmund::alloc::heap;
using zigmund::alloc::malloc_heap;
using zigmund::alloc::Tier;

constexpr std::size_t size = 64;
constexpr std::size_t pairs = 1000;

/// `live` blocks all the time; in each iteration `pairs` of them are freed and made anew, far from each
/// other.
template <std::size_t live, class Make, class Free>
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

template <std::size_t live>
void mimalloc(benchmark::State& state) {
    replace_blocks<live>(state, [] { return mi_malloc(size); }, [](void* p) { mi_free(p); });
}

template <std::size_t live = 10'000>
void through(benchmark::State& state, Allocator allocator) {
    replace_blocks<live>(
        state, [=] { return allocator.allocate(size); }, [=](void* p) { allocator.deallocate(p, size); });
}

/// Calls itself that often before it begins. This file is compiled to keep frame pointers, the benchmark
/// library is not: from sixteen calls on, all that a trace shows is callers that keep them.
[[gnu::noinline]] void through_calls(benchmark::State& state, Allocator allocator, int calls) {
    if (calls == 0) {
        through(state, allocator);
    } else {
        through_calls(state, allocator, calls - 1);
    }
    benchmark::ClobberMemory();  // no tail call
}

template <Tier tier, std::size_t live = 10'000>
void tracked(benchmark::State& state) {
    GeneralPurposeAllocator gpa{{.tier = tier}};
    through<live>(state, gpa.allocator());
}

void traced_with_frame_pointers(benchmark::State& state) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    through_calls(state, gpa.allocator(), 16);
}

void traced_without_quarantine(benchmark::State& state) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .quarantine_blocks = 0}};
    through(state, gpa.allocator());
}

template <std::size_t interval>
void sampled_every(benchmark::State& state) {
    GeneralPurposeAllocator gpa{{.tier = Tier::sampled, .sample_interval = interval}};
    through(state, gpa.allocator());
}

const report::Table table =
    report::Table{"A block of 64 bytes freed and another made, 10,000 live", pairs}
        .about(
            "What looking for memory errors costs, tier by tier. Off is the backing and one call; counted "
            "keeps numbers; traced keeps a stack for each block and holds freed blocks back; guarded maps "
            "pages of their own for each block, and is there for tests.")
        .row("mimalloc", mimalloc<10'000>)
        .row("heap() through Allocator", [](benchmark::State& state) { through(state, heap()); })
        .row("malloc_heap() through Allocator",
             [](benchmark::State& state) { through(state, malloc_heap()); })
        .row("off", tracked<Tier::off>)
        .row("sampled", tracked<Tier::sampled>)
        .row("sampled, one in 10,000", sampled_every<10'000>)
        .row("counted", tracked<Tier::counted>)
        .row("traced", traced_with_frame_pointers)
        .row("traced, callers without frame pointers", tracked<Tier::traced>)
        .row("traced, nothing held back", traced_without_quarantine)
        .row("guarded", tracked<Tier::guarded>)
        .goal("off", 1.02, "mimalloc")
        .goal("off", 1.02, "heap() through Allocator")
        .goal("sampled", 1.10, "mimalloc")
        .goal("sampled", 1.10, "heap() through Allocator")
        .goal("counted", 3, "mimalloc")
        .goal("counted", 3, "heap() through Allocator")
        .goal("traced", 8, "mimalloc")
        .goal("traced", 8, "heap() through Allocator");

// ---- one block, in turn: no cliff ----

const report::Table lone =
    report::Table{"One block of 64 bytes made and freed in turn, beside one of 10,000", pairs}
        .about(
            "A tier that keeps books must not fall off a cliff where a program makes and frees one block in "
            "a loop.")
        .row("counted, 10,000 live", tracked<Tier::counted>)
        .row("counted, alone", tracked<Tier::counted, 1>)
        .row("traced, 10,000 live", tracked<Tier::traced>)
        .row("traced, alone", tracked<Tier::traced, 1>)
        .row("sampled, 10,000 live", tracked<Tier::sampled>)
        .row("sampled, alone", tracked<Tier::sampled, 1>)
        .goal("counted, alone", 1.2, "counted, 10,000 live")
        .goal("traced, alone", 1.2, "traced, 10,000 live")
        .goal("sampled, alone", 1.2, "sampled, 10,000 live");

// ---- two threads ----

constexpr std::size_t pairs_of_thread = 5'000'000;
constexpr std::size_t guarded_pairs_of_thread = 3000;  // each takes some system calls

void work(Allocator allocator, std::size_t its_pairs) {
    std::vector<void*> blocks(1000);
    for (void*& block : blocks) block = allocator.allocate(size);
    std::size_t next = 0;
    for (std::size_t i = 0; i < its_pairs; ++i) {
        next = (next + 733) % blocks.size();
        allocator.deallocate(blocks[next], size);
        blocks[next] = allocator.allocate(size);
    }
    for (void* block : blocks) allocator.deallocate(block, size);
}

/// The calling thread stays on the n-th of the processors that it may use: left to itself, a second thread may begin
/// on the first one's processor, and wait there for its turn.
class Pinned {
  public:
    explicit Pinned(int nth) {
        (void)::sched_getaffinity(0, sizeof before_, &before_);
        cpu_set_t one;
        CPU_ZERO(&one);
        for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
            if (CPU_ISSET(cpu, &before_) && nth-- == 0) CPU_SET(cpu, &one);
        (void)::sched_setaffinity(0, sizeof one, &one);  // without so many processors, anywhere
    }
    Pinned(const Pinned&) = delete;
    Pinned& operator=(const Pinned&) = delete;
    ~Pinned() { (void)::sched_setaffinity(0, sizeof before_, &before_); }

  private:
    cpu_set_t before_;
};

/// Each thread does the same work, so that two that do not hinder each other take as long as one.
template <Tier tier, int threads>
void at_once(benchmark::State& state) {
    constexpr std::size_t each = tier == Tier::guarded ? guarded_pairs_of_thread : pairs_of_thread;
    GeneralPurposeAllocator gpa{{.tier = tier}};
    for (auto _ : state) {
        std::vector<std::jthread> others;
        for (int i = 1; i < threads; ++i) {
            others.emplace_back([&gpa, i] {
                const Pinned pinned{i};
                work(gpa.allocator(), each);
            });
        }
        const Pinned pinned{0};
        work(gpa.allocator(), each);
    }
}

/// One thread, and a process of its own beside it that does the same: what two processors of this machine can
/// do that share no byte, be they cores or halves of one. Two threads that are no slower do not hinder each other.
template <Tier tier>
void beside_a_process(benchmark::State& state) {
    GeneralPurposeAllocator gpa{{.tier = tier}};
    const pid_t other = ::fork();
    if (other == 0) {
        const Pinned pinned{1};
        GeneralPurposeAllocator its_own{{.tier = tier}};
        for (;;) work(its_own.allocator(), pairs_of_thread);
    }
    const Pinned pinned{0};
    for (auto _ : state) work(gpa.allocator(), pairs_of_thread);
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
}

// 1.6 times the throughput of one thread is 1.25 times its time.
const report::Table threads =
    report::Table{"The same by one thread and by two at once, each all of it (needs two processors)",
                  pairs_of_thread}
        .about(
            "Each thread does all of the work, so that two which do not hinder each other take as long as "
            "one; the process beside one tells what of the difference is the machine's own. A run takes as "
            "long as the "
            "slower of its threads, and a virtual processor that has to wait only adds to it: the goals are "
            "held to the "
            "fastest runs.")
        .row("off, one", at_once<Tier::off, 1>)
        .row("off, two", at_once<Tier::off, 2>)
        .row("off, one beside a process", beside_a_process<Tier::off>)
        .row("sampled, one", at_once<Tier::sampled, 1>)
        .row("sampled, two", at_once<Tier::sampled, 2>)
        .row("sampled, one beside a process", beside_a_process<Tier::sampled>)
        .row("counted, one", at_once<Tier::counted, 1>)
        .row("counted, two", at_once<Tier::counted, 2>)
        .row("counted, one beside a process", beside_a_process<Tier::counted>)
        .row("traced, one", at_once<Tier::traced, 1>)
        .row("traced, two", at_once<Tier::traced, 2>)
        .row("traced, one beside a process", beside_a_process<Tier::traced>)
        .wall_clock()
        .goal("off, two", 1.25, "off, one")
        .goal("off, two", 1.25, "off, one beside a process")
        .goal("sampled, two", 1.25, "sampled, one")
        .goal("sampled, two", 1.25, "sampled, one beside a process")
        .goal("counted, two", 1.25, "counted, one")
        .goal("counted, two", 1.25, "counted, one beside a process")
        .goal("traced, two", 1.25, "traced, one")
        .goal("traced, two", 1.25, "traced, one beside a process");

// Its blocks are mapped and protected one by one, which the kernel does for one thread of a process at a time.
const report::Table guarded_threads =
    report::Table{"The same of blocks on pages of their own", guarded_pairs_of_thread}
        .about(
            "Mapping and protecting pages is done by the kernel for one thread of a process at a time: here "
            "two threads do hinder each other.")
        .row("guarded, one", at_once<Tier::guarded, 1>)
        .row("guarded, two", at_once<Tier::guarded, 2>)
        .wall_clock()
        .goal("guarded, two", 1.25, "guarded, one");

}  // namespace
