#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <pthread.h>

#include <cstring>
#include <new>

#include "general_purpose_state.hpp"
#include "process_books.hpp"
#include "unsized_access.hpp"

namespace zigmund::alloc {

using namespace detail;

// ---- the way of a block ----

inline void GeneralPurposeAllocator::State::write_header(void* user, std::size_t size, std::size_t align,
                                                         const Extent& extent, StackId stack,
                                                         std::uint32_t origin, std::uint32_t seconds,
                                                         Family family) noexcept {
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

namespace {

/// Of a block aligned to default_align.
constexpr std::size_t plain_total(std::size_t size) noexcept {
    return (sizeof(Header) + size + 8 + 15) & ~std::size_t{15};
}

/// The largest block that takes the short way. The heap's own limit, so that it is looked at once.
constexpr std::size_t largest_plain = largest_recycled - 64;

}  // namespace

// Of the short ways, nothing but the backing's allocation is called: whatever else may be needed is a tail
// call of a function of its own, so that no registers are saved for it.

[[gnu::always_inline]] inline void* GeneralPurposeAllocator::State::allocate_short(std::size_t size,
                                                                                   std::size_t align,
                                                                                   const void* frame,
                                                                                   Family family) noexcept {
    if (align > default_align || size > largest_plain) [[unlikely]]
        return allocate_any(size, align, frame, family);
    if (traced) return allocate_traced(size, align, frame, family);
    Shard& shard = *thread_context_storage.shard;  // now: the backing may be another of these
    const std::size_t total = plain_total(size);
    auto* const base = static_cast<std::byte*>(options.backing.try_allocate(total, default_align));
    if (base == nullptr) [[unlikely]]
        return nullptr;
    std::byte* const user = base + sizeof(Header);
    std::atomic<std::uint8_t>* const cell = map.cell_for(reinterpret_cast<std::uintptr_t>(user));
    if (cell == nullptr) [[unlikely]]
        return allocate_on_new_ground(shard, base, size, align, frame, family);
    BlockMap::set(*cell, reinterpret_cast<std::uintptr_t>(user), BlockState::live);
    write_frame(user, size, total, pack(size, align, family), maker_of(0, origin_of(shard.thread)), 0);
    if (counters.add_block(shard, size)) [[unlikely]]
        return counters.rise(shard, user);
    return user;
}

void* GeneralPurposeAllocator::State::allocate_traced(std::size_t size, std::size_t align, const void* frame,
                                                      Family family) noexcept {
    Shard& shard = *thread_context_storage.shard;
    const std::size_t total = plain_total(size);
    auto* const base = static_cast<std::byte*>(options.backing.try_allocate(total, default_align));
    if (base == nullptr) [[unlikely]]
        return nullptr;
    return enter(shard, base, size, align, frame, family);
}

inline void* GeneralPurposeAllocator::State::enter(Shard& shard, std::byte* base, std::size_t size,
                                                   std::size_t align, const void* frame,
                                                   Family family) noexcept {
    const std::size_t total = plain_total(size);
    std::byte* const user = base + sizeof(Header);
    if (!map.set(reinterpret_cast<std::uintptr_t>(user), BlockState::live)) [[unlikely]] {
        options.backing.deallocate(base, total, default_align);
        return nullptr;
    }
    const StackId stack = depth == 0 ? 0 : capture_stack(frame, depth);
    write_frame(user, size, total, pack(size, align, family), maker_of(stack, origin_of(shard.thread)),
                traced ? age() : 0);
    return counters.add_block(shard, size) ? counters.rise(shard, user) : user;
}

void* GeneralPurposeAllocator::State::allocate_on_new_ground(Shard& shard, std::byte* base, std::size_t size,
                                                             std::size_t align, const void* frame,
                                                             Family family) noexcept {
    return enter(shard, base, size, align, frame, family);
}

void* GeneralPurposeAllocator::State::allocate(std::size_t size, std::size_t align, const void* frame,
                                               Family family) noexcept {
    return thread_context_storage.books == number ? allocate_short(size, align, frame, family)
                                                  : allocate_any(size, align, frame, family);
}

void* GeneralPurposeAllocator::State::allocate_any(std::size_t size, std::size_t align, const void* frame,
                                                   Family family) noexcept {
    if (seat_for_short_way()) return allocate_short(size, align, frame, family);
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
    if (user == nullptr || !map.set(reinterpret_cast<std::uintptr_t>(user), BlockState::live)) [[unlikely]] {
        if (base != nullptr) options.backing.deallocate(base, extent.total, extent.align);
        unreserve(size);
        return nullptr;
    }
    const Seat here = seat();
    write_header(user, size, align, extent, depth == 0 ? 0 : capture_stack(frame, depth),
                 origin_of(here.thread), traced ? age() : 0, family);
    const OptionalSpinGuard guard{here.shard.lock, here.shared};
    if (counters.add_block(here.shard, size)) counters.rise(here.shard, user);
    return user;
}

inline bool GeneralPurposeAllocator::State::intact(void* user, std::size_t size, std::size_t align,
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

[[gnu::always_inline]] inline void GeneralPurposeAllocator::State::deallocate_short(void* p, std::size_t size,
                                                                                    std::size_t align,
                                                                                    const void* frame,
                                                                                    Family family) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    std::atomic<std::uint8_t>* const cell = map.cell_at(address);
    const Header& header = header_of(p);
    // Size and alignment first: where the block ends is known only if they are right.
    if (cell == nullptr || !BlockMap::is_live(*cell, address) ||
        header.size_align != pack(size, align, family) || align > default_align) [[unlikely]]
        return deallocate_any(p, size, align, frame, family);
    const std::size_t total = plain_total(size);
    const std::uint64_t canary = canary_of(p);
    if (header.canary != canary || header.check != check_of(header, p) ||
        !tail_intact(p, size, total - sizeof(Header) - size, canary)) [[unlikely]]
        return deallocate_any(p, size, align, frame, family);
    if (traced) return deallocate_traced(p, size, align, frame);
    BlockMap::set(*cell, address, BlockState::freed);
    void* const base = static_cast<std::byte*>(p) - sizeof(Header);
    if (counters.remove_block(*thread_context_storage.shard, size)) [[unlikely]]
        return give_back_and_tell(base, total);
    options.backing.deallocate(base, total, default_align);
}

void GeneralPurposeAllocator::State::give_back_and_tell(void* base, std::size_t total) noexcept {
    counters.fall(*thread_context_storage.shard);
    options.backing.deallocate(base, total, default_align);
}

void GeneralPurposeAllocator::State::deallocate_traced(void* p, std::size_t size, std::size_t align,
                                                       const void* frame) noexcept {
    const std::size_t total = plain_total(size);
    if (quarantines && total <= options.quarantine_bytes)
        return hold({.shard = *thread_context_storage.shard, .thread = 0, .shared = false}, p, size, align,
                    {.prefix = sizeof(Header), .total = total, .align = default_align}, frame);
    history.remember({.address = reinterpret_cast<std::uintptr_t>(p),
                      .size = size,
                      .allocated = header_of(p).stack,
                      .freed = capture_stack(frame, depth)});
    (void)map.set(reinterpret_cast<std::uintptr_t>(p), BlockState::freed);
    void* const base = static_cast<std::byte*>(p) - sizeof(Header);
    if (counters.remove_block(*thread_context_storage.shard, size)) return give_back_and_tell(base, total);
    options.backing.deallocate(base, total, default_align);
}

void GeneralPurposeAllocator::State::deallocate(void* p, std::size_t size, std::size_t align,
                                                const void* frame, Family family) noexcept {
    thread_context_storage.books == number ? deallocate_short(p, size, align, frame, family)
                                           : deallocate_any(p, size, align, frame, family);
}

void GeneralPurposeAllocator::State::deallocate_any(void* p, std::size_t size, std::size_t align,
                                                    const void* frame, Family family) noexcept {
    if (seat_for_short_way()) return deallocate_short(p, size, align, frame, family);
    if (guards) {
        if (guard_pages.contains(p)) return deallocate_guarded(p, size, align, frame, family);
        if (samples) return options.backing.deallocate(p, size, align);
    }
    if (!intact(p, size, align, family)) [[unlikely]] {
        const Claim claim = examine(p, size, align, "free", frame, family);
        if (!claim.is_block) return;
        size = claim.size;
        align = claim.align;
        const Extent real = extent_of(size, align);
        unfence(static_cast<std::byte*>(p) - real.prefix, real, size);
    }
    const Extent extent = extent_of(size, align);
    unreserve(size);
    if (quarantines && extent.total <= options.quarantine_bytes) {
        hold(seat(), p, size, align, extent, frame);
        return;
    }
    if (traced)
        history.remember({.address = reinterpret_cast<std::uintptr_t>(p),
                          .size = size,
                          .allocated = header_of(p).stack,
                          .freed = capture_stack(frame, depth)});
    (void)map.set(reinterpret_cast<std::uintptr_t>(p), BlockState::freed);
    {
        const Seat here = seat();
        const OptionalSpinGuard guard{here.shard.lock, here.shared};
        if (counters.remove_block(here.shard, size)) counters.fall(here.shard);
    }
    options.backing.deallocate(static_cast<std::byte*>(p) - extent.prefix, extent.total, extent.align);
}

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

inline void GeneralPurposeAllocator::State::hold(const Seat& here, void* user, std::size_t size,
                                                 std::size_t align, const Extent& extent,
                                                 const void* frame) noexcept {
    const StackId freed = capture_stack(frame, depth);
    std::memset(user, freed_byte, size);
    (void)map.set(reinterpret_cast<std::uintptr_t>(user), BlockState::quarantined);
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
            if (!here.shard.quarantine->full(options.quarantine_bytes, options.quarantine_blocks)) return;
            oldest = here.shard.quarantine->pop();
        }
        let_go(oldest, frame);
    }
}

void GeneralPurposeAllocator::State::let_go(const Quarantine::Held& held, const void* frame) noexcept {
    void* const user = reinterpret_cast<void*>(held.address);
    std::atomic<std::uint8_t>& cell = *map.cell_at(held.address);
    if (cell.load(std::memory_order_relaxed) != BlockMap::value(held.address, BlockState::quarantined))
        [[unlikely]] {
        // Two threads freed it at the same time, and both were believed.
        report_unknown(user, "free", frame);
        return;
    }
    const std::size_t align = std::size_t{1} << held.align;
    const Header& header = header_of(user);
    const std::size_t prefix = std::max(align, sizeof(Header));
    const bool untouched =
        header.check == check_of(header, user) && header.canary == canary_of(user) &&
        is_filled(user, header.size()) &&
        tail_intact(user, header.size(), held.total - prefix - header.size(), header.canary);
    if (!untouched) [[unlikely]]
        (void)report_late_write(held, frame);
    history.remember(
        {.address = held.address, .size = header.size(), .allocated = header.stack, .freed = held.freed});
    BlockMap::set(cell, held.address, BlockState::freed);
    options.backing.deallocate(static_cast<std::byte*>(user) - prefix, held.total,
                               std::max<std::size_t>(align, 16));
}

void GeneralPurposeAllocator::State::empty_quarantines(const void* frame) noexcept {
    counters.for_each_shard([&](Shard& shard) {
        while (shard.quarantine != nullptr && !shard.quarantine->empty())
            let_go(shard.quarantine->pop(), frame);
    });
}

bool GeneralPurposeAllocator::State::resize(void* p, std::size_t old_size, std::size_t align,
                                            std::size_t new_size, const void* frame, Family family) noexcept {
    const std::string_view verb = family == Family::malloc ? "realloc" : "resize";
    if (guards) {
        if (guard_pages.contains(p)) return resize_guarded(p, old_size, align, new_size, verb, frame, family);
        if (samples) return options.backing.resize(p, old_size, align, new_size);
    }
    if (!intact(p, old_size, align, family)) [[unlikely]] {
        const Claim claim = examine(p, old_size, align, verb, frame, family);
        if (!claim.is_block || claim.size != old_size || claim.align != align) return false;
    }
    const Extent before = extent_of(old_size, align);
    const Extent after = extent_of(new_size, align);
    const Header header = header_of(p);
    std::byte* const base = static_cast<std::byte*>(p) - before.prefix;
    const std::size_t more = new_size > old_size ? new_size - old_size : 0;
    const bool reserved = after.total != 0 && reserve(more);
    if (!reserved || (before.total != after.total &&
                      !options.backing.resize(base, before.total, before.align, after.total))) {
        if (reserved) unreserve(more);
        fence(base, before, old_size);
        return false;
    }
    if (new_size < old_size) unreserve(old_size - new_size);
    write_header(p, new_size, align, after, header.stack, header.origin, header.seconds, header.family());
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
    void* const moved =
        reserved ? options.backing.remap(base, before.total, before.align, after.total) : nullptr;
    if (moved == nullptr) {
        if (reserved) unreserve(more);
        fence(base, before, old_size);
        return nullptr;
    }
    if (new_size < old_size) unreserve(old_size - new_size);
    void* const user = static_cast<std::byte*>(moved) + after.prefix;
    if (user != p) {
        (void)map.set(reinterpret_cast<std::uintptr_t>(p), BlockState::freed);
        (void)map.set(reinterpret_cast<std::uintptr_t>(user), BlockState::live);
    }
    write_header(user, new_size, align, after, header.stack, header.origin, header.seconds, header.family());
    const Seat here = seat();
    const OptionalSpinGuard guard{here.shard.lock, here.shared};
    counters.change_block(here.shard, old_size, new_size);
    return user;
}

// ---- over fork() ----

void GeneralPurposeAllocator::State::lock_all() noexcept {
    for (auto* state = static_cast<State*>(all_states); state != nullptr; state = state->next) {
        state->counters.shard(shared_thread)->lock.lock();
        state->guard_pages.lock().lock();
    }
}

void GeneralPurposeAllocator::State::unlock_all() noexcept {
    for (auto* state = static_cast<State*>(all_states); state != nullptr; state = state->next) {
        state->guard_pages.lock().unlock();
        state->counters.shard(shared_thread)->lock.unlock();
    }
}

struct OverFork {
    static void lock() noexcept { GeneralPurposeAllocator::State::lock_all(); }
    static void unlock() noexcept { GeneralPurposeAllocator::State::unlock_all(); }
};

void detail::lock_states() noexcept { OverFork::lock(); }
void detail::unlock_states() noexcept { OverFork::unlock(); }

// ---- the state ----

namespace {

unsigned raw_depth(const GeneralPurposeOptions& options) noexcept {
    if (options.tier == Tier::counted || options.stack_frames == 0) return 0;
    return std::min(options.stack_frames, 32U) + plumbing_frames;
}

bool holds_back(const GeneralPurposeOptions& options) noexcept {
    // A checker's malloc holds freed memory back itself, and stops at reads of it as well.
    return (options.tier == Tier::traced || options.tier == Tier::guarded) && options.quarantine_bytes != 0 &&
           options.quarantine_blocks != 0 && !memory_checker::watches();
}

constinit std::atomic<std::uint64_t> next_number = 1;

}  // namespace

GeneralPurposeAllocator::State::State(const GeneralPurposeOptions& given,
                                      const Resource& used_through) noexcept
    : front{used_through},
      number{next_number.fetch_add(1, std::memory_order_relaxed)},
      options{given},
      depth{raw_depth(given)},
      traced{given.tier != Tier::counted},
      guards{given.tier == Tier::guarded || given.tier == Tier::sampled},
      samples{given.tier == Tier::sampled},
      quarantines{holds_back(given)},
      limited{given.requested_memory_limit != SIZE_MAX},
      birth{now_seconds()},
      counters{quarantines} {
    const std::string_view text = given.name.substr(0, name_buffer.size());
    text.copy(name_buffer.data(), text.size());
    options.name = {name_buffer.data(), text.size()};
    options.quarantine_blocks = std::min(options.quarantine_blocks, Quarantine::capacity - 1);
}

bool GeneralPurposeAllocator::State::open() noexcept {
    keep_books_over_fork();
    if (!map.open() || !history.open() || counters.shard(shared_thread) == nullptr) return false;
    if (guards) {
        if (!guard_pages.open(options.guard_side, options.fenced_blocks, samples)) return false;
        catch_stopped_accesses();
    }
    const SpinGuard guard{all_states_lock};
    next = static_cast<State*>(all_states);
    self = reinterpret_cast<State**>(&all_states);
    if (next != nullptr) next->self = &next;
    all_states = this;
    return true;
}

GeneralPurposeAllocator::State::~State() {
    if (self == nullptr) return;
    const SpinGuard guard{all_states_lock};
    *self = next;
    if (next != nullptr) next->self = self;
}

// ---- for who does not know sizes ----

void* UnsizedAccess::allocate(GeneralPurposeAllocator& from, std::size_t size, std::size_t align,
                              Family family, const void* frame) noexcept {
    return from.state_->allocate(size, align, frame, family);
}

bool GeneralPurposeAllocator::State::find_header(void* p, Header& header) noexcept {
    if (guards && guard_pages.contains(p)) {
        const GuardPages::Slot* const slot = guard_pages.find(p);
        if (slot == nullptr || slot->state.load(std::memory_order_acquire) != GuardPages::State::live ||
            slot->user != reinterpret_cast<std::uintptr_t>(p))
            return false;
        header = slot->header;
        return true;
    }
    if (samples || map.get(reinterpret_cast<std::uintptr_t>(p)) != BlockState::live) return false;
    header = peek_header(p);
    if (header.check != check_of(header, p)) [[unlikely]]
        header = {};
    return true;
}

UnsizedAccess::Block UnsizedAccess::find(const GeneralPurposeAllocator& of, void* p) noexcept {
    Header header;
    if (!of.state_->find_header(p, header)) return {};
    return {.address = p,
            .size = header.size(),
            .align = header.align(),
            .family = header.family(),
            .stack = header.stack};
}

void UnsizedAccess::free(GeneralPurposeAllocator& from, void* p, const Claimed& claimed,
                         const void* frame) noexcept {
    const Block block = find(from, p);
    // A pointer that is no block is told from any other claim.
    from.state_->deallocate(p, claimed.size == unknown ? block.size : claimed.size,
                            claimed.align == unknown ? std::max<std::size_t>(block.align, 1) : claimed.align,
                            frame, claimed.family);
}

bool UnsizedAccess::resize(GeneralPurposeAllocator& from, const Block& block, std::size_t new_size,
                           const void* frame) noexcept {
    return from.state_->resize(block.address, block.size, block.align, new_size, frame, Family::malloc);
}

void UnsizedAccess::report_unknown(GeneralPurposeAllocator& of, void* p, std::string_view verb,
                                   const void* frame) noexcept {
    GeneralPurposeAllocator::State& state = *of.state_;
    const GuardPages::Slot* const slot = is_guarded(of, p) ? state.guard_pages.find(p) : nullptr;
    if (slot != nullptr) return state.report_guarded_pointer(p, *slot, verb, frame);
    state.report_unknown(p, verb, frame);
}

bool UnsizedAccess::is_guarded(const GeneralPurposeAllocator& of, const void* p) noexcept {
    return of.state_->guards && of.state_->guard_pages.contains(p);
}

std::span<const std::byte> UnsizedAccess::guarded_range(const GeneralPurposeAllocator& of) noexcept {
    return of.state_->guard_pages.whole();
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

}  // namespace zigmund::alloc
