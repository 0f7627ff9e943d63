#include <zigmund/alloc/arena.hpp>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "memory_checker.hpp"

namespace zigmund::alloc::inline v0 {
namespace {

using detail::Chunk;
using detail::Window;

constexpr std::size_t no_size = std::numeric_limits<std::size_t>::max();

// Where the window of an arena without a chunk lies. Never written: it has no bytes to give.
alignas(default_align) constinit const std::byte nowhere[default_align]{};

std::uintptr_t address(const void* p) noexcept { return reinterpret_cast<std::uintptr_t>(p); }

Window no_window() noexcept {
    const std::uintptr_t at = address(nowhere);
    return {.cursor = at, .limit = at, .floor = at, .begin = at, .top = at};
}

constexpr std::uintptr_t round_down(std::uintptr_t value) noexcept {
    return value & ~(std::uintptr_t{default_align} - 1);
}

}  // namespace

ArenaBase::ArenaBase(std::size_t min_align, std::span<std::byte> buffer, Allocator upstream,
                     ArenaOptions options) noexcept
    : window_{no_window()},
      frees_{memory_checker::watches() || options.recycle},
      min_align_{min_align},
      diverted_{frees_},
      watched_{memory_checker::watches()},
      hidden_{window_},
      upstream_{upstream},
      options_{options} {
    const std::uintptr_t begin = round_down(address(buffer.data()) + default_align - 1);
    const std::uintptr_t end = address(buffer.data()) + buffer.size();
    if (begin >= end) return;
    initial_ = {.older = nullptr, .begin = begin, .end = end, .cursor = begin};
    hide(begin, end);
    enter(&initial_);
}

void ArenaBase::end() noexcept {
    check_no_savepoint();
    run_cleanups(nullptr);
    retain(0);
    // The caller goes on using the buffer.
    if (initial_.end != 0) show(initial_.begin, initial_.end - initial_.begin);
}

// ---- allocation ----

void* ArenaBase::allocate_or_throw(std::size_t size, std::size_t align) {
    std::uintptr_t block;
    if (align > default_align && bump_aligned(window_, size, align, min_align_, block))
        return reinterpret_cast<void*>(block);
    return allocate_from_chunks_or_throw(size, align);
}

void* ArenaBase::allocate_slow(std::size_t size, std::size_t align) noexcept {
    std::uintptr_t block;
    if (align > default_align && bump_aligned(window_, size, align, min_align_, block))
        return reinterpret_cast<void*>(block);
    return allocate_from_chunks(size, align);
}

void* ArenaBase::allocate_from_chunks_or_throw(std::size_t size, std::size_t align) {
    void* p = allocate_from_chunks(size, align);
    if (p == nullptr) detail::throw_bad_alloc();
    return p;
}

void* ArenaBase::allocate_from_chunks(std::size_t size, std::size_t align) noexcept {
    align = std::max(align, min_align_);
    if (options_.recycle)
        if (void* p = reuse(size, align, 2 * size)) return p;
    if (void* p = cut(size, align)) return p;
    if (options_.recycle)
        if (void* p = reuse(size, align, no_size)) return p;
    if (size > budget()) return nullptr;
    // The upstream promises 16; what is asked beyond that is found inside the chunk.
    const std::size_t slack = sizeof(Chunk) + (align > default_align ? align - default_align : 0);
    if (size > no_size - slack) return nullptr;
    const std::size_t need = size + slack;
    const std::size_t next = std::max(next_chunk(), spare_ != nullptr ? total_size(spare_) : 0);
    // In a chunk the padding counts as used. Where that could cross the limit, the block has its own memory.
    const bool big = need > next / 2 || need - sizeof(Chunk) > budget();
    return big ? allocate_big(size, align, need) : cut_from_new_chunk(size, align, need);
}

// A block that was freed, of no more than `most` bytes.
void* ArenaBase::reuse(std::size_t size, std::size_t align, std::size_t most) noexcept {
    const std::uintptr_t block = free_lists_.pop(size, align, most, innermost_, watched_);
    if (block != 0) show(block, size);
    return reinterpret_cast<void*>(block);
}

// A block from the window, with any alignment, up to the last byte of the chunk and of the limit.
void* ArenaBase::cut(std::size_t size, std::size_t align) noexcept {
    Window& window = real();
    if (!in_window()) return nullptr;
    const std::size_t room = std::min(chunks_->end - window.cursor, budget());
    const std::size_t padding = (0 - window.cursor) & (align - 1);
    if (padding > room || size > room - padding) return nullptr;
    const std::uintptr_t block = window.cursor + padding;
    show(block, size);
    // Past the limit lie at most 15 bytes; a window that ends in them has none left to give.
    const bool last = size > window.limit - block || block > window.limit;
    window.cursor = block + (last ? size : rounded(size, min_align_));
    if (last) leave();
    return reinterpret_cast<void*>(block);
}

void* ArenaBase::cut_from_new_chunk(std::size_t size, std::size_t align, std::size_t need) noexcept {
    std::size_t total = next_chunk();
    if (options_.limit != no_size) total = std::max(need, std::min(total, sizeof(Chunk) + budget()));
    Chunk* chunk =
        spare_ != nullptr && total_size(spare_) >= need ? std::exchange(spare_, nullptr) : take(total);
    while (chunk == nullptr && total > need) {
        total = std::max(need, total / 2);
        chunk = take(total);
    }
    if (chunk == nullptr) return nullptr;
    leave();
    chunk->older = chunks_;
    enter(chunk);
    return cut(size, align);
}

void* ArenaBase::allocate_big(std::size_t size, std::size_t align, std::size_t need) noexcept {
    Chunk* big = take(need);
    if (big == nullptr) return nullptr;
    big->begin += (0 - big->begin) & (align - 1);
    big->cursor = big->begin;
    big->older = bigs_;
    if (bigs_ == nullptr) smallest_big_ = size;
    bigs_ = big;
    frees_ = true;
    account_big(big, size);
    show(big->begin, size);
    return reinterpret_cast<void*>(big->begin);
}

std::size_t ArenaBase::next_chunk() const noexcept {
    std::size_t next = options_.first_chunk;
    if (chunks_ != nullptr && chunks_ != &initial_) {
        const std::size_t last = std::min(total_size(chunks_), options_.max_chunk);
        next = last / 100 * options_.growth_percent + last % 100 * options_.growth_percent / 100;
    }
    return std::max(std::min(next, options_.max_chunk), smallest_chunk);
}

// ---- one block ----

void ArenaBase::deallocate_slow(void* p, std::size_t size, std::size_t /*align*/) noexcept {
    const std::uintptr_t block = address(p);
    if (is_newest(real(), block, size, min_align_)) {
        take_back(real(), block);
    } else if (Chunk** link = find_big(p, size)) {
        Chunk* big = *link;
        *link = big->older;
        account_big(big, 0);
        give_back(big);
        update_frees();
        return;
    } else if (options_.recycle && is_above_floor(block)) {
        free_lists_.push(block, size, innermost_, watched_);
    }
    hide(block, block + size);
}

bool ArenaBase::resize_slow(void* p, std::size_t old_size, std::size_t /*align*/,
                            std::size_t new_size) noexcept {
    const std::uintptr_t block = address(p);
    if (diverted_ && resize_newest(hidden_, p, old_size, new_size, min_align_)) {
        if (new_size > old_size) show(block + old_size, new_size - old_size);
        if (new_size < old_size) hide(block + new_size, block + old_size);
        return true;
    }
    if (Chunk** link = find_big(p, old_size)) {
        Chunk* big = *link;
        const std::size_t room = big->end - big->begin;
        if (new_size > old_size && new_size - old_size > budget()) return false;
        if (new_size > room) {
            const std::size_t total = total_size(big);
            const std::size_t more = new_size - room;
            if (more > no_size - total) return false;
            show(block + old_size, room - old_size);  // the upstream may touch it
            const bool resized = upstream_.resize(big, total, default_align, total + more);
            hide(block + old_size, big->end);
            if (!resized) return false;
            big->end += more;
            reserved_ += more;
        }
        account_big(big, new_size);
        if (new_size > old_size) show(block + old_size, new_size - old_size);
    } else if (new_size > old_size) {
        return false;
    } else {
        // It may be a block with memory of its own, below the floor: found again by its new size.
        smallest_big_ = std::min(smallest_big_, new_size);
    }
    if (new_size < old_size) hide(block + new_size, block + old_size);
    return true;
}

void* ArenaBase::remap_slow(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    if (resize_slow(p, old_size, align, new_size)) return p;
    Chunk** link = find_big(p, old_size);
    // A larger alignment was found inside the chunk, and would be lost with its address.
    if (link == nullptr || align > default_align) return nullptr;
    if (new_size > no_size - sizeof(Chunk) || new_size - old_size > budget()) return nullptr;
    const std::size_t total = total_size(*link);
    const std::size_t new_total = sizeof(Chunk) + new_size;
    // Of a block that shrank below the floor, the books have the size it had before.
    const std::size_t counted = (*link)->cursor - (*link)->begin;
    const std::uintptr_t rest = address(p) + old_size;
    show(rest, (*link)->end - rest);  // the upstream may copy it
    void* moved = upstream_.remap(*link, total, default_align, new_total);
    if (moved == nullptr) {
        hide(rest, (*link)->end);
        return nullptr;
    }
    auto* big = static_cast<Chunk*>(moved);
    *link = big;
    big->begin = address(big) + sizeof(Chunk);
    big->cursor = big->begin + counted;
    big->end = address(big) + new_total;
    reserved_ = reserved_ - total + new_total;
    account_big(big, new_size);
    show(big->begin + old_size, new_size - old_size);
    return reinterpret_cast<void*>(big->begin);
}

// Gives a block with memory of its own another size, in the books.
void ArenaBase::account_big(Chunk* big, std::size_t new_size) noexcept {
    note_peak();
    closed_ = closed_ - (big->cursor - big->begin) + new_size;
    big->cursor = big->begin + new_size;
    smallest_big_ = std::min(smallest_big_, new_size);
    set_limit();
}

// The link to the block with memory of its own that begins at p, or null. Looked for among blocks of such
// a size only, of which there are few.
Chunk** ArenaBase::find_big(void* p, std::size_t size) noexcept {
    if (bigs_ == nullptr || size < smallest_big_) return nullptr;
    for (Chunk** link = &bigs_; *link != bigs_floor_; link = &(*link)->older)
        if ((*link)->begin == address(p)) return link;
    return nullptr;
}

// ---- chunks ----

Chunk* ArenaBase::take(std::size_t total) noexcept {
    void* memory = upstream_.try_allocate(total, default_align);
    if (memory == nullptr) return nullptr;
    reserved_ += total;
    ++spills_;
    const std::uintptr_t begin = address(memory) + sizeof(Chunk);
    const std::uintptr_t end = address(memory) + total;
    hide(begin, end);
    return ::new (memory) Chunk{.older = nullptr, .begin = begin, .end = end, .cursor = begin};
}

void ArenaBase::give_back(Chunk* chunk) noexcept {
    const std::size_t total = total_size(chunk);
    show(address(chunk), total);
    reserved_ -= total;
    upstream_.deallocate(chunk, total, default_align);
}

// Keeps the largest of the chunks that a rewind emptied.
void ArenaBase::put_aside(Chunk* chunk) noexcept {
    if (spare_ == nullptr || total_size(chunk) > total_size(spare_)) std::swap(chunk, spare_);
    if (chunk != nullptr) give_back(chunk);
    spare_->older = nullptr;
    spare_->cursor = spare_->begin;
    hide(spare_->begin, spare_->end);
}

// Puts an empty chunk on top, and the window on it.
void ArenaBase::enter(Chunk* chunk) noexcept {
    chunks_ = chunk;
    const std::uintptr_t at = chunk->begin;
    real() = {.cursor = at, .limit = at, .floor = at, .begin = at, .top = at};
    set_limit();
}

// Takes the window off the top chunk, which keeps its blocks.
void ArenaBase::leave() noexcept {
    Window& window = real();
    if (in_window()) {
        note_peak();
        chunks_->cursor = window.cursor;
        closed_ += window.cursor - window.begin;
    }
    window = no_window();
}

// After anything that changes what the window may give: its chunk, or the budget.
void ArenaBase::set_limit() noexcept {
    if (!in_window()) return;
    Window& window = real();
    const std::size_t room = std::min(chunks_->end - window.cursor, budget());
    window.limit = round_down(window.cursor + room);
    if (window.limit < window.cursor) leave();
}

void ArenaBase::show(std::uintptr_t begin, std::size_t size) const noexcept {
    if (watched_ && size != 0) memory_checker::show(reinterpret_cast<void*>(begin), size);
}

void ArenaBase::hide(std::uintptr_t begin, std::uintptr_t end) const noexcept {
    if (watched_ && begin < end) memory_checker::hide(reinterpret_cast<void*>(begin), end - begin);
}

template class BasicArena<1>;
template class BasicArena<2>;
template class BasicArena<4>;
template class BasicArena<8>;
template class BasicArena<16>;

}  // namespace zigmund::alloc::inline v0
