#include "span_heap.hpp"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>

#include "page_memory.hpp"
#include "thread_context.hpp"

namespace zigmund::alloc::inline v0::interpose {

using detail::SpinGuard;

std::size_t SpanHeap::span_size(unsigned kind) noexcept {
    return (std::max(size_of(kind), granule) + granule - 1) & ~(granule - 1);
}

bool SpanHeap::open(std::size_t most) noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        most = std::min<std::size_t>(most, limit.rlim_cur / 2);
    for (; most >= opened_at_once; most /= 2) {
        const std::size_t size = most & ~(granule - 1);
        void* const region =
            ::mmap(nullptr, size + granule, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (region == MAP_FAILED) continue;
        spans_ = static_cast<Span*>(detail::map_pages((size >> granule_bits) * sizeof(Span)));
        if (spans_ == nullptr) {
            (void)::munmap(region, size + granule);
            continue;
        }
        begin_ = (reinterpret_cast<std::uintptr_t>(region) + granule - 1) & ~(granule - 1);
        size_ = size;
        end_ = opened_ = begin_;
        return true;
    }
    return false;
}

bool SpanHeap::open_up_to(std::uintptr_t end) noexcept {
    if (end <= opened_) return true;
    const std::uintptr_t limit = begin_ + size_;
    const std::uintptr_t wanted =
        std::min(limit, (end - begin_ + opened_at_once - 1) / opened_at_once * opened_at_once + begin_);
    if (::mprotect(reinterpret_cast<void*>(opened_), wanted - opened_, PROT_READ | PROT_WRITE) != 0)
        return false;
    opened_ = wanted;
    return true;
}

void SpanHeap::link(Span*& list, Span& span) noexcept {
    span.previous = nullptr;
    span.next = list;
    if (list != nullptr) list->previous = &span;
    list = &span;
}

void SpanHeap::unlink(Span*& list, Span& span) noexcept {
    (span.previous == nullptr ? list : span.previous->next) = span.next;
    if (span.next != nullptr) span.next->previous = span.previous;
}

/// An empty span of the class, with no block carved.
SpanHeap::Span* SpanHeap::new_span(unsigned kind) noexcept {
    const std::size_t bytes = span_size(kind);
    const SpinGuard guard{lock_};
    if (Span* const span = idle_[kind].first; span != nullptr) {
        unlink(idle_[kind].first, *span);
        if (!span->zeroed) idle_[kind].touched -= bytes;
        return span;
    }
    if (bytes > begin_ + size_ - end_ || !open_up_to(end_ + bytes)) return nullptr;
    const auto number = static_cast<std::uint32_t>((end_ - begin_) >> granule_bits);
    end_ += bytes;
    // An address is looked up by its granule: all but those deep inside of a single block name the first.
    for (std::size_t i = 0; i < bytes >> granule_bits; ++i) spans_[number + i].head = number;
    Span& span = spans_[number];
    span.kind = static_cast<std::uint8_t>(kind);
    span.room = static_cast<std::uint32_t>(bytes / size_of(kind));
    span.zeroed = true;
    return &span;
}

/// The span is empty and in no list.
void SpanHeap::retire(Span& span) noexcept {
    const std::size_t bytes = span_size(span.kind);
    span.open.store(false, std::memory_order_relaxed);
    span.free = nullptr;
    span.carved = 0;
    const SpinGuard guard{lock_};
    Idle& idle = idle_[span.kind];
    span.zeroed = idle.touched + bytes > kept_of_class &&
                  ::madvise(reinterpret_cast<void*>(begin_of(span)), bytes, MADV_DONTNEED) == 0;
    if (!span.zeroed) idle.touched += bytes;
    link(idle.first, span);
}

void* SpanHeap::allocate_of(unsigned kind) noexcept {
    Shard& shard = shards_[detail::thread_context().number % shard_count];
    const SpinGuard guard{shard.lock};
    return allocate_of(kind, shard);
}

void* SpanHeap::allocate_of(unsigned kind, Shard& shard) noexcept {
    Span* span = shard.partial[kind];
    if (span == nullptr) [[unlikely]] {
        span = new_span(kind);
        if (span == nullptr) return nullptr;
        span->shard = static_cast<std::uint8_t>(&shard - shards_.data());
        span->open.store(true, std::memory_order_release);
        link(shard.partial[kind], *span);
    }
    void* block = span->free;
    if (block != nullptr) {
        span->free = next_of(block);
    } else {
        block = reinterpret_cast<void*>(begin_of(*span) + span->carved * size_of(kind));
        ++span->carved;
    }
    if (++span->used == span->room) unlink(shard.partial[kind], *span);
    return block;
}

void* SpanHeap::take(unsigned kind, std::uint32_t& count) noexcept {
    Shard& shard = shards_[detail::thread_context().number % shard_count];
    const SpinGuard guard{shard.lock};
    void* blocks = nullptr;
    for (std::uint32_t i = 0; i < count; ++i) {
        void* const block = allocate_of(kind, shard);
        if (block == nullptr) {
            count = i;
            break;
        }
        set_next(block, blocks);
        blocks = block;
    }
    return blocks;
}

void* SpanHeap::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    constexpr std::size_t largest = std::size_t{1} << 40;
    if (size > largest || align > largest / 2) [[unlikely]]
        return nullptr;
    unsigned kind = class_of(size);
    // Blocks of a class lie at multiples of its size from an aligned beginning.
    while (kind < classes && (size_of(kind) & (std::min(align, granule) - 1)) != 0) ++kind;
    if (align <= granule) return kind < classes ? allocate_of(kind) : nullptr;
    kind = class_of(size + align);  // a span of its own; the block begins inside of it
    void* const block = kind < classes && size + align > granule ? allocate_of(kind) : nullptr;
    return reinterpret_cast<void*>((reinterpret_cast<std::uintptr_t>(block) + align - 1) & ~(align - 1));
}

void SpanHeap::do_deallocate(void* p, std::size_t /*size*/, std::size_t /*align*/) noexcept {
    Span& span = span_at(reinterpret_cast<std::uintptr_t>(p));
    const SpinGuard guard{shards_[span.shard].lock};
    put_back(span, p);
}

void SpanHeap::give_back(void* blocks) noexcept {
    while (blocks != nullptr) {
        Span* span = &span_at(reinterpret_cast<std::uintptr_t>(blocks));
        const std::uint8_t shard = span->shard;
        const SpinGuard guard{shards_[shard].lock};
        do {
            void* const next = next_of(blocks);
            put_back(*span, blocks);
            blocks = next;
            if (blocks != nullptr) span = &span_at(reinterpret_cast<std::uintptr_t>(blocks));
        } while (blocks != nullptr && span->shard == shard);
    }
}

void SpanHeap::put_back(Span& span, void* p) noexcept {
    Shard& shard = shards_[span.shard];
    const bool was_full = span.used == span.room;
    if (--span.used == 0) {
        // The last span of a small class stays: a block that comes and goes alone costs no list.
        Span*& list = shard.partial[span.kind];
        const bool alone =
            span.room > 1 && (was_full ? list == nullptr : list == &span && span.next == nullptr);
        if (!alone) {
            if (!was_full) unlink(list, span);
            retire(span);
            return;
        }
    }
    set_next(p, span.free);
    span.free = p;
    if (was_full) link(shard.partial[span.kind], span);
}

bool SpanHeap::do_resize(void* p, std::size_t /*old_size*/, std::size_t /*align*/,
                         std::size_t new_size) noexcept {
    const std::size_t usable = usable_size(p);
    return new_size <= usable && (new_size >= usable / 2 || usable <= 64);
}

std::size_t SpanHeap::usable_size(const void* p) const noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    if (address - begin_ >= size_) return 0;
    const Span& span = span_at(address);
    if (!span.open.load(std::memory_order_acquire)) return 0;
    const std::size_t size = size_of(span.kind);
    const std::size_t offset = address - begin_of(span);
    if (span.room == 1) return offset < size ? size - offset : 0;
    return offset % size == 0 && offset / size < span.carved ? size : 0;
}

std::size_t SpanHeap::room_from(const void* p) const noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    const Span& span = span_at(address);
    const std::size_t size = size_of(span.kind);
    return size - (address - begin_of(span)) % size;
}

bool SpanHeap::is_zeroed(const void* p) const noexcept {
    const Span& span = span_at(reinterpret_cast<std::uintptr_t>(p));
    return span.room == 1 && span.zeroed;
}

void SpanHeap::lock_all() noexcept {
    for (Shard& shard : shards_) shard.lock.lock();
    lock_.lock();
}

void SpanHeap::unlock_all() noexcept {
    lock_.unlock();
    for (Shard& shard : shards_) shard.lock.unlock();
}

}  // namespace zigmund::alloc::inline v0::interpose
