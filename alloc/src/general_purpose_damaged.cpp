#include "general_purpose_state.hpp"
#include "process_memory.hpp"

namespace zigmund::alloc::inline v0 {

using namespace detail;

GeneralPurposeAllocator::State::Left GeneralPurposeAllocator::State::recover(
    void* user, const Header& damaged, std::size_t size, std::size_t align) const noexcept {
    Left left{.header = {}, .has_place = true};
    const auto confirmed = [&](std::size_t told_size, std::size_t told_align) {
        const Extent extent = extent_of(told_size, told_align);
        if (extent.total == 0 || reinterpret_cast<std::uintptr_t>(user) % told_align != 0) return false;
        std::array<unsigned char, 24> tail;
        const std::size_t room = extent.total - extent.prefix - told_size;
        return read_memory(static_cast<std::byte*>(user) + told_size, tail.data(), room) &&
               first_other(std::span{tail}.first(room), static_cast<unsigned char>(canary_of(user))) == room;
    };
    // The header last: of what was written from the block down, the alignment was hit before the size.
    if (confirmed(size, align)) {
        left.header.size_align = pack(size, align);
    } else if (confirmed(damaged.size(), damaged.align())) {
        left.header.size_align = damaged.size_align;
    } else {
        left.header.size_align = pack(measure(user), 1);
        left.has_place = false;
    }
    if (is_stack(damaged.stack)) {
        left.header.stack = damaged.stack;
        left.header.origin = damaged.origin;
    }
    return left;
}

std::size_t GeneralPurposeAllocator::State::measure(const void* user) const noexcept {
    // The map knows, roughly, how large it is. What nobody may write ends at a multiple of 16 from it.
    const BlockMap::Distances distances = map.distances(reinterpret_cast<std::uintptr_t>(user));
    const auto canary = static_cast<unsigned char>(canary_of(user));
    const auto* const begin = static_cast<const unsigned char*>(user);
    constexpr std::size_t page = 4096;
    std::array<unsigned char, page> bytes;
    std::size_t run = 0;  // canaries, up to where it has looked
    std::size_t at = distances.least - sizeof(Header);
    at = at > 16 ? at - 16 : 0;
    while (at + sizeof(Header) < distances.below) {
        const std::size_t part = page - reinterpret_cast<std::uintptr_t>(begin + at) % page;
        if (!read_memory(begin + at, bytes.data(), part)) return 0;
        for (std::size_t i = 0; i < part; i += 16, at += 16) {
            const std::span words = std::span{bytes}.subspan(i, 16);
            const auto last = std::find_if(words.rbegin(), words.rend(),
                                           [=](unsigned char byte) { return byte != canary; });
            const auto canaries = static_cast<std::size_t>(last - words.rbegin());
            run = std::min<std::size_t>(canaries == words.size() ? run + canaries : canaries, 23);
            if (run >= 8) return at + words.size() - run;
        }
    }
    return 0;
}

void GeneralPurposeAllocator::State::abandon(void* p, std::size_t size, const void* frame) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    const StackId made = peek_header(p).stack;
    history.remember({.address = address,
                      .size = size,
                      .allocated = is_stack(made) ? made : 0,
                      .freed = depth == 0 ? 0 : capture_stack(frame, depth)});
    map.release(address);
    unreserve(size);
    const Seat here = seat();
    const OptionalSpinGuard guard{here.shard.lock, here.shared};
    if (counters.remove_block(here.shard, size)) counters.fall(here.shard);
}

GeneralPurposeAllocator::State::Settled GeneralPurposeAllocator::State::settle(void* p, Family family,
                                                                               std::string_view verb,
                                                                               const void* frame) noexcept {
    constexpr Settled nothing{
        .size = 0, .align = 0, .is_block = false, .has_place = false, .is_whole = false};
    if (guards && guard_pages.contains(p)) {
        GuardPages::Slot* const slot = guard_pages.find(p);
        if (slot == nullptr) return nothing;
        const Header header = guard_pages.tell(*slot).header;
        const Guarded block = examine_guarded(p, header.size(), header.align(), verb, frame, family);
        if (block.slot == nullptr) return nothing;
        guard_pages.put_right(*slot, reinterpret_cast<std::uintptr_t>(p), family);
        return {
            .size = block.size, .align = block.align, .is_block = true, .has_place = true, .is_whole = true};
    }
    const Header header = peek_header(p);
    const bool is_whole = header.check == check_of(header, p);
    if (is_whole && intact(p, header.size(), header.align(), family))
        return {.size = header.size(),
                .align = header.align(),
                .is_block = true,
                .has_place = true,
                .is_whole = true};
    const std::size_t size = is_whole ? header.size() : 0;
    const std::size_t align = is_whole ? header.align() : 1;
    const Claim claim = examine(p, size, align, verb, frame, family);
    if (!claim.is_block) return nothing;
    if (claim.has_place) {
        const Header known = is_whole ? header : recover(p, header, size, align).header;
        write_header(p, claim.size, claim.align, extent_of(claim.size, claim.align), known.stack,
                     known.origin, known.seconds, family);
    }
    return {.size = claim.size,
            .align = claim.align,
            .is_block = true,
            .has_place = claim.has_place,
            .is_whole = is_whole};
}

}  // namespace zigmund::alloc::inline v0
