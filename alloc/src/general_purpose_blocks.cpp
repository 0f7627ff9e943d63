#include <bit>
#include <cstring>

#include "general_purpose_state.hpp"

namespace zigmund::alloc::inline v0 {

using namespace detail;

void GeneralPurposeAllocator::State::write_header(void* user, std::size_t size, std::size_t align,
                                                  const Extent& extent, StackId stack, std::uint32_t origin,
                                                  std::uint32_t seconds, Family family) noexcept {
    const std::uint64_t canary = canary_of(user);
    const std::uint64_t size_align = pack(size, align, family);
    Header& header = header_of(user);
    header.size_align = size_align;
    header.stack = stack;
    header.origin = origin;
    header.seconds = seconds;
    header.check = check_of(size_align, maker_of(stack, origin), seconds, user);
    header.canary = canary;
    write_tail(user, size, extent.total - extent.prefix - size, canary);
    fence(static_cast<std::byte*>(user) - extent.prefix, extent, size);
}

bool GeneralPurposeAllocator::State::seat_for_short_way() noexcept {
    if (dead || guards || limited) return false;
    if (memory_checker::watches()) return false;  // it must be told of each header before that is read
    const Seat here = seat();
    if (here.shared) return false;
    ThreadContext& context = thread_context_storage;
    if (context.books == number) return false;  // it had its chance
    context.shard = &here.shard;
    context.books = number;
    return true;
}

bool GeneralPurposeAllocator::State::reserve_limited(std::size_t more) noexcept {
    std::size_t used = requested.load(std::memory_order_relaxed);
    do {
        if (more > options.requested_memory_limit || used > options.requested_memory_limit - more)
            return false;
    } while (!requested.compare_exchange_weak(used, used + more, std::memory_order_relaxed));
    return true;
}

void* GeneralPurposeAllocator::State::allocate_any(std::size_t size, std::size_t align, const void* frame,
                                                   Family family) noexcept {
    if (seat_for_short_way()) return allocate(size, align, frame, family);
    const Extent extent = extent_of(size, align);
    if (extent.total == 0 || dead) [[unlikely]] {
        dead ? report_dead("allocate", frame) : report_size_overflow(size, frame);
        return nullptr;
    }
    if (guards) {
        if (samples) return allocate_sampled(size, align, frame, family);
        if (void* const p = allocate_guarded(size, align, frame, family); p != nullptr) return p;
    }
    if (!reserve(size)) return nullptr;
    void* const base = options.backing.try_allocate(extent.total, extent.align);
    void* const user = base != nullptr ? static_cast<std::byte*>(base) + extent.prefix : nullptr;
    if (user == nullptr ||
        !map.set(reinterpret_cast<std::uintptr_t>(user), plain_total(size), BlockState::live)) [[unlikely]] {
        if (base != nullptr) options.backing.deallocate(base, extent.total, extent.align);
        unreserve(size);
        return nullptr;
    }
    const Seat here = seat();
    write_header(user, size, align, extent, depth == 0 ? 0 : capture_stack(frame, depth),
                 origin_of(here.thread), traced ? age() : 0, family);
    memory_checker::forget(user, size);
    const OptionalSpinGuard guard{here.shard.lock, here.shared};
    if (counters.add_block(here.shard, size)) counters.rise(here.shard, user);
    return user;
}

bool GeneralPurposeAllocator::State::intact(void* user, std::size_t size, std::size_t align,
                                            Family family) const noexcept {
    if (map.get(reinterpret_cast<std::uintptr_t>(user)) != BlockState::live || dead) return false;
    const Extent extent = extent_of(size, align);
    if (extent.total == 0) return false;
    if (memory_checker::watches()) {
        const Header real = peek_header(user);
        const Extent fenced = extent_of(real.size(), real.align());
        unfence(static_cast<std::byte*>(user) - fenced.prefix, fenced, real.size());
    }
    const Header& header = header_of(user);
    const std::uint64_t canary = canary_of(user);
    return header.canary == canary && header.check == check_of(header, user) &&
           header.size_align == pack(size, align, family) &&
           tail_intact(user, size, extent.total - extent.prefix - size, canary);
}

void GeneralPurposeAllocator::State::deallocate_any(void* p, std::size_t size, std::size_t align,
                                                    const void* frame, Family family) noexcept {
    if (seat_for_short_way()) return deallocate(p, size, align, frame, family);
    if (guards) {
        if (guard_pages.contains(p)) return deallocate_guarded(p, size, align, frame, family);
        if (samples) return options.backing.deallocate(p, size, align);
    }
    if (!intact(p, size, align, family)) [[unlikely]] {
        const Claim claim = examine(p, size, align, "free", frame, family);
        if (!claim.is_block) return;
        if (!claim.has_place) return abandon(p, claim.size, frame);
        size = claim.size;
        align = claim.align;
        const Extent real = extent_of(size, align);
        std::byte* const base = static_cast<std::byte*>(p) - real.prefix;
        unfence(base, real, size);
        if (const Header damaged = header_of(p); damaged.check != check_of(damaged, p)) {
            // It was told. In quarantine it would look like a write that came after the free.
            const Header left = recover(p, damaged, size, align).header;
            write_header(p, size, align, real, left.stack, left.origin, left.seconds, left.family());
            unfence(base, real, size);
        }
    }
    const Extent extent = extent_of(size, align);
    unreserve(size);
    if (extent.total <= holds_up_to) {
        hold(seat(), p, size, align, extent, frame);
        return;
    }
    if (traced)
        history.remember({.address = reinterpret_cast<std::uintptr_t>(p),
                          .size = size,
                          .allocated = header_of(p).stack,
                          .freed = capture_stack(frame, depth)});
    (void)map.set(reinterpret_cast<std::uintptr_t>(p), plain_total(size), BlockState::freed);
    {
        const Seat here = seat();
        const OptionalSpinGuard guard{here.shard.lock, here.shared};
        if (counters.remove_block(here.shard, size)) counters.fall(here.shard);
    }
    options.backing.deallocate(static_cast<std::byte*>(p) - extent.prefix, extent.total, extent.align);
}

void GeneralPurposeAllocator::State::hold(const Seat& here, void* user, std::size_t size, std::size_t align,
                                          const Extent& extent, const void* frame) noexcept {
    const StackId freed = capture_stack(frame, depth);
    poison(user, extent.total - extent.prefix);
    (void)map.set(reinterpret_cast<std::uintptr_t>(user), plain_total(size), BlockState::quarantined);
    {
        const OptionalSpinGuard guard{here.shard.lock, here.shared};
        if (counters.remove_block(here.shard, size)) counters.fall(here.shard);
        here.shard.quarantine->push({.address = reinterpret_cast<std::uintptr_t>(user),
                                     .total = extent.total,
                                     .freed = freed,
                                     .align = static_cast<std::uint32_t>(std::countr_zero(align))});
    }
    for (;;) {
        Quarantine::Held oldest;
        {
            const OptionalSpinGuard guard{here.shard.lock, here.shared};
            if (!here.shard.quarantine->full()) return;
            oldest = here.shard.quarantine->pop();
        }
        let_go(oldest, frame);
    }
}

/// let_go() of a small block with nothing wrong. False: it is not one.
[[gnu::always_inline]] inline bool GeneralPurposeAllocator::State::let_go_small(
    const Quarantine::Held& held) noexcept {
    if (held.total >= BlockMap::small_below || held.align != default_align_bits) [[unlikely]]
        return false;
    void* const user = reinterpret_cast<void*>(held.address);
    std::atomic<std::uint8_t>& cell = map.known_cell(held.address);
    const Header& header = header_of(user);
    if (cell.load(std::memory_order_relaxed) != BlockMap::value(held.address, BlockState::quarantined) ||
        header.check != check_of(header, user) || !is_poisoned(user, held.total - sizeof(Header)))
        [[unlikely]]
        return false;
    history.remember(
        {.address = held.address, .size = header.size(), .allocated = header.stack, .freed = held.freed});
    BlockMap::set(cell, held.address, BlockState::freed);
    give_small(user, held.total);
    return true;
}

void GeneralPurposeAllocator::State::let_go_until_it_fits(Shard& shard, const void* frame) noexcept {
    Quarantine& quarantine = *shard.quarantine;
    while (quarantine.crowded() && !quarantine.empty()) {
        const Quarantine::Held oldest = quarantine.pop();
        if (!let_go_small(oldest)) [[unlikely]]
            let_go(Quarantine::Held{oldest}, frame);  // a copy: the one above stays in registers
    }
}

void GeneralPurposeAllocator::State::let_go(const Quarantine::Held& held, const void* frame) noexcept {
    void* const user = reinterpret_cast<void*>(held.address);
    if (map.get(held.address) != BlockState::quarantined) [[unlikely]] {
        // Two threads freed it at the same time, and both were believed.
        report_unknown(user, "free", frame);
        return;
    }
    const std::size_t align = std::size_t{1} << held.align;
    const std::size_t prefix = std::max(align, sizeof(Header));
    const Header& header = header_of(user);
    const bool known = header.check == check_of(header, user);
    if (!known || !is_poisoned(user, held.total - prefix)) [[unlikely]]
        (void)report_late_write(held, frame);
    history.remember({.address = held.address,
                      .size = known ? header.size() : 0,
                      .allocated = known ? header.stack : 0,
                      .freed = held.freed});
    map.release(held.address);
    options.backing.deallocate(static_cast<std::byte*>(user) - prefix, held.total,
                               std::max<std::size_t>(align, 16));
}

void GeneralPurposeAllocator::State::empty_quarantines(const void* frame) noexcept {
    counters.for_each_shard([&](Shard& shard) {
        while (shard.quarantine != nullptr && !shard.quarantine->empty())
            let_go(shard.quarantine->pop(), frame);
    });
}

}  // namespace zigmund::alloc::inline v0
