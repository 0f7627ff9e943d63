// What a pair of malloc and free costs this process, whatever stands behind them: prints nanoseconds. Run by
// compare_whole_programs.sh, under one allocator or tool after the other. It does what general_purpose_bench
// does with an Allocator.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

constexpr std::size_t size = 64;
std::array<void*, 10'000> blocks;

// The compiler must not know what they are.
void* (*volatile make)(std::size_t) = std::malloc;
void (*volatile unmake)(void*) = std::free;

[[gnu::noinline]] void replace(std::size_t& next, long pairs) {
    for (long i = 0; i < pairs; ++i) {
        next = (next + 7919) % blocks.size();
        unmake(blocks[next]);
        blocks[next] = make(size);
    }
}

/// A trace has sixteen callers to follow that keep frame pointers.
[[gnu::noinline]] void replace_below(int calls, std::size_t& next, long pairs) {
    if (calls == 0) {
        replace(next, pairs);
    } else {
        replace_below(calls - 1, next, pairs);
    }
    asm volatile("" : : : "memory");  // no tail call
}

double nanoseconds() {
    timespec now{};
    (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

int main(int count, char** words) {
    const long pairs = count > 1 ? std::strtol(words[1], nullptr, 10) : 200'000;
    for (void*& block : blocks) block = make(size);
    std::size_t next = 0;
    replace_below(16, next, pairs / 10);
    const double begin = nanoseconds();
    replace_below(16, next, pairs);
    std::printf("%.2f\n", (nanoseconds() - begin) / static_cast<double>(pairs));
    for (void* const block : blocks) unmake(block);
}
