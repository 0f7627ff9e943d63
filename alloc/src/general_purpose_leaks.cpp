#include "general_purpose_state.hpp"
#include "stack_report.hpp"

namespace zigmund::alloc {

using namespace detail;

LeakCheck GeneralPurposeAllocator::State::deinit(const void* frame) noexcept {
    if (dead) return verdict;
    const bool leaked = counters.live_blocks() != 0;
    // Leaks are told first: an error that is found after them may end the process.
    if (leaked) {
        verdict = LeakCheck::leak;
        report_leaks();
    }
    (void)check_all(frame);
    empty_quarantines(frame);
    if (leaked) {
        free_leaks();
    } else if (options.report_when_clean) {
        report_clean();
    }
    dead = true;
    return verdict;
}

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
        std::uint64_t shown;  // of its stack, as the report shows it
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
    guard_pages.for_each_live([&](const GuardPages::Slot& slot) {
        if (found < count)
            leaks[found++] = {.stack = slot.header.stack,
                              .size = slot.header.size(),
                              .block = reinterpret_cast<void*>(slot.user)};
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
                                   .shown = 0,
                                   .smallest = leak.size,
                                   .largest = leak.size,
                                   .example = leak.block};
        Site& site = sites[site_count - 1];
        site.bytes += leak.size;
        ++site.count;
        site.smallest = std::min(site.smallest, leak.size);
        site.largest = std::max(site.largest, leak.size);
    }
    // Naming a stack takes microseconds: beyond so many sites only the machine's own call sites are told
    // apart.
    constexpr std::size_t most_named = 1000;
    if (site_count <= most_named) {
        const std::span<Site> found_sites{sites, site_count};
        for (Site& site : found_sites)
            site.shown =
                site.stack == 0 ? static_cast<std::uint64_t>(&site - sites) : hash_as_shown(site.stack);
        std::ranges::sort(found_sites, {}, &Site::shown);
        std::size_t kept = 0;
        for (std::size_t i = 1; i < site_count; ++i) {
            Site& last = sites[kept];
            const Site& site = sites[i];
            if (site.shown != last.shown) {
                sites[++kept] = site;
                continue;
            }
            last.bytes += site.bytes;
            last.count += site.count;
            last.smallest = std::min(last.smallest, site.smallest);
            last.largest = std::max(last.largest, site.largest);
        }
        if (site_count != 0) site_count = kept + 1;
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

}  // namespace zigmund::alloc
