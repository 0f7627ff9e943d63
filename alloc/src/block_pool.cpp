#include <zigmund/alloc/block_pool.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "memory_checker.hpp"

namespace zigmund::alloc::inline v0 {
namespace {

constexpr std::size_t first_chunk = std::size_t{4} << 10;
constexpr std::size_t biggest_chunk = std::size_t{4} << 20;
/// Blocks listed at a time, so that a big chunk is not touched before it is used.
constexpr std::size_t batch = 32;
/// Above it, no sum of a few sizes can overflow, and no upstream has that much.
constexpr std::size_t biggest_block = std::numeric_limits<std::size_t>::max() / 8;

constexpr std::size_t round_up(std::size_t n, std::size_t align) noexcept {
    return (n + (align - 1)) & ~(align - 1);
}

}  // namespace

/// Followed by the blocks and, when checked, a bit for each that says whether it is live.
struct ZIGMUND_HIDDEN BlockPool::Chunk {
    Chunk* older;
    std::byte* begin;
    std::byte* end;
    std::size_t bytes;  ///< of the memory that the upstream gave

    [[nodiscard]] unsigned char* notes() const noexcept { return reinterpret_cast<unsigned char*>(end); }
};

BlockPool::BlockPool(std::size_t block_size, std::size_t block_align, Allocator upstream,
                     PoolOptions options) noexcept
    : checked_{options.checked || memory_checker::watches()},
      upstream_{upstream},
      block_size_{std::max<std::size_t>(block_size, 1)},
      align_{std::max(block_align, alignof(Chunk))},
      stride_{0},
      capacity_{options.capacity},
      next_chunk_{first_chunk} {
    assert(std::has_single_bit(block_align));
    if (block_size_ > biggest_block || align_ > biggest_block) {
        capacity_ = 0;
        return;
    }
    stride_ = round_up(std::max(block_size_, sizeof(Free)), align_);
}

BlockPool::~BlockPool() {
    while (chunks_ != nullptr) {
        Chunk* const chunk = chunks_;
        chunks_ = chunk->older;
        const std::size_t bytes = chunk->bytes;
        if (memory_checker::watches()) memory_checker::show(chunk, bytes);
        upstream_.deallocate(chunk, bytes, align_);
    }
}

std::size_t BlockPool::chunk_bytes(std::size_t blocks) const noexcept {
    return round_up(sizeof(Chunk), align_) + blocks * stride_ + (checked_ ? (blocks + 7) / 8 : 0);
}

bool BlockPool::grow(std::size_t blocks) noexcept {
    if (blocks > biggest_block / stride_) return false;
    const std::size_t bytes = chunk_bytes(blocks);
    void* const memory = upstream_.try_allocate(bytes, align_);
    if (memory == nullptr) return false;
    list_fresh(reserved_);  // what the chunk before has left
    auto* const chunk = ::new (memory) Chunk{chunks_, nullptr, nullptr, bytes};
    chunk->begin = static_cast<std::byte*>(memory) + round_up(sizeof(Chunk), align_);
    chunk->end = chunk->begin + blocks * stride_;
    if (checked_) std::memset(chunk->notes(), 0, (blocks + 7) / 8);
    if (memory_checker::watches()) memory_checker::hide(chunk->begin, blocks * stride_);
    chunks_ = chunk;
    fresh_ = chunk->begin;
    fresh_end_ = chunk->end;
    reserved_ += blocks;
    return true;
}

/// Moves fresh blocks, the first on top, to the list of free ones.
void BlockPool::list_fresh(std::size_t most) noexcept {
    const std::size_t blocks = std::min(most, static_cast<std::size_t>(fresh_end_ - fresh_) / stride_);
    Free*& list = checked_ ? checked_free_ : free_;
    for (std::size_t i = blocks; i-- > 0;) {
        std::byte* const p = fresh_ + i * stride_;
        if (memory_checker::watches()) memory_checker::show(p, sizeof(Free));
        list = ::new (p) Free{list};
        if (memory_checker::watches()) memory_checker::hide(p, sizeof(Free));
    }
    fresh_ += blocks * stride_;
}

void* BlockPool::take_slow() noexcept {
    if (checked_ && checked_free_ != nullptr) return take_checked();
    if (fresh_ == fresh_end_) {
        if (reserved_ >= capacity_) return nullptr;
        const std::size_t head = chunk_bytes(0);
        std::size_t blocks = next_chunk_ > head + stride_ ? (next_chunk_ - head) / stride_ : 1;
        blocks = std::min(blocks, capacity_ - reserved_);
        while (!grow(blocks)) {
            if (blocks == 1) return nullptr;
            blocks /= 2;
        }
        next_chunk_ = std::min(next_chunk_ * 2, biggest_chunk);
    }
    list_fresh(batch);
    return checked_ ? take_checked() : take();
}

bool BlockPool::preheat(std::size_t n) noexcept {
    const std::size_t ready = reserved_ - live_;
    if (n <= ready) return true;
    return n - ready <= capacity_ - reserved_ && grow(n - ready);
}

// ---- checked: which block is live is known from outside of it ----

/// A null byte when `p` is no block of the pool.
BlockPool::Note BlockPool::find_note(const void* p) const noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->older) {
        const auto begin = reinterpret_cast<std::uintptr_t>(chunk->begin);
        if (address < begin || address >= reinterpret_cast<std::uintptr_t>(chunk->end)) continue;
        if ((address - begin) % stride_ != 0) break;
        const std::size_t index = (address - begin) / stride_;
        return {chunk->notes() + index / 8, static_cast<unsigned char>(1U << index % 8)};
    }
    return {nullptr, 0};
}

BlockPool::Note BlockPool::find_live(const void* p) const noexcept {
    const Note note = find_note(p);
    if (note.byte == nullptr) {
        std::fprintf(stderr, "zigmund: pool: %p is not one of its %zu-byte blocks\n", p, block_size_);
        std::abort();
    }
    if ((*note.byte & note.bit) == 0) {
        std::fprintf(stderr, "zigmund: pool: double free of the %zu-byte block at %p\n", block_size_, p);
        std::abort();
    }
    return note;
}

void* BlockPool::take_checked() noexcept {
    Free* const block = checked_free_;
    if (memory_checker::watches()) memory_checker::reveal(block, sizeof(Free));
    checked_free_ = block->next;
    if (memory_checker::watches()) memory_checker::show(block, stride_);
    const Note note = find_note(block);
    *note.byte |= note.bit;
    ++live_;
    return block;
}

void BlockPool::give_checked(void* p) noexcept {
    const Note note = find_live(p);
    *note.byte ^= note.bit;
    checked_free_ = ::new (p) Free{checked_free_};
    if (memory_checker::watches()) memory_checker::hide(p, stride_);
    --live_;
}

// ---- as a Resource ----

void* BlockPool::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    return size <= block_size_ && align <= align_ ? take() : nullptr;
}

void BlockPool::do_deallocate(void* p, std::size_t /*size*/, std::size_t /*align*/) noexcept { give(p); }

bool BlockPool::do_resize(void* /*p*/, std::size_t /*old_size*/, std::size_t /*align*/,
                          std::size_t new_size) noexcept {
    return new_size <= block_size_;
}

}  // namespace zigmund::alloc::inline v0
