#include <cstring>

#include "general_purpose_state.hpp"
#include "process_books.hpp"
#include "process_memory.hpp"
#include "site_report.hpp"
#include "stack_report.hpp"

namespace zigmund::alloc::inline v0 {

using namespace detail;

namespace detail {

std::size_t first_other(std::span<const unsigned char> bytes, unsigned char byte) noexcept {
    const std::uint64_t all = byte * 0x0101'0101'0101'0101U;
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data() + i, 8);
        if (word != all) break;
    }
    while (i < bytes.size() && bytes[i] == byte) ++i;
    return i;
}

}  // namespace detail

namespace {

/// The block and its surroundings as bytes.
std::span<const unsigned char> bytes_of(const void* p, std::size_t size) noexcept {
    return {static_cast<const unsigned char*>(p), size};
}

std::string_view maker_of(Family family) noexcept {
    constexpr std::array<std::string_view, 4> names{"an Allocator", "malloc", "new", "new[]"};
    return names[static_cast<std::size_t>(family)];
}

std::string_view taker_of(Family family) noexcept {
    constexpr std::array<std::string_view, 4> names{"an Allocator", "free", "delete", "delete[]"};
    return names[static_cast<std::size_t>(family)];
}

}  // namespace

// ---- a pointer that came back ----

GeneralPurposeAllocator::State::Claim GeneralPurposeAllocator::State::examine(void* p, std::size_t size,
                                                                              std::size_t align,
                                                                              std::string_view verb,
                                                                              const void* frame,
                                                                              Family family) noexcept {
    constexpr Claim nothing{.is_block = false, .has_place = false, .size = 0, .align = 0};
    if (dead) {
        report_dead(verb, frame);
        return nothing;
    }
    if (map.get(reinterpret_cast<std::uintptr_t>(p)) != BlockState::live) {
        report_unknown(p, verb, frame);
        return nothing;
    }
    const Header header = peek_header(p);
    (void)report_damage_around(p, header, size, align, verb, frame);
    if (header.check != check_of(header, p)) {
        const Left left = recover(p, header, size, align);
        return {.is_block = true,
                .has_place = left.has_place,
                .size = left.header.size(),
                .align = left.header.align()};
    }

    report_mismatch(p, header, size, align, family, verb, frame);
    return {.is_block = true, .has_place = true, .size = header.size(), .align = header.align()};
}

void GeneralPurposeAllocator::State::report_mismatch(void* p, const Header& header, std::size_t size,
                                                     std::size_t align, Family family, std::string_view verb,
                                                     const void* frame) noexcept {
    if (header.family() != family) {
        ErrorReport out;
        begin_report(out, Kind::family_mismatch);
        write_address(out, p);
        out << " was allocated with " << maker_of(header.family()) << ", but given back with "
            << (verb == "free" ? taker_of(family) : verb) << '\n';
        write_block(out, p, header);
        write_here(out, verb, frame);
        end_report(out, Kind::family_mismatch, p, header.size());
    }
    const auto mismatch = [&](Kind kind, std::string_view unit, std::size_t real, std::size_t claimed) {
        ErrorReport out;
        begin_report(out, kind);
        write_address(out, p);
        out << " was allocated with " << unit;
        out.decimal(real) << ", but " << verb << " says ";
        out.decimal(claimed) << '\n';
        write_block(out, p, header);
        write_here(out, verb, frame);
        end_report(out, kind, p, header.size());
    };
    if (header.size() != size) mismatch(Kind::size_mismatch, "size ", header.size(), size);
    if (header.align() != align) mismatch(Kind::alignment_mismatch, "alignment ", header.align(), align);
}

bool GeneralPurposeAllocator::State::report_damage_around(void* user, const Header& header, std::size_t size,
                                                          std::size_t align, std::string_view verb,
                                                          const void* frame) noexcept {
    const std::uint64_t canary = canary_of(user);
    const auto expected = static_cast<unsigned char>(canary);
    if (header.check != check_of(header, user)) {
        const Header left = recover(user, header, size, align).header;
        ErrorReport out;
        begin_report(out, Kind::buffer_underflow);
        out << "more than 8 bytes before the block at ";
        write_address(out, user);
        out << " were written\n";
        const auto bytes = bytes_of(&header, sizeof header);
        write_bytes(out, bytes.last(8), expected);
        out << "  before them";
        for (const unsigned char byte : bytes.first(bytes.size() - 8)) {
            out << ' ';
            out.hex_byte(byte);
        }
        out << ", where the allocator had written what it knew of the block\n  the block: ";
        if (left.size() != 0) {
            out.decimal(left.size()) << " bytes";
        } else {
            out << "of unknown size";
        }
        out << " at ";
        write_address(out, user);
        out << '\n';
        if (left.stack != 0) {
            write_stack_of(out, "allocated", left.stack);
        } else if (depth != 0) {
            out << "  who allocated it was overwritten too: the tier guarded, with its guard pages before "
                   "the "
                   "blocks, stops at such a write\n";
        }
        write_here(out, verb, frame);
        end_report(out, Kind::buffer_underflow, user, left.size());
        return true;
    }
    bool found = false;
    const auto damage = [&](Kind kind, std::size_t distance, std::string_view where,
                            std::span<const unsigned char> bytes) {
        found = true;
        ErrorReport out;
        begin_report(out, kind);
        out << "byte ";
        out.decimal(distance) << where << " the block at ";
        write_address(out, user);
        out << " of ";
        out.decimal(header.size()) << " bytes was written\n";
        write_bytes(out, bytes, expected);
        write_block(out, user, header);
        write_here(out, verb, frame);
        end_report(out, kind, user, header.size());
    };
    const auto before = bytes_of(&header.canary, sizeof header.canary);
    if (const std::size_t at = first_other(before, expected); at != before.size())
        damage(Kind::buffer_underflow, before.size() - at, " before", before);
    const Extent extent = extent_of(header.size(), header.align());
    const auto tail =
        bytes_of(static_cast<std::byte*>(user) + header.size(), extent.total - extent.prefix - header.size());
    if (tail_intact(user, header.size(), tail.size(), canary)) return found;
    if (const std::size_t at = first_other(tail, expected); at != tail.size())
        damage(Kind::buffer_overflow, at, " behind", tail);
    return found;
}

void GeneralPurposeAllocator::State::report_unknown(void* p, std::string_view verb,
                                                    const void* frame) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    const BlockState state = map.get(address);
    FreedBlock block{};
    const bool remembered = history.recall(address, block);
    if (state != BlockState::quarantined) {
        // What began there may have become a part of another block since: that one is what is there now.
        if (const std::uintptr_t begin = find_around(address); begin != 0) {
            void* const user = reinterpret_cast<void*>(begin);
            const bool live = map.get(begin) == BlockState::live;
            return report_interior(p, user, peek_header(user), remembered ? &block : nullptr,
                                   live ? 0 : held_by(begin), verb, frame);
        }
    }
    // Another block may have begun in the bytes that the map has for this one, and hidden that it was freed.
    if (state == BlockState::quarantined || state == BlockState::freed || remembered) {
        ErrorReport out;
        begin_report(out, Kind::double_free);
        write_address(out, p);
        out << " was given back before this " << verb << '\n';
        std::size_t size = 0;
        if (state == BlockState::quarantined) {
            const Header header = peek_header(p);
            if (header.check == check_of(header, p)) {
                size = header.size();
                write_block(out, p, header);
            }
            if (const StackId freed = held_by(address); freed != 0)
                write_stack_of(out, "first given back", freed);
        } else if (remembered) {
            size = block.size;
            write_freed_block(out, block);
        }
        write_here(out, verb, frame);
        end_report(out, Kind::double_free, p, size);
        return;
    }

    ErrorReport out;
    ErrorReport owner;
    const Kind kind = write_owner(owner, p) ? Kind::wrong_allocator : Kind::foreign_pointer;
    begin_report(out, kind);
    write_address(out, p);
    if (kind == Kind::wrong_allocator) {
        out << " belongs to " << owner.text();
        out.owner = owner.owner;
        out.block = owner.block;
        out.add_stacks_of(owner);
    } else {
        out << " was not allocated here\n";
        const ThreadContext& thread = thread_context();
        if (thread.on_stack(address)) out << "  it points into this thread's stack\n";
    }
    write_here(out, verb, frame);
    end_report(out, kind, p, 0);
}

std::uintptr_t GeneralPurposeAllocator::State::find_around(std::uintptr_t address) const noexcept {
    constexpr std::uintptr_t reach = std::uintptr_t{1} << 32;
    for (const BlockState state : {BlockState::live, BlockState::quarantined}) {
        const std::uintptr_t begin = map.find_before(address, state, reach);
        if (begin == 0 || begin == address) continue;
        void* const user = reinterpret_cast<void*>(begin);
        const Header header = peek_header(user);
        if (header.check == check_of(header, user) && address - begin < header.size()) return begin;
    }
    return 0;
}

StackId GeneralPurposeAllocator::State::held_by(std::uintptr_t address) noexcept {
    StackId freed = 0;
    counters.for_each_shard([&](const Shard& shard) {
        if (freed == 0 && shard.quarantine != nullptr) (void)shard.quarantine->holds(address, freed);
    });
    return freed;
}

void GeneralPurposeAllocator::State::report_interior(void* p, void* begin, const Header& header,
                                                     const FreedBlock* earlier, StackId freed,
                                                     std::string_view verb, const void* frame) noexcept {
    const auto inside = static_cast<std::size_t>(static_cast<std::byte*>(p) - static_cast<std::byte*>(begin));
    ErrorReport out;
    begin_report(out, Kind::interior_pointer);
    write_address(out, p);
    out << " is ";
    out.decimal(inside) << " bytes into the block at ";
    write_address(out, begin);
    out << ", not its beginning\n";
    write_block(out, begin, header);
    if (freed != 0) write_stack_of(out, "given back", freed);
    if (earlier != nullptr) {
        out << "  an earlier block of ";
        out.decimal(earlier->size) << " bytes began there, and was given back\n";
        write_stack_of(out, "earlier allocated", earlier->allocated);
        write_stack_of(out, "earlier given back", earlier->freed);
    }
    write_here(out, verb, frame);
    end_report(out, Kind::interior_pointer, p, header.size());
}

bool GeneralPurposeAllocator::State::write_owner(ErrorReport& out, void* p) const noexcept {
    const SpinGuard guard{all_states_lock};
    for (State* other = static_cast<State*>(all_states); other != nullptr; other = other->next) {
        if (other == this) continue;
        const bool on_pages = other->guard_pages.contains(p);
        const GuardPages::Slot* const slot = on_pages ? other->guard_pages.find(p) : nullptr;
        Header header;
        if (slot != nullptr && slot->user == reinterpret_cast<std::uintptr_t>(p) &&
            slot->state.load(std::memory_order_acquire) == GuardPages::State::live) {
            header = slot->header;
        } else if (!on_pages && other->map.get(reinterpret_cast<std::uintptr_t>(p)) == BlockState::live) {
            header = peek_header(p);
        } else {
            continue;
        }
        out << other->options.name << '\n';
        out.owner = other->options.name;
        if (on_pages || header.check == check_of(header, p)) other->write_block(out, p, header);
        return true;
    }
    return false;
}

void GeneralPurposeAllocator::State::report_dead(std::string_view verb, const void* frame) noexcept {
    ErrorReport out;
    begin_report(out, Kind::use_after_deinit);
    out << verb << " after the allocator's deinit()\n";
    write_here(out, verb, frame);
    end_report(out, Kind::use_after_deinit, nullptr, 0);
}

void GeneralPurposeAllocator::State::report_size_overflow(std::size_t size, const void* frame) noexcept {
    if (options.on_error == nullptr) return;
    ErrorReport out;
    begin_report(out, Kind::size_overflow);
    out.decimal(size) << " bytes were asked for\n";
    write_here(out, "allocate", frame);
    end_report(out, Kind::size_overflow, nullptr, size);
}

// ---- memory that was given back ----

bool GeneralPurposeAllocator::State::report_late_write(const Quarantine::Held& held,
                                                       const void* frame) noexcept {
    void* const user = reinterpret_cast<void*>(held.address);
    const Header header = peek_header(user);
    const bool known = header.check == check_of(header, user);
    const std::size_t size = known ? header.size() : 0;
    // All that poison() filled: the block, what lies behind it, the canary before it.
    const auto held_bytes =
        bytes_of(user, held.total - std::max(std::size_t{1} << held.align, sizeof(Header)));
    memory_checker::recall(held_bytes.data(), held_bytes.size());
    const auto before = bytes_of(static_cast<std::byte*>(user) - 8, 8);
    const std::size_t at = first_other(held_bytes, freed_byte);
    const std::size_t at_before = first_other(before, freed_byte);
    const bool intact = at == held_bytes.size() && at_before == before.size();
    if (intact && known) return false;
    ErrorReport out;
    begin_report(out, Kind::use_after_free);
    if (intact || !known) {
        out << "bytes before the block at ";
        write_address(out, user);
        out << " were written after it was given back\n";
    } else {
        const bool is_before = at == held_bytes.size();
        out << "byte ";
        out.decimal(is_before   ? before.size() - at_before
                    : at < size ? at
                                : at - size)
            << (is_before   ? " before"
                : at < size ? " of"
                            : " behind")
            << " the block at ";
        write_address(out, user);
        out << " of ";
        out.decimal(size) << " bytes was written after it was given back\n";
        const auto found = is_before   ? before
                           : at < size ? held_bytes.first(size).subspan(at)
                                       : held_bytes.subspan(at);
        write_bytes(out, found.first(std::min<std::size_t>(16, found.size())), freed_byte);
    }
    if (known) {
        write_block(out, user, header);
    } else if (is_stack(header.stack)) {
        write_stack_of(out, "allocated", header.stack);
    }
    write_stack_of(out, "given back", held.freed);
    write_here(out, "found out", frame);
    end_report(out, Kind::use_after_free, user, size);
    return true;
}

std::size_t GeneralPurposeAllocator::State::check_all(const void* frame) noexcept {
    std::size_t found = 0;
    map.for_each(BlockState::live, [&](std::uintptr_t address) {
        void* const user = reinterpret_cast<void*>(address);
        const Header header = peek_header(user);
        // A checker has stopped whoever wrote there.
        if (!memory_checker::watches() && report_damage_around(user, header, 0, 1, "check", frame)) ++found;
    });
    guard_pages.for_each_live([&](const GuardPages::Slot& slot) {
        if (report_padding(guard_pages.tell(slot), "check", frame)) ++found;
    });
    counters.for_each_shard([&](const Shard& shard) {
        if (shard.quarantine == nullptr) return;
        shard.quarantine->for_each([&](const Quarantine::Held& held) {
            if (report_late_write(held, frame)) ++found;
        });
    });
    return found;
}

}  // namespace zigmund::alloc::inline v0
