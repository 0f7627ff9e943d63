#include <zigmund/alloc/pages.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "call_site.hpp"
#include "exceptions.hpp"
#include "general_purpose_state.hpp"
#include "process_memory.hpp"
#include "site_report.hpp"
#include "snapshot_books.hpp"
#include "unsized_access.hpp"

namespace zigmund::alloc::inline v0 {

using namespace detail;

namespace {

/// Headers of blocks that may be gone when they are read. Those that lie close together are copied at once,
/// with what lies between them: asking the kernel costs more than a copy.
class HeaderReader {
  public:
    /// `damaged` stands for the header of a block that does not fit its check; null: nothing does.
    explicit HeaderReader(const Header* damaged) noexcept
        : damaged_{damaged}, copy_{static_cast<std::byte*>(map_pages(longest))} {}
    HeaderReader(const HeaderReader&) = delete;
    HeaderReader& operator=(const HeaderReader&) = delete;
    ~HeaderReader() {
        if (copy_ != nullptr) unmap_pages(copy_, longest);
    }

    /// Calls `visit(address, header)` for the block at `address`, now or later.
    void add(std::uintptr_t address, auto& visit) {
        const std::uintptr_t begin = address - sizeof(Header);
        const bool near = count_ != 0 && begin > places_[count_ - 1] &&
                          begin - places_[count_ - 1] <= widest_gap && address - places_[0] <= longest;
        if (!near || count_ == places_.size()) finish(visit);
        places_[count_++] = begin;
    }
    void finish(auto& visit) {
        if (count_ == 0) return;
        const std::uintptr_t first = places_[0];
        const std::size_t size = places_[count_ - 1] + sizeof(Header) - first;
        const bool whole =
            count_ > 1 && copy_ != nullptr && read_memory(reinterpret_cast<const void*>(first), copy_, size);
        for (std::size_t i = 0; i < count_; ++i) {
            const std::uintptr_t address = places_[i] + sizeof(Header);
            Header header;
            bool read = whole;
            if (whole) {
                std::memcpy(&header, copy_ + (places_[i] - first), sizeof header);
            } else {
                read = read_memory(reinterpret_cast<const void*>(places_[i]), &header, sizeof header);
            }
            if (read && header.check == check_of(header, reinterpret_cast<void*>(address))) {
                visit(address, header);
            } else if (damaged_ != nullptr) {
                visit(address, *damaged_);
            }
        }
        count_ = 0;
    }

  private:
    static constexpr std::size_t longest = 64 << 10;
    static constexpr std::size_t widest_gap = 4096;

    const Header* damaged_;
    std::byte* copy_;
    std::array<std::uintptr_t, 1024> places_;
    std::size_t count_ = 0;
};

/// Of a block of which nothing is known: made last, so that it counts.
constexpr Header unknown_header{.stack = 0,
                                .origin = UINT32_MAX / max_threads * max_threads,
                                .size_align = 0,
                                .seconds = 0,
                                .check = 0,
                                .canary = 0};

}  // namespace

void GeneralPurposeAllocator::State::for_each_live(bool alone, auto&& visit) {
    HeaderReader reader{alone ? &unknown_header : nullptr};
    map.for_each(BlockState::live, [&](std::uintptr_t address) { reader.add(address, visit); });
    reader.finish(visit);
    const SpinGuard guard{guard_pages.lock()};
    guard_pages.for_each_live([&](const GuardPages::Slot& slot) { visit(slot.user, slot.header); });
}

Mark GeneralPurposeAllocator::mark() noexcept {
    Mark mark;
    if (state_ == nullptr) return mark;
    constexpr std::uint32_t last = UINT32_MAX / max_threads;
    std::uint32_t before = state_->marks.load(std::memory_order_relaxed);
    do {
        mark.number_ = std::min(before + 1, last);
    } while (!state_->marks.compare_exchange_weak(before, mark.number_, std::memory_order_relaxed));
    return mark;
}

std::size_t GeneralPurposeAllocator::report_live(Mark since) noexcept {
    return state_ == nullptr || state_->dead ? 0 : state_->report_blocks("live", since.number_);
}

Snapshot GeneralPurposeAllocator::snapshot() const {
    Snapshot snapshot;
    if (state_ == nullptr || state_->dead) return snapshot;
    Arena arena{pages()};
    CallSites call_sites{arena};
    state_->for_each_live(
        false, [&](std::uintptr_t address, const Header& header) { call_sites.add(address, header); });
    snapshot.books_ = SnapshotBooks::make(state_->options.name, call_sites.by_key().size());
    SnapshotBooks::Site* next = snapshot.books_->sites().data();
    for (const auto& [key, site] : call_sites.by_key()) {
        std::construct_at(next++, SnapshotBooks::Site{.key = key, .amount = site.amount});
        snapshot.books_->total += site.amount;
    }
    return snapshot;
}

LeakCheck GeneralPurposeAllocator::State::deinit(std::uint32_t since, const void* frame) noexcept {
    if (dead) return verdict;
    if (samples) end_sampling(front);
    const bool live = counters.live_blocks() != 0;
    // Leaks are told first: an error that is found after them may end the process.
    if ((live || options.report_when_clean) && report_blocks("leak", since) != 0) verdict = LeakCheck::leak;
    (void)check_all(frame);
    empty_quarantines(frame);
    if (live) free_leaks();
    dead = true;
    number = 0;
    return verdict;
}

std::size_t GeneralPurposeAllocator::State::report_blocks(std::string_view kind,
                                                          std::uint32_t since) noexcept {
    Amount found;
    const bool at_end = kind == "leak";
    const bool complete = detail::has_memory_for([&] {
        Arena arena{pages()};
        CallSites call_sites{arena};
        Amount older;
        for_each_live(at_end, [&](std::uintptr_t address, const Header& header) {
            const Amount block{.bytes = static_cast<std::int64_t>(header.size()), .blocks = 1};
            if (header.mark() < since) {
                older += block;
            } else {
                found += block;
                call_sites.add(address, header);
            }
        });
        std::pmr::vector<CallSite> sites = call_sites.sorted(arena);
        const Amount suppressed = suppress(sites, options.suppressions, arena);
        found -= suppressed;
        if (at_end && found.blocks == 0 && !options.report_when_clean) return;
        write_blocks({.kind = kind,
                      .name = options.name,
                      .sites = sites,
                      .total = found,
                      .suppressed = suppressed,
                      .before_mark = older,
                      .frames = options.stack_frames,
                      .lines = options.report_lines,
                      .seconds = age(),
                      .birth = birth,
                      .aged = traced});
    });
    if (!complete) {  // for want of memory for the books of the report, what the counters know is told
        found = {.bytes = static_cast<std::int64_t>(counters.live_bytes()),
                 .blocks = static_cast<std::int64_t>(counters.live_blocks())};
        TextWriter out{options.report_descriptor};
        out << "zigmund: " << options.name << ": " << kind << ": ";
        out.integer(found.bytes, false) << " bytes in ";
        out.integer(found.blocks, false) << (found.blocks == 1 ? " block\n" : " blocks\n");
    }
    return static_cast<std::size_t>(found.blocks);
}

void GeneralPurposeAllocator::State::write_blocks(const SiteReport& report) {
    const int descriptor = open_report();
    if (report.kind == "leak" && report.total.blocks == 0 && options.report_format == ReportFormat::text) {
        TextWriter out{descriptor};
        out << "zigmund: " << options.name << ": no leaks (peak ";
        out.bytes(counters.peak_bytes()) << " live, ";
        const std::uint64_t made = counters.allocations();
        out.decimal(made) << (made == 1 ? " allocation)\n" : " allocations)\n");
        write_left_out(out, report);
    } else {
        write_report(descriptor, options.report_format, report);
    }
    if (descriptor != options.report_descriptor) (void)::close(descriptor);
}

int GeneralPurposeAllocator::State::open_report() noexcept {
    if (options.report_path == nullptr) return options.report_descriptor;
    const int file = ::open(options.report_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file >= 0) return file;
    const int reason = errno;
    TextWriter out{options.report_descriptor};
    out << "zigmund: " << options.name << ": cannot open " << options.report_path << ": "
        << ::strerrordesc_np(reason) << '\n';
    return options.report_descriptor;
}

void GeneralPurposeAllocator::State::free_leaks() noexcept {
    map.for_each(BlockState::live, [&](std::uintptr_t address) {
        void* const user = reinterpret_cast<void*>(address);
        const Header header = peek_header(user);
        if (header.check != check_of(header, user)) return;  // damaged: nobody knows what to give back
        const Extent extent = extent_of(header.size(), header.align());
        std::byte* const base = static_cast<std::byte*>(user) - extent.prefix;
        unfence(base, extent, header.size());
        options.backing.deallocate(base, extent.total, extent.align);
    });
}

void UnsizedAccess::for_each_live(const GeneralPurposeAllocator& of,
                                  void (*visit)(const Block& block, void* context), void* context) noexcept {
    of.state_->for_each_live(true, [&](std::uintptr_t address, const Header& header) {
        visit({.address = reinterpret_cast<void*>(address),
               .size = header.size(),
               .align = header.align(),
               .family = header.family(),
               .stack = header.stack},
              context);
    });
}

std::size_t UnsizedAccess::report_lost(GeneralPurposeAllocator& of, const LostReport& lost) noexcept {
    GeneralPurposeAllocator::State& state = *of.state_;
    const auto amount = [](std::size_t bytes, std::size_t blocks) {
        return Amount{.bytes = static_cast<std::int64_t>(bytes), .blocks = static_cast<std::int64_t>(blocks)};
    };
    Amount found;
    const bool complete = detail::has_memory_for([&] {
        Arena arena{pages()};
        CallSites call_sites{arena};
        for (const Lost& block : lost.blocks) {
            Header header;
            if (!state.find_header(block.address, header)) continue;
            const Amount held = amount(block.held_bytes, block.held_blocks);
            Amount all = amount(header.size(), 1);
            all += held;
            found += all;
            call_sites.add({.stack = header.stack,
                            .amount = all,
                            .smallest = block.smallest,
                            .largest = block.largest,
                            .example = reinterpret_cast<std::uintptr_t>(block.address),
                            .thread = header.thread(),
                            .seconds = header.seconds,
                            .held = held});
        }
        std::pmr::vector<CallSite> sites = call_sites.sorted(arena);
        const Amount suppressed = suppress(sites, state.options.suppressions, arena);
        found -= suppressed;
        if (found.blocks == 0) return;
        write_report(lost.descriptor, state.options.report_format,
                     {.kind = lost.kind,
                      .name = state.options.name,
                      .sites = sites,
                      .total = found,
                      .suppressed = suppressed,
                      .reachable = amount(lost.reachable_bytes, lost.reachable_blocks),
                      .frames = state.options.stack_frames,
                      .lines = state.options.report_lines,
                      .seconds = state.age(),
                      .birth = state.birth,
                      .aged = state.traced});
    });
    if (!complete) {
        TextWriter out{lost.descriptor};
        out << "zigmund: " << state.options.name << ": " << lost.kind << ": ";
        out.integer(found.bytes, false) << " bytes in ";
        out.integer(found.blocks, false) << (found.blocks == 1 ? " block\n" : " blocks\n");
    }
    return static_cast<std::size_t>(found.blocks);
}

}  // namespace zigmund::alloc::inline v0
