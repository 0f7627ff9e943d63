#include <algorithm>

#include "general_purpose_state.hpp"

namespace zigmund::alloc::inline v0 {

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
    const Guarded block = examine_guarded(p, size, align, "free", frame, family);
    if (block.slot == nullptr) return;
    const StackId freed = capture_stack(frame, depth);
    // Who might free it at the same time finds it fenced, or is found here to have been faster.
    if (!guard_pages.free(*block.slot, reinterpret_cast<std::uintptr_t>(p), freed)) [[unlikely]]
        return report_guarded_pointer(p, guard_pages.tell(*block.slot), "free", frame);
    const std::size_t real = block.size;
    unreserve(real);
    history.remember({.address = reinterpret_cast<std::uintptr_t>(p),
                      .size = real,
                      .allocated = block.stack,
                      .freed = freed});
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

void GeneralPurposeAllocator::State::report_guarded_pointer(void* p, const GuardPages::Story& story,
                                                            std::string_view verb,
                                                            const void* frame) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    const bool live = story.state == GuardPages::State::live;
    FreedBlock earlier{};
    const bool remembered = history.recall(address, earlier);
    if (address > story.user && address - story.user < story.header.size())
        return report_interior(p, reinterpret_cast<void*>(story.user), story.header,
                               remembered ? &earlier : nullptr, live ? 0 : story.freed, verb, frame);
    // A live block at its very address was made after the one that it means.
    const bool fenced = !live && address == story.user;
    const Kind kind =
        fenced || remembered || address == story.user ? Kind::double_free : Kind::foreign_pointer;
    ErrorReport out;
    begin_report(out, kind);
    write_address(out, p);
    if (kind == Kind::foreign_pointer) {
        out << " was not allocated here\n";
    } else {
        out << " was given back before this " << verb << '\n';
    }
    std::size_t size = 0;
    if (fenced) {
        size = story.header.size();
        write_block(out, p, story.header);
        write_stack_of(out, "first given back", story.freed);
    } else if (remembered) {
        size = earlier.size;
        write_freed_block(out, earlier);
    }
    write_here(out, verb, frame);
    end_report(out, kind, p, size);
}

GeneralPurposeAllocator::State::Guarded GeneralPurposeAllocator::State::examine_guarded(
    void* p, std::size_t size, std::size_t align, std::string_view verb, const void* frame,
    Family family) noexcept {
    constexpr Guarded nothing{.slot = nullptr, .size = 0, .align = 0, .stack = 0};
    GuardPages::Slot* const slot = guard_pages.find(p);
    if (slot == nullptr || dead) {
        (void)examine(p, size, align, verb, frame, family);
        return nothing;
    }
    const GuardPages::Story story = guard_pages.tell(*slot);
    if (story.state != GuardPages::State::live || story.user != reinterpret_cast<std::uintptr_t>(p)) {
        report_guarded_pointer(p, story, verb, frame);
        return nothing;
    }
    (void)report_padding(story, verb, frame);
    report_mismatch(p, story.header, size, align, family, verb, frame);
    return {.slot = slot,
            .size = story.header.size(),
            .align = story.header.align(),
            .stack = story.header.stack};
}

bool GeneralPurposeAllocator::State::resize_guarded(void* p, std::size_t old_size, std::size_t align,
                                                    std::size_t new_size, std::string_view verb,
                                                    const void* frame, Family family) noexcept {
    const Guarded block = examine_guarded(p, old_size, align, verb, frame, family);
    // It stays flush to its guard.
    return block.slot != nullptr && new_size == old_size && block.size == old_size && block.align == align;
}

bool GeneralPurposeAllocator::State::report_padding(const GuardPages::Story& story, std::string_view verb,
                                                    const void* frame) noexcept {
    const auto tell_of = [&](Kind kind, const GuardPages::Damage& damage) {
        if (damage.count == 0) return false;
        void* const user = reinterpret_cast<void*>(story.user);
        ErrorReport out;
        begin_report(out, kind);
        out << "byte ";
        out.decimal(damage.distance) << (kind == Kind::buffer_overflow ? " behind" : " before")
                                     << " the block at ";
        write_address(out, user);
        out << " of ";
        out.decimal(story.header.size()) << " bytes was written\n";
        write_bytes(out, std::span{damage.bytes}.first(damage.count), story.padding);
        write_block(out, user, story.header);
        write_here(out, verb, frame);
        end_report(out, kind, user, story.header.size());
        return true;
    };
    const bool before = tell_of(Kind::buffer_underflow, story.before);
    return tell_of(Kind::buffer_overflow, story.behind) || before;
}

void GeneralPurposeAllocator::State::report_stopped(const void* p, std::string_view access, StackId here,
                                                    bool ends) noexcept {
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
    tell(out, kind, p, size, ends);
}

}  // namespace zigmund::alloc::inline v0
