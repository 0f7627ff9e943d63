// An arena for one job after the other: what a job allocates is gone with it, the memory stays.
#include <zigmund/alloc.hpp>

#include <array>
#include <cstdio>
#include <memory_resource>
#include <numeric>
#include <span>
#include <vector>

namespace {

struct Job {
    int size;
};

void work(const Job& job, std::pmr::vector<int>& numbers, std::span<double> scratch) {
    numbers.resize(static_cast<std::size_t>(job.size));
    std::iota(numbers.begin(), numbers.end(), 1);
    for (std::size_t i = 0; i < numbers.size(); ++i) scratch[i] = numbers[i] * 0.5;
    std::printf("%zu numbers, half of the last is %.1f\n", numbers.size(), scratch[numbers.size() - 1]);
}

}  // namespace

int main() {
    const std::array jobs{Job{10}, Job{1000}, Job{100}};

    zigmund::alloc::Arena arena;
    for (const Job& job : jobs) {
        arena.reset(zigmund::alloc::Reset::retain_capacity);  // the last job's is gone; the memory is kept
        zigmund::alloc::Allocator a = arena;
        std::pmr::vector<int> numbers{a};                   // any pmr container
        std::span<double> scratch = a.alloc<double>(1000);  // nothing is freed one by one
        work(job, numbers, scratch);
    }
}
