#include "thread_cache.hpp"

namespace zigmund::alloc::inline v0::interpose {

constinit thread_local ThreadCache ThreadCache::of_thread_;

void ThreadCache::give_back(SpanHeap& heap, List& list, std::uint32_t count) noexcept {
    void* const first = list.first;
    void* last = first;
    for (std::uint32_t i = 1; i < count; ++i) last = SpanHeap::next_of(last);
    list.first = SpanHeap::next_of(last);
    list.count -= count;
    SpanHeap::set_next(last, nullptr);
    heap.give_back(first);
}

void ThreadCache::empty(SpanHeap& heap) noexcept {
    const Busy busy{busy_};
    for (List& list : lists_)
        if (list.count != 0) give_back(heap, list, list.count);
}

}  // namespace zigmund::alloc::inline v0::interpose
