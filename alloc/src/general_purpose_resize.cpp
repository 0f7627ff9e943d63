#include "general_purpose_state.hpp"

namespace zigmund::alloc::inline v0 {

using namespace detail;

bool GeneralPurposeAllocator::State::resize(void* p, std::size_t old_size, std::size_t align,
                                            std::size_t new_size, const void* frame, Family family) noexcept {
    const std::string_view verb = family == Family::malloc ? "realloc" : "resize";
    if (guards) {
        if (guard_pages.contains(p)) return resize_guarded(p, old_size, align, new_size, verb, frame, family);
        if (samples) return options.backing.resize(p, old_size, align, new_size);
    }
    if (!intact(p, old_size, align, family)) [[unlikely]] {
        const Claim claim = examine(p, old_size, align, verb, frame, family);
        if (!claim.has_place || claim.size != old_size || claim.align != align) return false;
        // Of a header that was overwritten nothing may live on in a new one with a right check.
        if (const Header found = peek_header(p); found.check != check_of(found, p)) return false;
    }
    const Extent before = extent_of(old_size, align);
    const Extent after = extent_of(new_size, align);
    const Header header = header_of(p);
    std::byte* const base = static_cast<std::byte*>(p) - before.prefix;
    const std::size_t more = new_size > old_size ? new_size - old_size : 0;
    const bool reserved = after.total != 0 && reserve(more);
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    // What is given up may be another thread's block at once, and the old cell would speak for that as well.
    const bool shrinks = reserved && new_size < old_size;
    if (shrinks) map.change(address, plain_total(old_size), plain_total(new_size));
    if (!reserved || (before.total != after.total &&
                      !options.backing.resize(base, before.total, before.align, after.total))) {
        if (shrinks) map.change(address, plain_total(new_size), plain_total(old_size));
        if (reserved) unreserve(more);
        fence(base, before, old_size);
        return false;
    }
    if (shrinks) {
        unreserve(old_size - new_size);
    } else {
        map.change(address, plain_total(old_size), plain_total(new_size));
    }
    write_header(p, new_size, align, after, header.stack, header.origin, header.seconds, header.family());
    if (more != 0) memory_checker::forget(static_cast<std::byte*>(p) + old_size, more);
    const Seat here = seat();
    const OptionalSpinGuard guard{here.shard.lock, here.shared};
    counters.change_block(here.shard, old_size, new_size);
    return true;
}

void* GeneralPurposeAllocator::State::remap(void* p, std::size_t old_size, std::size_t align,
                                            std::size_t new_size, const void* frame) noexcept {
    if (guards) {
        if (guard_pages.contains(p))
            return resize_guarded(p, old_size, align, new_size, "remap", frame, Family::allocator) ? p
                                                                                                   : nullptr;
        if (samples) return options.backing.remap(p, old_size, align, new_size);
    }
    if (resize(p, old_size, align, new_size, frame)) return p;
    if (!intact(p, old_size, align, Family::allocator)) return nullptr;  // resize has reported it
    const Extent before = extent_of(old_size, align);
    const Extent after = extent_of(new_size, align);
    std::byte* const base = static_cast<std::byte*>(p) - before.prefix;
    const Header header = header_of(p);
    const std::size_t more = new_size > old_size ? new_size - old_size : 0;
    const bool reserved = after.total != 0 && map.reserve() && reserve(more);
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    // Before the backing may give the range to another thread, whose mark would be overwritten.
    if (reserved) (void)map.set(address, plain_total(old_size), BlockState::freed);
    void* const moved =
        reserved ? options.backing.remap(base, before.total, before.align, after.total) : nullptr;
    if (moved == nullptr) {
        if (reserved) {
            (void)map.set(address, plain_total(old_size), BlockState::live);
            unreserve(more);
        }
        fence(base, before, old_size);
        return nullptr;
    }
    if (new_size < old_size) unreserve(old_size - new_size);
    void* const user = static_cast<std::byte*>(moved) + after.prefix;
    (void)map.set(reinterpret_cast<std::uintptr_t>(user), plain_total(new_size), BlockState::live);
    write_header(user, new_size, align, after, header.stack, header.origin, header.seconds, header.family());
    if (more != 0) memory_checker::forget(static_cast<std::byte*>(user) + old_size, more);
    const Seat here = seat();
    const OptionalSpinGuard guard{here.shard.lock, here.shared};
    counters.change_block(here.shard, old_size, new_size);
    return user;
}

}  // namespace zigmund::alloc::inline v0
