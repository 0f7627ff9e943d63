#include "strategies.hpp"

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/block_pool.hpp>
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "malloc_peers.hpp"

namespace bench {
namespace {

using zigmund::alloc::Arena;
using zigmund::alloc::ArenaOptions;
using zigmund::alloc::BlockPool;
using zigmund::alloc::GeneralPurposeAllocator;
using zigmund::alloc::heap;
using zigmund::alloc::Reset;
using zigmund::alloc::Tier;

class Global final : public Memory {
  public:
    explicit Global(std::pmr::memory_resource& resource) noexcept : resource_{&resource} {}
    std::pmr::memory_resource& resource() noexcept override { return *resource_; }

  private:
    std::pmr::memory_resource* resource_;
};

template <const Malloc& (*Peer)()>
class Foreign final : public Memory {
  public:
    std::pmr::memory_resource& resource() noexcept override { return resource_; }

  private:
    MallocResource resource_{Peer()};
};

template <class Resource>
class Local final : public Memory {
  public:
    std::pmr::memory_resource& resource() noexcept override { return resource_; }
    void release() override { resource_.release(); }

  private:
    Resource resource_;
};

/// A pool that takes its chunks from memory that only grows.
class PoolOnMonotonic final : public Memory {
  public:
    std::pmr::memory_resource& resource() noexcept override { return pool_; }
    void release() override {
        // The pool writes to its chunks when it hands them back: it goes first.
        pool_.release();
        chunks_.release();
    }

  private:
    std::pmr::monotonic_buffer_resource chunks_;
    std::pmr::unsynchronized_pool_resource pool_{&chunks_};
};

class OfArena final : public Memory {
  public:
    explicit OfArena(ArenaOptions options = {}) : arena_{heap(), options} {}
    std::pmr::memory_resource& resource() noexcept override { return arena_; }
    void release() override { arena_.reset(Reset::retain_capacity); }

  private:
    Arena arena_;
};

class OfPool final : public Memory {
  public:
    std::pmr::memory_resource& resource() noexcept override { return pool_; }

  private:
    BlockPool pool_{32, 8, heap(), {.checked = false}};
};

class OfGeneralPurpose final : public Memory {
  public:
    std::pmr::memory_resource& resource() noexcept override { return gpa_.allocator().resource(); }

  private:
    GeneralPurposeAllocator gpa_{{.tier = Tier::off}};
};

template <class Kind>
std::unique_ptr<Memory> make() {
    return std::make_unique<Kind>();
}

std::unique_ptr<Memory> make_new_delete() {
    return std::make_unique<Global>(*std::pmr::new_delete_resource());
}

std::unique_ptr<Memory> make_heap() { return std::make_unique<Global>(heap().resource()); }

template <const Malloc& (*Peer)()>
std::unique_ptr<Memory> (*make_if_installed())() {
    return Peer().is_installed() ? make<Foreign<Peer>> : nullptr;
}

std::size_t resident_bytes() {
    std::FILE* const file = std::fopen("/proc/self/statm", "r");
    unsigned long total = 0;
    unsigned long resident = 0;
    if (file == nullptr || std::fscanf(file, "%lu %lu", &total, &resident) != 2) std::abort();
    (void)std::fclose(file);
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

const std::vector<Strategy>& strategies() {
    static const std::vector<Strategy> all{
        {"new and delete (AS2)", make_new_delete},
        {"heap() (mimalloc)", make_heap},
        {"GeneralPurposeAllocator, off", make<OfGeneralPurpose>},
        {"jemalloc", make_if_installed<jemalloc>()},
        {"tcmalloc", make_if_installed<tcmalloc>()},
        {"monotonic_buffer_resource (AS5)", make<Local<std::pmr::monotonic_buffer_resource>>, true},
        {"monotonic, winked (AS6)", make<Local<std::pmr::monotonic_buffer_resource>>, true, true},
        {"unsynchronized_pool_resource (AS9)", make<Local<std::pmr::unsynchronized_pool_resource>>, true},
        {"pool, winked (AS10)", make<Local<std::pmr::unsynchronized_pool_resource>>, true, true},
        {"pool on monotonic (AS13)", make<PoolOnMonotonic>, true},
        {"pool on monotonic, winked (AS14)", make<PoolOnMonotonic>, true, true},
        {"Arena", make<OfArena>, true},
        {"Arena, winked", make<OfArena>, true, true},
    };
    return all;
}

std::unique_ptr<Memory> make_block_pool() { return std::make_unique<OfPool>(); }

std::unique_ptr<Memory> make_recycling_arena() {
    return std::make_unique<OfArena>(ArenaOptions{.recycle = true});
}

std::size_t resident_growth_of(void (*work)(void*), void* context) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    const pid_t child = ::fork();
    if (child == 0) {
        const std::size_t before = resident_bytes();
        work(context);
        const std::size_t after = resident_bytes();
        const std::size_t growth = after > before ? after - before : 0;
        (void)!::write(ends[1], &growth, sizeof growth);
        ::_exit(0);
    }
    ::close(ends[1]);
    std::size_t growth = 0;
    (void)!::read(ends[0], &growth, sizeof growth);
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return growth;
}

}  // namespace bench
