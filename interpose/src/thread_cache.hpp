// ThreadCache: small blocks of a SpanHeap that a thread has given back and will soon ask for again.
//
// Where nobody tracks, a pair of malloc and free is two short walks down a list of the thread's own, without a lock
// or an atomic operation. A list that is empty takes some blocks from the heap, one that is full gives half of them
// back, whichever thread made them; a thread that ends gives back all.
//
// Threads: each its own. A signal's handler that interrupts the cache finds it busy, and goes to the heap. Cost: some
// twenty instructions. Never: holds more than 8 KiB of a class, or eight blocks; calls malloc.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "span_heap.hpp"
#include "thread_context.hpp"

namespace zigmund::alloc::inline v0::interpose {

class ThreadCache {
  public:
    constexpr ThreadCache() noexcept = default;

    /// The calling thread's. It is of no use to threads without a number of their own, which nobody tells of their
    /// end.
    [[nodiscard]] static ThreadCache& mine() noexcept { return of_thread_; }
    [[nodiscard]] bool is_usable() const noexcept {
        return !busy_ && detail::thread_context().number != detail::shared_thread;
    }

    /// Null: the size is none of a small class, or there is no memory.
    [[nodiscard]] void* allocate(SpanHeap& heap, std::size_t size) noexcept {
        if (size > SpanHeap::largest_small || !is_usable()) [[unlikely]]
            return nullptr;
        const Busy busy{busy_};
        const unsigned kind = SpanHeap::class_of(size);
        List& list = lists_[kind];
        if (list.first == nullptr) [[unlikely]] {
            list.count = most_of(kind) / 2;
            list.first = heap.take(kind, list.count);
            if (list.first == nullptr) return nullptr;
        }
        void* const block = list.first;
        list.first = SpanHeap::next_of(block);
        --list.count;
        return block;
    }

    /// False: no small block that is in use begins there.
    [[nodiscard]] bool deallocate(SpanHeap& heap, void* p) noexcept {
        const unsigned kind = heap.small_class_at(p);
        if (kind == SpanHeap::small_classes || !is_usable()) [[unlikely]]
            return false;
        const Busy busy{busy_};
        List& list = lists_[kind];
        if (list.count >= most_of(kind)) [[unlikely]]
            give_back(heap, list, list.count / 2);
        SpanHeap::set_next(p, list.first);
        list.first = p;
        ++list.count;
        return true;
    }

    /// Gives all blocks to the heap.
    void empty(SpanHeap& heap) noexcept;

  private:
    struct List {
        void* first = nullptr;
        std::uint32_t count = 0;
    };

    class Busy {
      public:
        explicit Busy(bool& flag) noexcept : flag_{flag} {
            flag_ = true;
            std::atomic_signal_fence(std::memory_order_seq_cst);
        }
        Busy(const Busy&) = delete;
        Busy& operator=(const Busy&) = delete;
        ~Busy() {
            std::atomic_signal_fence(std::memory_order_seq_cst);
            flag_ = false;
        }

      private:
        bool& flag_;
    };

    static constexpr std::uint32_t most_of(unsigned kind) noexcept { return most_[kind]; }
    static constexpr auto most_ = [] {
        std::array<std::uint16_t, SpanHeap::small_classes> most{};
        for (unsigned kind = 0; kind < most.size(); ++kind) {
            const std::size_t blocks = (std::size_t{8} << 10) / SpanHeap::size_of(kind);
            most[kind] = static_cast<std::uint16_t>(blocks < 8 ? 8 : blocks > 128 ? 128 : blocks);
        }
        return most;
    }();

    [[gnu::cold, gnu::noinline]] static void give_back(SpanHeap& heap, List& list,
                                                       std::uint32_t count) noexcept;

    static constinit thread_local ThreadCache of_thread_;

    std::array<List, SpanHeap::small_classes> lists_{};
    bool busy_ = false;
};

}  // namespace zigmund::alloc::inline v0::interpose
