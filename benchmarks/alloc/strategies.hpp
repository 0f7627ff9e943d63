// The allocation strategies that containers are measured with: the global heaps, and local memory that one
// structure or one subsystem has for itself. The names AS2, AS5 and so on of N4468 and P0089 are given where a
// strategy is one of theirs: those that are bound at run time, as std::pmr is.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

namespace bench {

/// One piece of memory of some strategy. For the global heaps, a door to them.
class Memory {
  public:
    Memory() = default;
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    virtual ~Memory() = default;

    [[nodiscard]] virtual std::pmr::memory_resource& resource() noexcept = 0;
    /// Frees all that was taken, where the strategy can.
    virtual void release() {}
};

struct Strategy {
    std::string name;
    std::unique_ptr<Memory> (*make)();  ///< null: not installed
    bool is_local = false;              ///< has memory of its own
    bool winks = false;  ///< release() alone frees all: no destructor needs to run (the papers: drops)
};

/// Of N4468: the global heaps, then std::pmr's local memory, then ours. The first is what others compare with.
[[nodiscard]] const std::vector<Strategy>& strategies();

/// Blocks of 24 and 32 bytes, in our BlockPool: for containers of nodes of that size, such as std::pmr::list<int>.
[[nodiscard]] std::unique_ptr<Memory> make_block_pool();
/// An Arena whose freed blocks are used again.
[[nodiscard]] std::unique_ptr<Memory> make_recycling_arena();

/// How many bytes the resident set of a process grows by when it does `work` once: in a child, which is gone
/// afterwards. `work` must keep alive what is to be counted, and be called from a process without other threads.
template <class Work>
[[nodiscard]] std::size_t resident_growth(Work work);

/// For resident_growth(): runs `work(context)` in a child.
[[nodiscard]] std::size_t resident_growth_of(void (*work)(void*), void* context);

template <class Work>
std::size_t resident_growth(Work work) {
    return resident_growth_of([](void* context) { (*static_cast<Work*>(context))(); }, &work);
}

}  // namespace bench
