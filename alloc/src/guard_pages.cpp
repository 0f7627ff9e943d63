#include "guard_pages.hpp"

#include <zigmund/alloc/sanitizer.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <bit>

namespace zigmund::alloc::inline v0::detail {

namespace {

/// In the window if there is room, anywhere else if not.
void* reserve(std::size_t range) noexcept {
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#if !defined(ZIGMUND_TSAN)  // which has its own idea of where memory may lie; no Allocator looks there then
    for (std::uintptr_t at = sampled_window; is_sampled(reinterpret_cast<void*>(at)); at += range) {
        void* const place = reinterpret_cast<void*>(at);
        void* const reserved = ::mmap(place, range, PROT_NONE, flags | MAP_FIXED_NOREPLACE, -1, 0);
        if (reserved == place) return reserved;
        if (reserved != MAP_FAILED) unmap_pages(reserved, range);  // a kernel that does not know the flag
    }
#endif
    return ::mmap(nullptr, range, PROT_NONE, flags, -1, 0);
}

/// A fresh mapping without rights: the memory goes back, the addresses stay taken.
void take_rights(void* at, std::size_t size) noexcept {
    (void)::mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

#if !defined(MADV_GUARD_INSTALL)  // the C library's headers are older than the kernel may be
constexpr int MADV_GUARD_INSTALL = 102;
constexpr int MADV_GUARD_REMOVE = 103;
#endif

bool markers_work() noexcept {
    void* const probe = map_pages(GuardPages::page);
    if (probe == nullptr) return false;
    const bool work = ::madvise(probe, GuardPages::page, MADV_GUARD_INSTALL) == 0;
    unmap_pages(probe, GuardPages::page);
    return work;
}

unsigned char padding_byte(std::uintptr_t user) noexcept {
    return static_cast<unsigned char>(canary_of(reinterpret_cast<void*>(user)));
}

}  // namespace

GuardPages::~GuardPages() {
    if (begin_ != 0) unmap_pages(reinterpret_cast<void*>(begin_), range);
    if (slot_at_ != nullptr) unmap_pages(slot_at_, range / page * sizeof *slot_at_);
    if (slots_ != nullptr) unmap_pages(slots_, (max_marked + 1) * sizeof(Slot));
}

bool GuardPages::open(GuardSide side, std::size_t fenced_blocks, bool few) noexcept {
    side_ = side;
    few_ = few;
    most_fenced_ = fenced_blocks;
    void* const reserved = reserve(range);
    if (reserved == MAP_FAILED) return false;
    begin_ = reinterpret_cast<std::uintptr_t>(reserved);
    slot_at_ = static_cast<std::uint32_t*>(map_pages(range / page * sizeof *slot_at_));
    slots_ = static_cast<Slot*>(map_pages((max_marked + 1) * sizeof(Slot)));
    if (slot_at_ == nullptr || slots_ == nullptr) return false;
    size_ = range;
    has_markers_ = markers_work();
    return true;
}

GuardPages::Chunk GuardPages::make(unsigned size_class) noexcept {
    const std::size_t size = region_size(size_class);
    const std::size_t used = used_.load(std::memory_order_relaxed);
    const std::uint32_t made = made_.load(std::memory_order_relaxed);
    const std::size_t count = std::min(
        {std::max<std::size_t>(chunk_size / size, 1), (size_ - used) / size, std::size_t{max_marked - made}});
    for (std::uint32_t i = 0; i < count; ++i) {
        Slot& slot = slots_[made + 1 + i];
        slot.size_class = static_cast<std::uint8_t>(size_class);
        slot.region = begin_ + used + i * size;
        slot_at_[(used + i * size) / page] = made + 1 + i;
    }
    used_.store(used + count * size, std::memory_order_release);
    made_.store(made + static_cast<std::uint32_t>(count), std::memory_order_release);
    return {.first = count == 0 ? 0 : made + 1, .count = static_cast<std::uint32_t>(count)};
}

void GuardPages::make_idle(std::uint32_t number) noexcept {
    slots_[number].next = idle_[slots_[number].size_class];
    idle_[slots_[number].size_class] = number;
}

/// By markers. False: that fails, and it is as it was reserved.
bool GuardPages::mark_region(void* region, std::size_t size) const noexcept {
    if (!has_markers_) return false;
    if (::mprotect(region, size, PROT_READ | PROT_WRITE) == 0 &&
        ::madvise(region, size, MADV_GUARD_INSTALL) == 0)
        return true;
    // Of memory that the program has locked, the rights alone have filled all pages: they go back.
    take_rights(region, size);
    return false;
}

void GuardPages::mark(const Chunk& chunk) noexcept {
    const Slot& first = slots_[chunk.first];
    if (!mark_region(reinterpret_cast<void*>(first.region), chunk.count * region_size(first))) return;
    for (std::uint32_t i = 0; i < chunk.count; ++i) slots_[chunk.first + i].way = Way::markers;
}

/// A slot without a block; 0: there is no room.
std::uint32_t GuardPages::take(unsigned size_class) noexcept {
    Chunk made;
    {
        const SpinGuard guard{lock_};
        const std::uint32_t number = idle_[size_class];
        if (number != 0) [[likely]] {
            idle_[size_class] = slots_[number].next;
            return number;
        }
        made = make(size_class);
    }
    if (made.count <= 1) return made.first;
    mark(made);
    const SpinGuard guard{lock_};
    for (std::uint32_t i = made.count - 1; i != 0; --i) make_idle(made.first + i);
    return made.first;
}

void GuardPages::give_back(std::uint32_t number) noexcept {
    const SpinGuard guard{lock_};
    make_idle(number);
}

/// Settles how the place of a slot is guarded that is not yet. False: by rights, and the process has enough of those.
bool GuardPages::prepare(Slot& slot) noexcept {
    if (mark_region(reinterpret_cast<void*>(slot.region), region_size(slot))) {
        slot.way = Way::markers;
        return true;
    }
    if (mapped_.fetch_add(1, std::memory_order_relaxed) >= max_mapped) {
        mapped_.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    slot.way = Way::rights;
    return true;
}

bool GuardPages::unfence(Slot& slot, std::size_t bytes) noexcept {
    if (slot.way == Way::none && !prepare(slot)) return false;
    void* const pages = reinterpret_cast<void*>(slot.region + page);
    return slot.way == Way::markers ? ::madvise(pages, bytes, MADV_GUARD_REMOVE) == 0
                                    : ::mprotect(pages, bytes, PROT_READ | PROT_WRITE) == 0;
}

void GuardPages::fence(Slot& slot, std::size_t bytes) noexcept {
    void* const pages = reinterpret_cast<void*>(slot.region + page);
    if (slot.way == Way::markers) {
        if (::madvise(pages, bytes, MADV_GUARD_INSTALL) == 0) return;
        // All of the place, so that none of its pages keeps a marker that rights do not take away.
        take_rights(reinterpret_cast<void*>(slot.region), region_size(slot));
        slot.way = Way::rights;
        mapped_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    if (!few_ || bytes > page || ::mprotect(pages, bytes, PROT_NONE) != 0) take_rights(pages, bytes);
}

void* GuardPages::allocate(const Header& header) noexcept {
    const std::size_t size = std::max<std::size_t>(header.size(), 1);
    if (header.align() > page || size > (page << (classes - 1))) return nullptr;
    const std::size_t bytes = pages_of(size) * page;
    const std::uint32_t number = take(static_cast<unsigned>(std::bit_width(pages_of(size) - 1)));
    if (number == 0) return nullptr;
    Slot& slot = slots_[number];
    if (!unfence(slot, bytes)) return give_back(number), nullptr;
    const std::uintptr_t first = slot.region + page;
    // Their page faults, before the lock is held.
    for (const std::uintptr_t at : {first, first + bytes - page}) *reinterpret_cast<volatile char*>(at) = 0;
    const SpinGuard guard{lock_};
    slot.user = side_ == GuardSide::before ? first : (first + bytes - size) & ~(header.align() - 1);
    slot.header = header;
    slot.freed = 0;
    fill_padding(slot);
    slot.state.store(State::live, std::memory_order_release);
    return reinterpret_cast<void*>(slot.user);
}

std::span<unsigned char> GuardPages::padding_before(const Slot& slot) noexcept {
    const std::size_t room = slot.user - (slot.region + page);
    const std::size_t size = std::min<std::size_t>(room, 32);
    return {reinterpret_cast<unsigned char*>(slot.user - size), size};
}

std::span<unsigned char> GuardPages::padding_behind(const Slot& slot) noexcept {
    const std::uintptr_t end = slot.user + slot.header.size();
    const std::uintptr_t last =
        slot.region + page + pages_of(std::max<std::size_t>(slot.header.size(), 1)) * page;
    return {reinterpret_cast<unsigned char*>(end), last - end};
}

void GuardPages::fill_padding(const Slot& slot) noexcept {
    const unsigned char byte = padding_byte(slot.user);
    std::ranges::fill(padding_before(slot), byte);
    std::ranges::fill(padding_behind(slot), byte);
}

GuardPages::Story GuardPages::tell(const Slot& slot) noexcept {
    const SpinGuard guard{lock_};
    Story story{.state = slot.state.load(std::memory_order_relaxed),
                .user = slot.user,
                .header = slot.header,
                .freed = slot.freed,
                .padding = padding_byte(slot.user),
                .before = {},
                .behind = {}};
    if (story.state != State::live) return story;
    const auto look = [&](std::span<const unsigned char> padding, bool behind) {
        const std::size_t at = first_other(padding, story.padding);
        if (at == padding.size()) return Damage{};
        Damage damage;
        damage.distance = behind ? at : padding.size() - at;
        damage.count = std::min(damage.bytes.size(), padding.size() - at);
        std::ranges::copy(padding.subspan(at, damage.count), damage.bytes.begin());
        return damage;
    };
    story.before = look(padding_before(slot), false);
    story.behind = look(padding_behind(slot), true);
    return story;
}

void GuardPages::put_right(Slot& slot, std::uintptr_t user, Family family) noexcept {
    const SpinGuard guard{lock_};
    if (slot.state.load(std::memory_order_relaxed) != State::live || slot.user != user) return;
    slot.header.set_family(family);
    fill_padding(slot);
}

GuardPages::Slot* GuardPages::find(const void* p) noexcept {
    std::size_t at = (reinterpret_cast<std::uintptr_t>(p) - begin_) / page;
    if (at * page >= used_.load(std::memory_order_acquire)) return nullptr;
    while (slot_at_[at] == 0) --at;  // page 0 of the range begins a region
    Slot& slot = slots_[slot_at_[at]];
    return slot.state.load(std::memory_order_acquire) == State::unused ? nullptr : &slot;
}

bool GuardPages::free(Slot& slot, std::uintptr_t user, StackId freed) noexcept {
    {
        const SpinGuard guard{lock_};
        if (slot.state.load(std::memory_order_relaxed) != State::live || slot.user != user) return false;
        slot.freed = freed;
        slot.state.store(State::fenced, std::memory_order_release);
    }
    // Nobody takes its place before it is in the queue.
    fence(slot, pages_of(std::max<std::size_t>(slot.header.size(), 1)) * page);

    const auto number = static_cast<std::uint32_t>(&slot - slots_);
    const SpinGuard guard{lock_};
    slot.next = 0;
    (newest_ == 0 ? oldest_ : slots_[newest_].next) = number;
    newest_ = number;
    if (++fenced_ <= most_fenced_) return true;
    const std::uint32_t reused = oldest_;
    oldest_ = slots_[reused].next;
    if (oldest_ == 0) newest_ = 0;
    --fenced_;
    make_idle(reused);
    return true;
}

}  // namespace zigmund::alloc::inline v0::detail
