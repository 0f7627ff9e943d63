#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <time.h>

#include <array>
#include <cstdlib>
#include <span>

#include "block_map.hpp"
#include "guarded_block.hpp"
#include "live_counters.hpp"
#include "stack_depot.hpp"
#include "stack_report.hpp"
#include "text_writer.hpp"

namespace zigmund::alloc {

using namespace detail;

namespace {

std::uint64_t pack(std::size_t size, std::size_t align) noexcept {
    return size | static_cast<std::uint64_t>(std::countr_zero(align)) << 56;
}

/// Frames of the toolkit and of containers that lie between the user's code and the allocator.
constexpr unsigned plumbing_frames = 8;

std::uint64_t now_seconds() noexcept {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::uint64_t>(now.tv_sec);
}

}  // namespace

std::string_view to_string(MemoryErrorKind kind) noexcept {
    switch (kind) {
        case MemoryErrorKind::double_free:
            return "double free";
        case MemoryErrorKind::foreign_pointer:
            return "foreign pointer";
        case MemoryErrorKind::interior_pointer:
            return "interior pointer";
        case MemoryErrorKind::size_mismatch:
            return "size mismatch";
        case MemoryErrorKind::alignment_mismatch:
            return "alignment mismatch";
        case MemoryErrorKind::buffer_overflow:
            return "buffer overflow";
        case MemoryErrorKind::buffer_underflow:
            return "buffer underflow";
        case MemoryErrorKind::use_after_deinit:
            return "use after deinit";
    }
    return "unknown error";
}

struct GeneralPurposeAllocator::State {
    explicit State(const GeneralPurposeOptions& given) noexcept
        : options{given},
          depth{given.stack_frames == 0 ? 0 : std::min(given.stack_frames, 32U) + plumbing_frames} {
        const std::string_view text = given.name.substr(0, name_buffer.size());
        text.copy(name_buffer.data(), text.size());
        options.name = {name_buffer.data(), text.size()};
    }

    void* allocate(std::size_t size, std::size_t align, const void* frame) noexcept;
    void deallocate(void* p, std::size_t size, std::size_t align, const void* frame) noexcept;
    bool resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size,
                const void* frame) noexcept;
    void* remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size,
                const void* frame) noexcept;

    void seal(void* user, std::size_t size, std::size_t align, const Extent& extent, StackId stack,
              std::uint32_t thread, std::uint32_t seconds) noexcept;
    bool intact(void* user, std::size_t size, std::size_t align) const noexcept;
    void release(void* user, std::size_t size, std::size_t align, std::uint32_t thread) noexcept;

    /// The size and alignment that the block at `p` really has, after everything that is wrong was reported.
    struct Claim {
        bool is_block;
        std::size_t size;
        std::size_t align;
    };
    [[gnu::cold, gnu::noinline]] Claim examine(void* p, std::size_t size, std::size_t align,
                                               std::string_view verb, const void* frame) noexcept;
    void report_unknown(void* p, std::string_view verb, const void* frame, BlockState state) noexcept;
    void report_damage(void* p, std::size_t size, MemoryErrorKind kind, std::span<const unsigned char> bytes,
                       std::int64_t offset, StackId stack, const void* frame) noexcept;

    void begin_report(TextWriter& out, MemoryErrorKind kind) const noexcept;
    void write_block(TextWriter& out, const void* user, std::size_t size, std::size_t align,
                     const Header* header) const noexcept;
    void write_here(TextWriter& out, std::string_view what, const void* frame) const noexcept;
    void end_report(TextWriter& out, MemoryErrorKind kind, const void* p, std::size_t size) noexcept;

    void report_leaks() noexcept;
    void free_leaks() noexcept;
    void report_clean() noexcept;

    [[nodiscard]] std::uint32_t age() const noexcept {
        return static_cast<std::uint32_t>(now_seconds() - birth);
    }

    GeneralPurposeOptions options;
    std::array<char, 47> name_buffer{};
    unsigned depth;
    std::uint64_t birth = now_seconds();
    BlockMap map;
    LiveCounters counters;
    bool dead = false;
    LeakCheck verdict = LeakCheck::ok;
};

// ---- the way of a block ----

inline void GeneralPurposeAllocator::State::seal(void* user, std::size_t size, std::size_t align,
                                                 const Extent& extent, StackId stack, std::uint32_t thread,
                                                 std::uint32_t seconds) noexcept {
    const std::uint64_t canary = canary_of(user);
    Header& header = header_of(user);
    header.size_align = pack(size, align);
    header.stack = stack;
    header.thread = thread;
    header.seconds = seconds;
    header.check = check_of(header, user);
    header.canary = canary;
    write_tail(user, size, extent.total - extent.prefix - size, canary);
    fence(static_cast<std::byte*>(user) - extent.prefix, extent, size);
}

inline void* GeneralPurposeAllocator::State::allocate(std::size_t size, std::size_t align,
                                                      const void* frame) noexcept {
    const Extent extent = extent_of(size, align);
    if (extent.total == 0 || dead) [[unlikely]] {
        if (dead) (void)examine(nullptr, size, align, "allocate", frame);
        return nullptr;
    }
    const std::uint32_t thread = thread_context().number;
    Shard* const shard = counters.shard(thread);
    if (shard == nullptr) [[unlikely]]
        return nullptr;
    void* const base = options.backing.try_allocate(extent.total, extent.align);
    if (base == nullptr) [[unlikely]]
        return nullptr;
    void* const user = static_cast<std::byte*>(base) + extent.prefix;
    if (!map.set(reinterpret_cast<std::uintptr_t>(user), BlockState::live)) [[unlikely]] {
        options.backing.deallocate(base, extent.total, extent.align);
        return nullptr;
    }
    seal(user, size, align, extent, capture_stack(frame, depth), thread, age());
    counters.add_block(*shard, thread, size);
    return user;
}

inline bool GeneralPurposeAllocator::State::intact(void* user, std::size_t size,
                                                   std::size_t align) const noexcept {
    if (map.get(reinterpret_cast<std::uintptr_t>(user)) != BlockState::live || dead) return false;
    const Extent extent = extent_of(size, align);
    if (extent.total == 0) return false;
#if defined(ZIGMUND_ASAN)
    const Header real = peek_header(user);
    const Extent fenced = extent_of(real.size(), real.align());
    unfence(static_cast<std::byte*>(user) - fenced.prefix, fenced.total);
#endif
    const Header& header = header_of(user);
    const std::uint64_t canary = canary_of(user);
    return header.canary == canary && header.check == check_of(header, user) &&
           header.size_align == pack(size, align) &&
           tail_intact(user, size, extent.total - extent.prefix - size, canary);
}

inline void GeneralPurposeAllocator::State::release(void* user, std::size_t size, std::size_t align,
                                                    std::uint32_t thread) noexcept {
    const Extent extent = extent_of(size, align);
    (void)map.set(reinterpret_cast<std::uintptr_t>(user), BlockState::freed);
    Shard* const shard = counters.shard(thread);
    if (shard != nullptr) counters.remove_block(*shard, thread, size);
    options.backing.deallocate(static_cast<std::byte*>(user) - extent.prefix, extent.total, extent.align);
}

inline void GeneralPurposeAllocator::State::deallocate(void* p, std::size_t size, std::size_t align,
                                                       const void* frame) noexcept {
    if (!intact(p, size, align)) [[unlikely]] {
        const Claim claim = examine(p, size, align, "free", frame);
        if (!claim.is_block) return;
        size = claim.size;
        align = claim.align;
    }
    release(p, size, align, thread_context().number);
}

bool GeneralPurposeAllocator::State::resize(void* p, std::size_t old_size, std::size_t align,
                                            std::size_t new_size, const void* frame) noexcept {
    if (!intact(p, old_size, align)) [[unlikely]] {
        const Claim claim = examine(p, old_size, align, "resize", frame);
        if (!claim.is_block || claim.size != old_size || claim.align != align) return false;
    }
    const Extent before = extent_of(old_size, align);
    const Extent after = extent_of(new_size, align);
    const Header header = header_of(p);
    std::byte* const base = static_cast<std::byte*>(p) - before.prefix;
    const std::uint32_t thread = thread_context().number;
    Shard* const shard = counters.shard(thread);
    const bool fits = shard != nullptr && after.total != 0 &&
                      (before.total == after.total ||
                       options.backing.resize(base, before.total, before.align, after.total));
    if (!fits) {
        fence(base, before, old_size);
        return false;
    }
    seal(p, new_size, align, after, header.stack, header.thread, header.seconds);
    counters.change_block(*shard, thread, old_size, new_size);
    return true;
}

void* GeneralPurposeAllocator::State::remap(void* p, std::size_t old_size, std::size_t align,
                                            std::size_t new_size, const void* frame) noexcept {
    if (resize(p, old_size, align, new_size, frame)) return p;
    if (map.get(reinterpret_cast<std::uintptr_t>(p)) != BlockState::live || !intact(p, old_size, align))
        return nullptr;
    const Extent before = extent_of(old_size, align);
    const Extent after = extent_of(new_size, align);
    std::byte* const base = static_cast<std::byte*>(p) - before.prefix;
    const Header header = header_of(p);
    const std::uint32_t thread = thread_context().number;
    Shard* const shard = counters.shard(thread);
    void* const moved = after.total == 0 || shard == nullptr || !map.reserve()
                            ? nullptr
                            : options.backing.remap(base, before.total, before.align, after.total);
    if (moved == nullptr) {
        fence(base, before, old_size);
        return nullptr;
    }
    void* const user = static_cast<std::byte*>(moved) + after.prefix;
    if (user != p) {
        (void)map.set(reinterpret_cast<std::uintptr_t>(p), BlockState::freed);
        (void)map.set(reinterpret_cast<std::uintptr_t>(user), BlockState::live);
    }
    seal(user, new_size, align, after, header.stack, header.thread, header.seconds);
    counters.change_block(*shard, thread, old_size, new_size);
    return user;
}

// ---- what was wrong ----

GeneralPurposeAllocator::State::Claim GeneralPurposeAllocator::State::examine(void* p, std::size_t size,
                                                                              std::size_t align,
                                                                              std::string_view verb,
                                                                              const void* frame) noexcept {
    if (dead) {
        TextWriter out{-1};
        begin_report(out, MemoryErrorKind::use_after_deinit);
        out << verb << " after the allocator's deinit()\n";
        write_here(out, verb, frame);
        end_report(out, MemoryErrorKind::use_after_deinit, p, 0);
        return {.is_block = false, .size = 0, .align = 0};
    }
    const BlockState state = map.get(reinterpret_cast<std::uintptr_t>(p));
    if (state != BlockState::live) {
        report_unknown(p, verb, frame, state);
        return {.is_block = false, .size = 0, .align = 0};
    }
    const Header header = peek_header(p);
    const std::uint64_t canary = canary_of(p);
    const bool known = header.check == check_of(header, p);
    if (!known || header.canary != canary) {
        // The bytes right before the block are the canary; further ones are the header, whose intact values
        // nobody knows, so that only the canary tells the exact place.
        const auto expected = static_cast<unsigned char>(canary);
        std::array<unsigned char, sizeof canary> found;
        std::memcpy(found.data(), &header.canary, found.size());
        const auto first = std::ranges::find_if(found, [&](unsigned char byte) { return byte != expected; });
        const auto offset = known ? (first - found.begin()) - static_cast<std::int64_t>(found.size())
                                  : -static_cast<std::int64_t>(sizeof(Header));
        report_damage(p, known ? header.size() : size, MemoryErrorKind::buffer_underflow, found, offset,
                      known ? header.stack : 0, frame);
        if (!known) return {.is_block = true, .size = size, .align = align};
    }
    const std::size_t real_size = header.size();
    const std::size_t real_align = header.align();
    const Extent extent = extent_of(real_size, real_align);
    const std::size_t room = extent.total - extent.prefix - real_size;
    if (!tail_intact(p, real_size, room, canary)) {
        const std::span<const unsigned char> tail{static_cast<const unsigned char*>(p) + real_size, room};
        const auto first = std::ranges::find_if(
            tail, [&](unsigned char byte) { return byte != static_cast<unsigned char>(canary); });
        report_damage(p, real_size, MemoryErrorKind::buffer_overflow, tail, first - tail.begin(),
                      header.stack, frame);
    }
    const auto mismatch = [&](MemoryErrorKind kind, std::size_t real, std::size_t claimed,
                              std::string_view unit) {
        TextWriter out{-1};
        begin_report(out, kind);
        out.hex(reinterpret_cast<std::uintptr_t>(p)) << " was allocated with " << unit;
        out.decimal(real) << ", but " << verb << " says ";
        out.decimal(claimed) << '\n';
        write_block(out, p, real_size, real_align, &header);
        write_here(out, verb, frame);
        end_report(out, kind, p, real_size);
    };
    if (real_size != size) mismatch(MemoryErrorKind::size_mismatch, real_size, size, "size ");
    if (real_align != align) mismatch(MemoryErrorKind::alignment_mismatch, real_align, align, "alignment ");
    return {.is_block = true, .size = real_size, .align = real_align};
}

void GeneralPurposeAllocator::State::report_unknown(void* p, std::string_view verb, const void* frame,
                                                    BlockState state) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    TextWriter out{-1};
    if (state != BlockState::unknown) {
        begin_report(out, MemoryErrorKind::double_free);
        out.hex(address) << " was given back before this " << verb << '\n';
        write_here(out, verb, frame);
        end_report(out, MemoryErrorKind::double_free, p, 0);
        return;
    }
    constexpr std::uintptr_t reach = std::uintptr_t{1} << 32;
    const std::uintptr_t begin = map.find_before(address, BlockState::live, reach);
    if (begin != 0) {
        void* const user = reinterpret_cast<void*>(begin);
        const Header header = peek_header(user);
        if (header.check == check_of(header, user) &&
            address - begin < std::max<std::size_t>(header.size(), 1)) {
            begin_report(out, MemoryErrorKind::interior_pointer);
            out.hex(address) << " is ";
            out.decimal(address - begin) << " bytes into the block at ";
            out.hex(begin) << ", not its beginning\n";
            write_block(out, user, header.size(), header.align(), &header);
            write_here(out, verb, frame);
            end_report(out, MemoryErrorKind::interior_pointer, p, header.size());
            return;
        }
    }
    begin_report(out, MemoryErrorKind::foreign_pointer);
    out.hex(address) << " was not allocated here\n";
    const ThreadContext& thread = thread_context();
    if (address >= thread.stack_low && address < thread.stack_high)
        out << "  it points into this thread's stack\n";
    write_here(out, verb, frame);
    end_report(out, MemoryErrorKind::foreign_pointer, p, 0);
}

void GeneralPurposeAllocator::State::report_damage(void* p, std::size_t size, MemoryErrorKind kind,
                                                   std::span<const unsigned char> bytes, std::int64_t offset,
                                                   StackId stack, const void* frame) noexcept {
    TextWriter out{-1};
    begin_report(out, kind);
    if (kind == MemoryErrorKind::buffer_overflow) {
        out << "byte ";
        out.decimal(static_cast<std::uint64_t>(offset)) << " behind";
    } else {
        out << "byte ";
        out.decimal(static_cast<std::uint64_t>(-offset)) << " before";
    }
    out << " the block at ";
    out.hex(reinterpret_cast<std::uintptr_t>(p)) << " of ";
    out.decimal(size) << " bytes was written\n  found ";
    for (const unsigned char byte : bytes) out.hex_byte(byte) << ' ';
    out << "\n  where each byte was ";
    out.hex_byte(static_cast<unsigned char>(canary_of(p))) << '\n';
    if (stack != 0) {
        out << "  allocated at\n";
        write_stack(out, stack, options.stack_frames);
    }
    write_here(out, "found by the call", frame);
    end_report(out, kind, p, size);
}

void GeneralPurposeAllocator::State::begin_report(TextWriter& out, MemoryErrorKind kind) const noexcept {
    out << "zigmund: " << options.name << ": " << to_string(kind) << ": ";
}

void GeneralPurposeAllocator::State::write_block(TextWriter& out, const void* user, std::size_t size,
                                                 std::size_t align, const Header* header) const noexcept {
    out << "  the block: ";
    out.decimal(size) << " bytes at ";
    out.hex(reinterpret_cast<std::uintptr_t>(user)) << ", alignment ";
    out.decimal(align) << ", made ";
    out.decimal(age() - header->seconds) << " s ago by thread ";
    out.decimal(header->thread) << " at\n";
    write_stack(out, header->stack, options.stack_frames);
}

void GeneralPurposeAllocator::State::write_here(TextWriter& out, std::string_view what,
                                                const void* frame) const noexcept {
    out << "  " << what << " at\n";
    write_stack(out, capture_stack(frame, std::max(depth, plumbing_frames + 8)),
                std::max(options.stack_frames, 8U));
}

void GeneralPurposeAllocator::State::end_report(TextWriter& out, MemoryErrorKind kind, const void* p,
                                                std::size_t size) noexcept {
    if (options.on_error != nullptr) {
        options.on_error({.kind = kind, .address = p, .size = size, .message = out.text()},
                         options.on_error_context);
        return;
    }
    TextWriter copy{options.report_descriptor};
    copy << out.text();
    copy.flush();
    std::abort();
}

// ---- the end ----

void GeneralPurposeAllocator::State::report_leaks() noexcept {
    struct Leak {
        StackId stack;
        std::size_t size;
        void* block;
    };
    struct Site {
        StackId stack;
        std::size_t bytes;
        std::size_t count;
        std::size_t smallest;
        std::size_t largest;
        void* example;
    };
    const std::size_t count = counters.live_blocks();
    const std::size_t bytes = counters.live_bytes();
    TextWriter out{options.report_descriptor};
    out << "zigmund: " << options.name << ": leak: ";
    out.decimal(bytes) << " bytes in ";
    out.decimal(count) << (count == 1 ? " block" : " blocks");
    const std::size_t room = count * sizeof(Leak);
    auto* const leaks = static_cast<Leak*>(map_pages(room));
    auto* const sites = static_cast<Site*>(map_pages(count * sizeof(Site)));
    if (leaks == nullptr || sites == nullptr) {
        out << "\n";
        return;
    }
    std::size_t found = 0;
    map.for_each(BlockState::live, [&](std::uintptr_t address) {
        void* const user = reinterpret_cast<void*>(address);
        const Header header = peek_header(user);
        if (found < count) leaks[found++] = {.stack = header.stack, .size = header.size(), .block = user};
    });
    // Without stacks the size is all that tells one origin from another.
    const auto origin = [](const Leak& leak) {
        return std::pair{leak.stack, leak.stack == 0 ? leak.size : std::size_t{0}};
    };
    const std::span<Leak> all{leaks, found};
    std::ranges::sort(all, {}, origin);
    std::size_t site_count = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Leak& leak = all[i];
        if (i == 0 || origin(leak) != origin(all[i - 1]))
            sites[site_count++] = {.stack = leak.stack,
                                   .bytes = 0,
                                   .count = 0,
                                   .smallest = leak.size,
                                   .largest = leak.size,
                                   .example = leak.block};
        Site& site = sites[site_count - 1];
        site.bytes += leak.size;
        ++site.count;
        site.smallest = std::min(site.smallest, leak.size);
        site.largest = std::max(site.largest, leak.size);
    }
    const std::span<Site> by_size{sites, site_count};
    std::ranges::sort(by_size, std::ranges::greater{}, &Site::bytes);
    out << " from ";
    out.decimal(site_count) << (site_count == 1 ? " call site\n" : " call sites\n");
    constexpr std::size_t shown = 10;
    std::size_t rest_bytes = 0;
    std::size_t rest_count = 0;
    for (std::size_t i = 0; i < site_count; ++i) {
        const Site& site = sites[i];
        if (i >= shown) {
            rest_bytes += site.bytes;
            rest_count += site.count;
            continue;
        }
        out << "  ";
        out.decimal(site.bytes) << " bytes (";
        out.tenths(bytes == 0 ? 1000 : site.bytes * 1000 / bytes) << " %) in ";
        out.decimal(site.count) << (site.count == 1 ? " block of " : " blocks of ");
        out.decimal(site.smallest);
        if (site.smallest != site.largest) {
            out << " to ";
            out.decimal(site.largest);
        }
        out << " bytes, allocated at\n";
        write_stack(out, site.stack, options.stack_frames);
        out << "    one of them, at ";
        out.hex(reinterpret_cast<std::uintptr_t>(site.example)) << ", holds";
        const auto* const content = static_cast<const unsigned char*>(site.example);
        for (std::size_t byte = 0; byte < std::min<std::size_t>(site.smallest, 16); ++byte) {
            out << ' ';
            out.hex_byte(content[byte]);
        }
        out << '\n';
    }
    if (site_count > shown) {
        out << "  and ";
        out.decimal(rest_bytes) << " bytes in ";
        out.decimal(rest_count) << " blocks from ";
        out.decimal(site_count - shown) << " more call sites\n";
    }
    out.flush();
    unmap_pages(leaks, room);
    unmap_pages(sites, count * sizeof(Site));
}

void GeneralPurposeAllocator::State::free_leaks() noexcept {
    map.for_each(BlockState::live, [&](std::uintptr_t address) {
        void* const user = reinterpret_cast<void*>(address);
        const Header header = peek_header(user);
        if (header.check != check_of(header, user)) return;  // damaged: nobody knows what to give back
        const Extent extent = extent_of(header.size(), header.align());
        std::byte* const base = static_cast<std::byte*>(user) - extent.prefix;
        unfence(base, extent.total);
        options.backing.deallocate(base, extent.total, extent.align);
    });
}

void GeneralPurposeAllocator::State::report_clean() noexcept {
    TextWriter out{options.report_descriptor};
    out << "zigmund: " << options.name << ": no leaks (peak ";
    out.bytes(counters.peak_bytes()) << " live, ";
    const std::uint64_t made = counters.allocations();
    out.decimal(made) << (made == 1 ? " allocation)\n" : " allocations)\n");
}

// ---- the class ----

GeneralPurposeAllocator::GeneralPurposeAllocator(GeneralPurposeOptions options)
    : state_{static_cast<State*>(map_pages(sizeof(State)))} {
    if (state_ == nullptr) detail::throw_bad_alloc();
    new (state_) State{options};
    if (!state_->map.open()) {
        state_->~State();
        unmap_pages(state_, sizeof(State));
        detail::throw_bad_alloc();
    }
}

GeneralPurposeAllocator::~GeneralPurposeAllocator() {
    (void)deinit();
    state_->~State();
    unmap_pages(state_, sizeof(State));
}

LeakCheck GeneralPurposeAllocator::deinit() noexcept {
    if (state_->dead) return state_->verdict;
    if (state_->counters.live_blocks() != 0) {
        state_->verdict = LeakCheck::leak;
        state_->report_leaks();
        state_->free_leaks();
    } else if (state_->options.report_when_clean) {
        state_->report_clean();
    }
    state_->dead = true;
    return state_->verdict;
}

std::size_t GeneralPurposeAllocator::live_bytes() const noexcept { return state_->counters.live_bytes(); }
std::size_t GeneralPurposeAllocator::live_blocks() const noexcept { return state_->counters.live_blocks(); }
std::size_t GeneralPurposeAllocator::peak_bytes() const noexcept { return state_->counters.peak_bytes(); }
std::uint64_t GeneralPurposeAllocator::total_allocations() const noexcept {
    return state_->counters.allocations();
}

// Each entrance notes its own frame: the stack that is shown begins with whoever called it.

void* GeneralPurposeAllocator::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    return state_->allocate(size, align, __builtin_frame_address(0));
}

void* GeneralPurposeAllocator::do_allocate(std::size_t size, std::size_t align) {
    void* const p = state_->allocate(size, align, __builtin_frame_address(0));
    if (p == nullptr) [[unlikely]]
        detail::throw_bad_alloc();
    return p;
}

void GeneralPurposeAllocator::do_deallocate(void* p, std::size_t size, std::size_t align) noexcept {
    state_->deallocate(p, size, align, __builtin_frame_address(0));
}

bool GeneralPurposeAllocator::do_resize(void* p, std::size_t old_size, std::size_t align,
                                        std::size_t new_size) noexcept {
    return state_->resize(p, old_size, align, new_size, __builtin_frame_address(0));
}

void* GeneralPurposeAllocator::do_remap(void* p, std::size_t old_size, std::size_t align,
                                        std::size_t new_size) noexcept {
    return state_->remap(p, old_size, align, new_size, __builtin_frame_address(0));
}

}  // namespace zigmund::alloc
