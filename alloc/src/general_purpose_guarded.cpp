#include <algorithm>

#include "general_purpose_state.hpp"

namespace zigmund::alloc {

using namespace detail;

void* GeneralPurposeAllocator::State::allocate_guarded(std::size_t size, std::size_t align, const void* frame,
                                                       Family family) noexcept {
    if (!reserve(size)) return nullptr;
    const Seat here = seat();
    Header header{};
    header.size_align = pack(size, align, family);
    header.stack = capture_stack(frame, depth);
    header.origin = origin_of(here.thread);
    header.seconds = age();
    void* const p = guard_pages.allocate(header);
    if (p == nullptr) {
        unreserve(size);
        return nullptr;
    }
    memory_checker::forget(p, size);
    const OptionalSpinGuard guard{here.shard.lock, here.shared};
    if (counters.add_block(here.shard, size)) counters.rise(here.shard, p);
    return p;
}

void GeneralPurposeAllocator::State::deallocate_guarded(void* p, std::size_t size, std::size_t align,
                                                        const void* frame, Family family) noexcept {
    GuardPages::Slot* const slot = examine_guarded(p, size, align, "free", frame, family);
    if (slot == nullptr) return;
    const std::size_t real = slot->header.size();
    guard_pages.free(*slot, capture_stack(frame, depth));
    unreserve(real);
    const Seat here = seat();
    const OptionalSpinGuard guard{here.shard.lock, here.shared};
    if (counters.remove_block(here.shard, real)) counters.fall(here.shard);
}

void* GeneralPurposeAllocator::State::allocate_sampled(std::size_t size, std::size_t align, const void* frame,
                                                       Family family) noexcept {
    if (chooses()) [[unlikely]] {
        if (void* const p = allocate_guarded(size, align, frame, family); p != nullptr) return p;
    }
    return options.backing.try_allocate(size, align);
}

bool GeneralPurposeAllocator::State::chooses() noexcept {
    Sampling& mine = sampling;
    if (mine.until_sample != Sampling::due && mine.passes_on(reinterpret_cast<std::uintptr_t>(&front)))
        [[likely]]
        return false;
    const Seat here = seat();
    const OptionalSpinGuard guard{here.shard.lock, here.shared};
    Shard& shard = here.shard;
    // Uniform between 1 and twice the interval, from a xorshift generator of the thread's own.
    const auto draw = [&] {
        shard.random ^= shard.random << 13;
        shard.random ^= shard.random >> 7;
        shard.random ^= shard.random << 17;
        return shard.random % (2 * std::max<std::size_t>(options.sample_interval, 1) - 1);
    };
    if (shard.random == 0) {
        shard.random = (options.seed + here.thread) * 0x9E3779B97F4A7C15U | 1;
        shard.until_sample = draw();
    }
    if (passes_to_heap() && mine.is_free() && !here.shared) mine.begin(front, shard.until_sample);
    std::uint64_t& until = mine.is_for(front) ? mine.until_sample : shard.until_sample;
    if (until != Sampling::due && !__builtin_sub_overflow(until, 1, &until)) return false;
    until = draw();
    return true;
}

// ---- what is wrong with them ----

void GeneralPurposeAllocator::State::report_guarded_pointer(void* p, const GuardPages::Slot& slot,
                                                            std::string_view verb,
                                                            const void* frame) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    const bool live = slot.state.load(std::memory_order_acquire) == GuardPages::State::live;
    const bool inside = address - slot.user < slot.header.size();
    const Kind kind = live && inside                  ? Kind::interior_pointer
                      : !live && address == slot.user ? Kind::double_free
                                                      : Kind::foreign_pointer;
    void* const user = reinterpret_cast<void*>(slot.user);
    ErrorReport out;
    begin_report(out, kind);
    write_address(out, p);
    if (kind == Kind::interior_pointer) {
        out << " is ";
        out.decimal(address - slot.user) << " bytes into the block at ";
        write_address(out, user);
        out << ", not its beginning\n";
    } else if (kind == Kind::double_free) {
        out << " was given back before this " << verb << '\n';
    } else {
        out << " was not allocated here\n";
    }
    if (kind != Kind::foreign_pointer) write_block(out, user, slot.header);
    if (kind == Kind::double_free) write_stack_of(out, "first given back", slot.freed);
    write_here(out, verb, frame);
    end_report(out, kind, p, kind == Kind::foreign_pointer ? 0 : slot.header.size());
}

GuardPages::Slot* GeneralPurposeAllocator::State::examine_guarded(void* p, std::size_t size,
                                                                  std::size_t align, std::string_view verb,
                                                                  const void* frame, Family family) noexcept {
    GuardPages::Slot* const slot = guard_pages.find(p);
    if (slot == nullptr || dead) {
        (void)examine(p, size, align, verb, frame, family);
        return nullptr;
    }
    if (slot->state.load(std::memory_order_acquire) != GuardPages::State::live ||
        slot->user != reinterpret_cast<std::uintptr_t>(p)) {
        report_guarded_pointer(p, *slot, verb, frame);
        return nullptr;
    }
    (void)report_padding(*slot, verb, frame);
    report_mismatch(p, slot->header, size, align, family, verb, frame);
    return slot;
}

bool GeneralPurposeAllocator::State::resize_guarded(void* p, std::size_t old_size, std::size_t align,
                                                    std::size_t new_size, std::string_view verb,
                                                    const void* frame, Family family) noexcept {
    const GuardPages::Slot* const slot = examine_guarded(p, old_size, align, verb, frame, family);
    // It stays flush to its guard.
    return slot != nullptr && new_size == old_size && slot->header.size() == old_size &&
           slot->header.align() == align;
}

bool GeneralPurposeAllocator::State::report_padding(const GuardPages::Slot& slot, std::string_view verb,
                                                    const void* frame) noexcept {
    bool found = false;
    const auto examine_side = [&](Kind kind, std::span<const unsigned char> padding) {
        const std::size_t at = first_other(padding, GuardPages::padding_byte(slot));
        if (at == padding.size()) return;
        found = true;
        const bool behind = kind == Kind::buffer_overflow;
        void* const user = reinterpret_cast<void*>(slot.user);
        ErrorReport out;
        begin_report(out, kind);
        out << "byte ";
        out.decimal(behind ? at : padding.size() - at)
            << (behind ? " behind" : " before") << " the block at ";
        write_address(out, user);
        out << " of ";
        out.decimal(slot.header.size()) << " bytes was written\n";
        write_bytes(out, padding.subspan(at, std::min<std::size_t>(16, padding.size() - at)),
                    GuardPages::padding_byte(slot));
        write_block(out, user, slot.header);
        write_here(out, verb, frame);
        end_report(out, kind, user, slot.header.size());
    };
    examine_side(Kind::buffer_underflow, GuardPages::padding_before(slot));
    examine_side(Kind::buffer_overflow, GuardPages::padding_behind(slot));
    return found;
}

void GeneralPurposeAllocator::State::report_stopped(const void* p, std::string_view access,
                                                    StackId here) noexcept {
    const GuardPages::Slot* const slot = guard_pages.find(p);
    if (slot == nullptr) return;
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    const std::size_t size = slot->header.size();
    const bool fenced = slot->state.load(std::memory_order_acquire) == GuardPages::State::fenced;
    const bool before = address < slot->user;
    const bool inside = !before && address - slot->user < size;
    const Kind kind = fenced ? Kind::use_after_free : before ? Kind::buffer_underflow : Kind::buffer_overflow;
    void* const user = reinterpret_cast<void*>(slot->user);
    ErrorReport out;
    begin_report(out, kind);
    out << "byte ";
    out.decimal(before   ? slot->user - address
                : inside ? address - slot->user
                         : address - slot->user - size)
        << (before   ? " before"
            : inside ? " of"
                     : " behind")
        << " the block at ";
    write_address(out, user);
    out << " of ";
    out.decimal(size) << " bytes was " << access << (fenced ? " after it was given back\n" : "\n");
    write_block(out, user, slot->header);
    if (fenced) write_stack_of(out, "given back", slot->freed);
    write_stack_of(out, access, here);
    tell(out, kind, p, size);
}

}  // namespace zigmund::alloc
