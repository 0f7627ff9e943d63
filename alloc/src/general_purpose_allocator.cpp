#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <cstring>
#include <new>

#include "general_purpose_state.hpp"

namespace zigmund::alloc::inline v0 {

using namespace detail;

// ---- the short ways ----
//
// Of a small block of a thread's own books, with nothing wrong. Whatever is called but the backing is called
// last, so that few registers are saved for it.

namespace {

/// The largest block that takes the short way: its cell in the map is a byte.
constexpr std::size_t largest_small = BlockMap::small_below - 16 - sizeof(Header) - 8;
static_assert(plain_total(largest_small) < BlockMap::small_below);

}  // namespace

template <bool with_stack>
[[gnu::always_inline]] inline void* GeneralPurposeAllocator::State::enter(Shard& shard, std::byte* base,
                                                                          std::uint64_t size_align,
                                                                          const void* frame) noexcept {
    std::byte* const user = base + sizeof(Header);
    const auto address = reinterpret_cast<std::uintptr_t>(user);
    std::atomic<std::uint8_t>* const cell = map.cell_for(address);
    if (cell == nullptr) [[unlikely]]
        return enter_on_new_ground(shard, base, size_align, frame);
    BlockMap::set(*cell, address, BlockState::live);
    const StackId stack = with_stack ? capture_stack(frame, depth) : 0;
    const std::size_t size = size_in(size_align);
    write_frame(user, size, plain_total(size), size_align, maker_of(stack, origin_of(shard.thread)),
                with_stack ? age_for(shard) : 0);
    memory_checker::forget(user, size);
    if (counters.add_block(shard, size)) [[unlikely]]
        return counters.rise(shard, user);
    return user;
}

void* GeneralPurposeAllocator::State::enter_on_new_ground(Shard& shard, std::byte* base,
                                                          std::uint64_t size_align,
                                                          const void* frame) noexcept {
    const std::size_t size = size_in(size_align);
    const std::size_t total = plain_total(size);
    std::byte* const user = base + sizeof(Header);
    if (!map.set(reinterpret_cast<std::uintptr_t>(user), total, BlockState::live)) {
        options.backing.deallocate(base, total, default_align);
        return nullptr;
    }
    const StackId stack = traced ? capture_stack(frame, depth) : 0;
    write_frame(user, size, total, size_align, maker_of(stack, origin_of(shard.thread)), traced ? age() : 0);
    memory_checker::forget(user, size);
    return counters.add_block(shard, size) ? counters.rise(shard, user) : user;
}

void* GeneralPurposeAllocator::State::allocate_traced(std::uint64_t size_align, const void* frame) noexcept {
    auto* const base = static_cast<std::byte*>(take(plain_total(size_in(size_align))));
    if (base == nullptr) [[unlikely]]
        return nullptr;
    return enter<true>(*thread_context_storage.shard, base, size_align, frame);
}

void* GeneralPurposeAllocator::State::allocate_from_other(std::uint64_t size_align,
                                                          const void* frame) noexcept {
    Shard& shard = *thread_context_storage.shard;  // now: the backing may be another of these
    auto* const base = static_cast<std::byte*>(
        options.backing.try_allocate(plain_total(size_in(size_align)), default_align));
    if (base == nullptr) [[unlikely]]
        return nullptr;
    return traced ? enter<true>(shard, base, size_align, frame)
                  : enter<false>(shard, base, size_align, frame);
}

[[gnu::always_inline]] inline void* GeneralPurposeAllocator::State::allocate_short(std::size_t size,
                                                                                   std::size_t align,
                                                                                   const void* frame,
                                                                                   Family family) noexcept {
    if (align > default_align || size > largest_small) [[unlikely]]
        return allocate_any(size, align, frame, family);
    const std::uint64_t size_align = pack(size, align, family);
    if (take == nullptr) [[unlikely]]
        return allocate_from_other(size_align, frame);
    if (traced) return allocate_traced(size_align, frame);
    auto* const base = static_cast<std::byte*>(take(plain_total(size)));
    if (base == nullptr) [[unlikely]]
        return nullptr;
    return enter<false>(*thread_context_storage.shard, base, size_align, nullptr);
}

/// Whether the block at `p` is a live one, small, and as it is said to be, and nothing around it was written.
/// `cell`: becomes its own.
[[gnu::always_inline]] inline bool GeneralPurposeAllocator::State::is_as_said(
    void* p, std::size_t size, std::size_t align, Family family,
    std::atomic<std::uint8_t>*& cell) const noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    cell = map.cell_at(address);
    // Size and alignment first: where the block ends is known only if they are right.
    return cell != nullptr && BlockMap::is_live(*cell, address) &&
           header_of(p).size_align == pack(size, align, family) && align <= default_align &&
           size <= largest_small && frame_intact(p, size, plain_total(size));
}

[[gnu::always_inline]] inline void GeneralPurposeAllocator::State::deallocate_short(void* p, std::size_t size,
                                                                                    std::size_t align,
                                                                                    const void* frame,
                                                                                    Family family) noexcept {
    if (traced) return deallocate_traced(p, size, align, frame, family);
    std::atomic<std::uint8_t>* cell = nullptr;
    if (!is_as_said(p, size, align, family, cell)) [[unlikely]]
        return deallocate_any(p, size, align, frame, family);
    BlockMap::set(*cell, reinterpret_cast<std::uintptr_t>(p), BlockState::freed);
    if (counters.remove_block(*thread_context_storage.shard, size)) [[unlikely]]
        return fall_and_give(p, plain_total(size));
    give_small(p, plain_total(size));
}

void GeneralPurposeAllocator::State::fall_and_give(void* user, std::size_t total) noexcept {
    counters.fall(*thread_context_storage.shard);
    give_small(user, total);
}

void GeneralPurposeAllocator::State::deallocate_traced(void* p, std::size_t size, std::size_t align,
                                                       const void* frame, Family family) noexcept {
    // The stack is captured while the block is on its way into the cache: nobody has touched it for long.
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    __builtin_prefetch(reinterpret_cast<const void*>(address - sizeof(Header)));
    __builtin_prefetch(reinterpret_cast<const void*>(address + size));
    const StackId freed = capture_stack(frame, depth);
    std::atomic<std::uint8_t>* cell = nullptr;
    if (!is_as_said(p, size, align, family, cell)) [[unlikely]]
        return deallocate_any(p, size, align, frame, family);
    const std::size_t total = plain_total(size);
    Shard& shard = *thread_context_storage.shard;
    if (counters.remove_block(shard, size)) [[unlikely]]
        counters.fall(shard);
    if (total > holds_up_to) [[unlikely]] {
        history.remember({.address = address, .size = size, .allocated = header_of(p).stack, .freed = freed});
        BlockMap::set(*cell, address, BlockState::freed);
        return give_small(p, total);
    }
    poison(p, total - sizeof(Header));
    BlockMap::set(*cell, address, BlockState::quarantined);
    Quarantine& quarantine = *shard.quarantine;
    quarantine.push({.address = address, .total = total, .freed = freed, .align = default_align_bits});
    if (quarantine.full()) [[unlikely]]
        let_go_until_it_fits(shard, frame);
}

void* GeneralPurposeAllocator::State::allocate(std::size_t size, std::size_t align, const void* frame,
                                               Family family) noexcept {
    return thread_context_storage.books == number ? allocate_short(size, align, frame, family)
                                                  : allocate_any(size, align, frame, family);
}

void GeneralPurposeAllocator::State::deallocate(void* p, std::size_t size, std::size_t align,
                                                const void* frame, Family family) noexcept {
    thread_context_storage.books == number ? deallocate_short(p, size, align, frame, family)
                                           : deallocate_any(p, size, align, frame, family);
}

// ---- the class ----

GeneralPurposeAllocator::GeneralPurposeAllocator(GeneralPurposeOptions options)
    : state_{nullptr}, handed_out_{options.backing} {
    if (options.tier == Tier::off) return;
    void* const memory = map_pages(sizeof(State));
    if (memory == nullptr) detail::throw_bad_alloc();
    state_ = new (memory) State{options, *this};
    if (!state_->open()) {
        state_->~State();
        unmap_pages(memory, sizeof(State));
        detail::throw_bad_alloc();
    }
    number_ = state_->number;
    handed_out_ = {*this, state_->passes_to_heap() ? Allocator::samples : Allocator::virtual_calls};
}

GeneralPurposeAllocator::~GeneralPurposeAllocator() {
    if (state_ == nullptr) return;
    (void)state_->deinit(0, __builtin_frame_address(0));
    state_->~State();
    unmap_pages(state_, sizeof(State));
}

LeakCheck GeneralPurposeAllocator::deinit(Mark since) noexcept {
    number_ = 0;  // no short way from here on
    return state_ == nullptr ? LeakCheck::ok : state_->deinit(since.number_, __builtin_frame_address(0));
}

std::size_t GeneralPurposeAllocator::check() noexcept {
    return state_ == nullptr || state_->dead ? 0 : state_->check_all(__builtin_frame_address(0));
}

std::size_t GeneralPurposeAllocator::live_bytes() const noexcept {
    return state_ == nullptr ? 0 : state_->counters.live_bytes();
}
std::size_t GeneralPurposeAllocator::live_blocks() const noexcept {
    return state_ == nullptr ? 0 : state_->counters.live_blocks();
}
std::size_t GeneralPurposeAllocator::peak_bytes() const noexcept {
    return state_ == nullptr ? 0 : state_->counters.peak_bytes();
}
std::uint64_t GeneralPurposeAllocator::total_allocations() const noexcept {
    return state_ == nullptr ? 0 : state_->counters.allocations();
}

// Each entrance notes its own frame: the stack that is shown begins with whoever called it. With Tier::off
// they are reached only by who uses the object itself instead of allocator(); no thread has its number then.

void* GeneralPurposeAllocator::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    if (thread_context_storage.books == number_) [[likely]]
        return state_->allocate_short(size, align, __builtin_frame_address(0), Family::allocator);
    if (state_ == nullptr) return handed_out_.try_allocate(size, align);
    return state_->allocate_any(size, align, __builtin_frame_address(0), Family::allocator);
}

void* GeneralPurposeAllocator::do_allocate(std::size_t size, std::size_t align) {
    void* p = nullptr;
    if (thread_context_storage.books == number_) [[likely]] {
        p = state_->allocate_short(size, align, __builtin_frame_address(0), Family::allocator);
    } else if (state_ == nullptr) {
        return handed_out_.allocate(size, align);
    } else {
        p = state_->allocate_any(size, align, __builtin_frame_address(0), Family::allocator);
    }
    if (p == nullptr) [[unlikely]]
        detail::throw_bad_alloc();
    return p;
}

void GeneralPurposeAllocator::do_deallocate(void* p, std::size_t size, std::size_t align) noexcept {
    if (thread_context_storage.books == number_) [[likely]]
        return state_->deallocate_short(p, size, align, __builtin_frame_address(0), Family::allocator);
    if (state_ == nullptr) return handed_out_.deallocate(p, size, align);
    state_->deallocate_any(p, size, align, __builtin_frame_address(0), Family::allocator);
}

bool GeneralPurposeAllocator::do_resize(void* p, std::size_t old_size, std::size_t align,
                                        std::size_t new_size) noexcept {
    if (state_ == nullptr) return handed_out_.resize(p, old_size, align, new_size);
    return state_->resize(p, old_size, align, new_size, __builtin_frame_address(0));
}

void* GeneralPurposeAllocator::do_remap(void* p, std::size_t old_size, std::size_t align,
                                        std::size_t new_size) noexcept {
    if (state_ == nullptr) return handed_out_.remap(p, old_size, align, new_size);
    return state_->remap(p, old_size, align, new_size, __builtin_frame_address(0));
}

}  // namespace zigmund::alloc::inline v0
