// LiveCounters: live, peak and total, counted by many threads without a shared write for each block.
//
// Each thread number has a shard that only its owner writes, with plain loads and stores. A shard tells the
// common counter when its balance has moved by `window` bytes; the peak is found there. One thread alone
// gets it exactly, because the shard remembers its own highest balance since it last told.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <ctime>
#include <new>

#include "page_memory.hpp"
#include "quarantine.hpp"
#include "spin_lock.hpp"
#include "thread_context.hpp"

namespace zigmund::alloc::inline v0::detail {

struct alignas(128) Shard {
    std::atomic<std::int64_t> live = 0;  // allocated minus freed here; below 0 where others' blocks are freed
    std::atomic<std::int64_t> high = 0;  // the highest `live` since `told` was set
    std::atomic<std::int64_t> told = 0;  // the part of `live` that the common counter has
    std::atomic<std::uint64_t> allocations = 0;
    std::atomic<std::uint64_t> frees = 0;
    std::uint32_t thread = shared_thread;
    SpinLock lock;  // taken only in shard 0, whose writers are many
    Quarantine* quarantine = nullptr;
    std::uint64_t until_sample = 0;  // blocks until the next that is sampled, if no Sampling has the count
    std::uint64_t random = 0;        // 0: not seeded yet
    std::time_t clock = 0;           // when the owner last asked how old the books are,
    std::uint32_t seconds = 0;       // and how old they were
};

class LiveCounters {
  public:
    static constexpr std::int64_t window = 64 << 10;

    LiveCounters(const LiveCounters&) = delete;
    LiveCounters& operator=(const LiveCounters&) = delete;
    ~LiveCounters() {
        for_each([](Shard& shard) {
            if (shard.quarantine != nullptr) unmap_pages(shard.quarantine, sizeof(Quarantine));
            unmap_pages(&shard, shard_size);
        });
    }

    /// Each shard's quarantine holds so much; 0: it has none.
    LiveCounters(std::size_t most_bytes, std::size_t most_blocks) noexcept
        : most_bytes_{most_bytes}, most_blocks_{most_blocks} {}

    /// The shard of the calling thread. Null: no memory for its first one.
    [[nodiscard]] Shard* shard(std::uint32_t thread) noexcept {
        Shard* shard = shards_[thread].load(std::memory_order_acquire);
        return shard != nullptr ? shard : add(thread);
    }

    // The caller holds the shard's lock if the shard is the shared one.
    /// True: rise() must follow.
    [[nodiscard]] bool add_block(Shard& shard, std::size_t size) noexcept {
        set(shard.allocations, get(shard.allocations) + 1);
        return grow(shard, size);
    }
    /// True: fall() must follow.
    [[nodiscard]] bool remove_block(Shard& shard, std::size_t size) noexcept {
        set(shard.frees, get(shard.frees) + 1);
        return shrink(shard, size);
    }
    /// A block changed its size: no allocation, but the balance moves.
    void change_block(Shard& shard, std::size_t from, std::size_t to) noexcept {
        if (to > from) {
            if (grow(shard, to - from)) (void)rise(shard, nullptr);
        } else if (shrink(shard, from - to)) {
            fall(shard);
        }
    }

    /// There have never been so many. Returns `p`, so that it can be the last that a function does.
    [[gnu::noinline]] void* rise(Shard& shard, void* p) noexcept {
        const std::int64_t live = get(shard.live);
        set(shard.high, live);
        if (live - get(shard.told) > window) tell(shard, live);
        return p;
    }
    /// There are many fewer than the common counter knows.
    [[gnu::noinline]] void fall(Shard& shard) noexcept { tell(shard, get(shard.live)); }

    void for_each_shard(auto&& visit) const { for_each(visit); }

    [[nodiscard]] std::size_t live_bytes() const noexcept {
        std::int64_t sum = 0;
        for_each([&](const Shard& shard) { sum += shard.live.load(std::memory_order_relaxed); });
        return static_cast<std::size_t>(std::max<std::int64_t>(sum, 0));
    }
    [[nodiscard]] std::size_t live_blocks() const noexcept {
        std::uint64_t made = 0;
        std::uint64_t freed = 0;
        for_each([&](const Shard& shard) {
            freed += shard.frees.load(std::memory_order_relaxed);
            made += shard.allocations.load(std::memory_order_relaxed);
        });
        return made > freed ? made - freed : 0;
    }
    [[nodiscard]] std::uint64_t allocations() const noexcept {
        std::uint64_t made = 0;
        for_each([&](const Shard& shard) { made += shard.allocations.load(std::memory_order_relaxed); });
        return made;
    }
    [[nodiscard]] std::size_t peak_bytes() const noexcept {
        std::int64_t peak = peak_.load(std::memory_order_relaxed);
        const auto live = static_cast<std::int64_t>(live_bytes());
        for_each([&](const Shard& shard) {
            peak = std::max(peak, live + shard.high.load(std::memory_order_relaxed) -
                                      shard.live.load(std::memory_order_relaxed));
        });
        return static_cast<std::size_t>(peak);
    }

  private:
    static constexpr std::size_t shard_size = 4096;
    static_assert(sizeof(Shard) <= shard_size);

    template <class Number>
    static void set(std::atomic<Number>& counter, Number value) noexcept {
        counter.store(value, std::memory_order_relaxed);
    }
    template <class Number>
    static Number get(const std::atomic<Number>& counter) noexcept {
        return counter.load(std::memory_order_relaxed);
    }

    static bool grow(Shard& shard, std::size_t by) noexcept {
        const std::int64_t live = get(shard.live) + static_cast<std::int64_t>(by);
        set(shard.live, live);
        return live > get(shard.high);
    }
    static bool shrink(Shard& shard, std::size_t by) noexcept {
        const std::int64_t live = get(shard.live) - static_cast<std::int64_t>(by);
        set(shard.live, live);
        return live - get(shard.told) < -window;
    }
    void tell(Shard& shard, std::int64_t live) noexcept {
        const std::int64_t untold = live - get(shard.told);
        const std::int64_t before = common_.fetch_add(untold, std::memory_order_relaxed);
        const std::int64_t candidate = before + get(shard.high) - get(shard.told);
        set(shard.told, live);
        set(shard.high, live);
        std::int64_t peak = peak_.load(std::memory_order_relaxed);
        while (candidate > peak && !peak_.compare_exchange_weak(peak, candidate, std::memory_order_relaxed)) {
        }
    }
    [[gnu::cold]] Shard* add(std::uint32_t thread) noexcept {
        void* memory = map_pages(shard_size);
        if (memory == nullptr) return nullptr;
        Shard* const fresh = new (memory) Shard;
        fresh->thread = thread;
        if (most_bytes_ != 0) {
            fresh->quarantine = static_cast<Quarantine*>(map_pages(sizeof(Quarantine)));
            if (fresh->quarantine == nullptr) {
                unmap_pages(memory, shard_size);
                return nullptr;
            }
            fresh->quarantine->limit(most_bytes_, most_blocks_);
        }
        Shard* expected = nullptr;
        if (shards_[thread].compare_exchange_strong(expected, fresh, std::memory_order_acq_rel)) return fresh;
        if (fresh->quarantine != nullptr) unmap_pages(fresh->quarantine, sizeof(Quarantine));
        unmap_pages(memory, shard_size);
        return expected;
    }
    void for_each(auto&& visit) const {
        for (const auto& slot : shards_) {
            if (Shard* shard = slot.load(std::memory_order_acquire); shard != nullptr) visit(*shard);
        }
    }

    std::size_t most_bytes_;
    std::size_t most_blocks_;
    std::atomic<std::int64_t> common_ = 0;
    std::atomic<std::int64_t> peak_ = 0;
    std::atomic<Shard*> shards_[max_threads] = {};
};

}  // namespace zigmund::alloc::inline v0::detail
