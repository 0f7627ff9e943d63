#include "report.hpp"

#include <algorithm>
#include <array>

#include "text.hpp"

namespace zigmund::replay {
namespace {

constexpr std::size_t most_sites = 5;
/// Fewer rounds may all lie on one side by chance.
constexpr std::size_t least_rounds = 5;

template <class... Values>
std::string print(const char* format, Values... values) {
    std::array<char, 256> text{};
    std::snprintf(text.data(), text.size(), format, values...);
    return text.data();
}

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
}

const Measured* find(const std::vector<Measured>& all, std::string_view name) {
    const auto found = std::ranges::find(all, name, [](const Measured& one) { return one.kind->name; });
    return found == all.end() || !found->left_out.empty() ? nullptr : &*found;
}

std::string end_text(const Trace& trace) {
    switch (trace.end()) {
        case format::End::exited:
            return {};
        case format::End::limit:
            return "the trace ends early: its file had its greatest size (--trace-limit)\n";
        case format::End::no_space:
            return "the trace ends early: its file could not be made larger\n";
        case format::End::killed:
            break;
    }
    return "the trace ends where the program was killed, or still runs, or became another" +
           (trace.left_out() == 0 ? std::string{}
                                  : ", but for the last " + count_text(trace.left_out(), "operation") +
                                        ", among which some are missing") +
           "\n";
}

Comparison compare_rounds(const Measured& one, const Measured& base, const Trace& trace) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(one.samples.size(), base.samples.size()); ++i)
        ratios.push_back(one.samples[i] / base.samples[i]);
    std::ranges::sort(ratios);
    const Spread spread = spread_of(ratios);
    const double low = ratios[ratios.size() / 4];
    const double high = ratios[ratios.size() - 1 - ratios.size() / 4];
    return {.ratio = spread.median,
            .certain = ratios.size() >= least_rounds && (high < 0.98 || low > 1.02),
            .saved_nanoseconds = (spread_of(base.samples).median - spread_of(one.samples).median) *
                                 static_cast<double>(trace.operations().size())};
}

/// How often what is live goes into what is resident; nothing where nothing is live.
std::string live_text(const char* format, const Measured& one, const Trace& trace) {
    const std::uint64_t live = trace.summary().peak_bytes;
    return live == 0 ? std::string{}
                     : print(format, static_cast<double>(one.resident) / static_cast<double>(live));
}

/// `takes 0.64 x the time of malloc` or what there is to say instead.
std::string speed_text(const Comparison& comparison) {
    if (!comparison.certain) return "takes the same time as malloc, as far as these rounds tell";
    return print("takes %.2f x the time of malloc, which ", comparison.ratio) +
           (comparison.saved_nanoseconds >= 0 ? "saves " : "costs ") +
           time_text(std::abs(comparison.saved_nanoseconds)) + " in the whole run";
}

/// `fastest`: in malloc's place. Null: there are no figures.
std::string arena_verdict(const std::vector<Measured>& all, const Phases& phases, const Trace& trace,
                          const Measured* fastest) {
    const std::string share = share_text(phases.share());
    if (phases.resets.empty() && phases.mixed > 0)
        return "An arena does not suit: where nearly all is dead, what survives was made at the same call "
               "sites as the rest.\n"
               "What comes and goes one by one belongs to a general allocator.\n";
    if (phases.resets.empty()) {
        std::string text =
            "An arena does not suit: there is no point at which nearly all that was allocated shortly "
            "before\n"
            "is dead. What lives long, or comes and goes one by one, belongs to a general allocator.\n";
        if (phases.least_beyond != Phases::nowhere)
            text += "Later there is one, but there an arena would hold " + bytes_text(phases.least_beyond) +
                    ", which is more than four times what of it is live at a time.\n";
        return text;
    }
    if (phases.share() < 0.5)
        return "An arena does not suit the whole program: only " + share +
               " of its allocations are dead by a reset that\n"
               "comes soon. It may suit the part that makes those.\n";
    const Measured* const arena = find(all, "arena-reset");
    const auto comparison = arena == nullptr ? std::nullopt : compare(*arena, all, trace);
    if (!comparison) return {};
    if (arena->refused != 0)
        return "An arena has where to be reset, for " + share + " of the allocations, but refused " +
               count_text(arena->refused, "request") + ": its time is none to compare.\n";
    std::string text = std::string{"An arena that is reset after each phase "} +
                       (phases.told_apart ? "suits " : "may suit ") + share + " of the allocations: it " +
                       speed_text(*comparison);
    if (comparison->certain && comparison->ratio > 1)
        text = "An arena has where to be reset, for " + share + " of the allocations, but does not pay: it " +
               speed_text(*comparison);
    text += ".\n";
    if (fastest != nullptr && fastest != &all.front()) {
        const Comparison other = compare_rounds(*arena, *fastest, trace);
        const std::string name{fastest->kind->name};
        text += !other.certain    ? "That is no faster and no slower than " + name + " alone.\n"
                : other.ratio < 1 ? print("That is %.2f x the time of ", other.ratio) + name + " alone.\n"
                                  : name + " alone saves more.\n";
    }
    if (!phases.told_apart)
        text +=
            "Whether a program can tell the survivors apart depends on its call sites: record with "
            "--trace-sites=yes.\n";
    if (trace.summary().threads > 1) text += "Each thread has one of its own then.\n";
    return text;
}

std::string json_number(double value) { return print("%.6g", value); }

}  // namespace

std::string describe(const Trace& trace, const Settings& settings) {
    const Summary& sums = trace.summary();
    std::string text = trace.program() + ": " + count_text(trace.operations().size(), "operation") + ": " +
                       count_text(sums.allocations, "allocation") + " of " + bytes_text(sums.bytes) + ", " +
                       count_text(sums.resizes, "resize") + ", " + count_text(sums.frees, "free") + ", by " +
                       (sums.threads > 1 ? "at most " : "") + count_text(sums.threads, "thread") +
                       " at a time\n";
    text += "at most " + bytes_text(sums.peak_bytes) + " live at a time; " + bytes_text(sums.live_bytes) +
            " in " + count_text(sums.live_blocks, "block") + " at the end\n";
    text += end_text(trace);
    if (trace.operations().size() < 10'000)
        text += "a short trace: what is measured is mostly how an allocator begins\n";
    text +=
        "\nreplayed " + count_text(settings.rounds, "time") + " on each, each time in a process of its own; ";
    text += settings.touch == Touch::lines  ? "the cache lines of a block's first page are written\n"
            : settings.touch == Touch::ends ? "a block's first and last byte are written\n"
                                            : "blocks are not written\n";
    if (sums.threads > 1)
        text += "by one thread: what threads cost each other is not in it; at least " +
                share_text(sums.frees == 0 ? 0
                                           : static_cast<double>(sums.freed_elsewhere) /
                                                 static_cast<double>(sums.frees)) +
                " of the frees were another\nthread's than the allocation\n";
    return text;
}

std::string describe(const Phases& phases, const Trace& trace) {
    std::string text = "\nan arena with resets\n";
    if (phases.resets.empty()) return text + "  no point to reset it at\n";
    text += "  " + count_text(phases.resets.size(), "reset") + "; " + share_text(phases.share()) +
            " of all allocations are dead by the next one\n";
    text += "  between two resets it holds " + bytes_text(phases.most_held) + " at most, " +
            bytes_text(phases.median_held) + " in the middle\n";
    text += "  outside of phases, and not for an arena: " + count_text(phases.outside, "allocation") + "\n";
    if (phases.mixed > 0)
        text += "  made at call sites of survivors, and so not for an arena: " +
                count_text(phases.mixed, "allocation") + "\n";
    text += "  survivors, which must live elsewhere: " + count_text(phases.survivors, "allocation") + " of " +
            bytes_text(phases.survivor_bytes) + "\n";
    if (!trace.has_sites()) return text;
    for (std::size_t i = 0; i < std::min(most_sites, phases.sites.size()); ++i) {
        const Survivors& at = phases.sites[i];
        text += "    " + bytes_text(at.bytes) + " in " + count_text(at.blocks, "block") + ": " +
                trace.site_name(at.site) + "\n";
    }
    if (phases.sites.size() > most_sites)
        text += "    and at " + count_text(phases.sites.size() - most_sites, "other call site") + "\n";
    return text;
}

std::string table(const std::vector<Measured>& all, const Trace& trace) {
    std::string text = "\n" + padded("", 34) + "ns an operation   spread   x malloc   resident    x live\n";
    for (const Measured& one : all) {
        text += padded(std::string{one.kind->about}, 34);
        if (!one.left_out.empty()) {
            text += "  " + one.left_out + "\n";
            continue;
        }
        const Spread its = spread_of(one.samples);
        const auto comparison = compare(one, all, trace);
        text += print("%15.1f  %5.1f %%   ", its.median, its.median > 0 ? 100 * its.spread / its.median : 0);
        text += comparison ? print("%8.2f", comparison->ratio) : padded("", 8);
        text += print("   %10s", bytes_text(one.resident).c_str()) + live_text("  %6.2f", one, trace);
        if (one.refused != 0) text += "   refused " + count_text(one.refused);
        text += "\n";
    }
    return text;
}

std::optional<Comparison> compare(const Measured& one, const std::vector<Measured>& all, const Trace& trace) {
    if (!one.left_out.empty() || one.samples.empty() || all.front().samples.empty()) return std::nullopt;
    return compare_rounds(one, all.front(), trace);
}

std::string verdict(const std::vector<Measured>& all, const Phases& phases, const Trace& trace) {
    const Measured* fastest = nullptr;
    const Measured* smallest = nullptr;
    double least = 1;
    for (const Measured& one : all) {
        const auto comparison = compare(one, all, trace);
        if (one.kind->suits != Suits::program || !comparison || one.refused != 0) continue;
        if (&one == &all.front() || (comparison->certain && comparison->ratio < least)) {
            fastest = &one;
            least = comparison->ratio;
        }
        if (smallest == nullptr || one.resident < smallest->resident) smallest = &one;
    }
    std::string text = "\n";
    if (all.front().samples.size() < least_rounds)
        text += "Of fewer than " + std::to_string(least_rounds) + " rounds nothing is certain.\n";
    if (smallest != nullptr) {
        text += fastest == nullptr || fastest == &all.front()
                    ? "In malloc's place nothing here is faster than malloc itself, as far as these rounds "
                      "tell.\n"
                    : "In malloc's place " + std::string{fastest->kind->name} + " is the fastest: it " +
                          speed_text(*compare(*fastest, all, trace)) + ".\n";
        text += std::string{smallest->kind->name} +
                " takes the least memory: " + bytes_text(smallest->resident) +
                live_text(", %.2f x what is live", *smallest, trace) + ".\n";
    }
    return text + arena_verdict(all, phases, trace, fastest);
}

std::string json(const std::vector<Measured>& all, const Phases& phases, const Trace& trace,
                 const Settings& settings) {
    const Summary& sums = trace.summary();
    const auto field = [](const char* name, std::uint64_t value) {
        return std::string{"\""} + name + "\": " + std::to_string(value);
    };
    constexpr std::array ends{"killed", "exited", "limit", "no space"};
    constexpr std::array touches{"none", "ends", "lines"};
    std::string text =
        "{\n \"program\": " + json_text(trace.program()) + ", \"end\": \"" +
        ends[static_cast<std::size_t>(trace.end())] + "\", " + field("left_out", trace.left_out()) + ", " +
        field("rounds", settings.rounds) + ", \"touch\": \"" +
        touches[static_cast<std::size_t>(settings.touch)] + "\",\n " +
        field("operations", trace.operations().size()) + ", " + field("allocations", sums.allocations) +
        ", " + field("frees", sums.frees) + ", " + field("resizes", sums.resizes) + ", " +
        field("bytes", sums.bytes) + ",\n " + field("peak_bytes", sums.peak_bytes) + ", " +
        field("peak_blocks", sums.peak_blocks) + ", " + field("live_bytes", sums.live_bytes) + ", " +
        field("live_blocks", sums.live_blocks) + ", " + field("threads_at_a_time", sums.threads) + ", " +
        field("freed_elsewhere", sums.freed_elsewhere) + ",\n \"allocators\": [";
    for (const char* comma = "\n  "; const Measured& one : all) {
        text += std::exchange(comma, ",\n  ") + std::string{"{\"name\": "} +
                json_text(std::string{one.kind->name});
        if (!one.left_out.empty()) {
            text += ", \"left_out\": " + json_text(one.left_out) + "}";
            continue;
        }
        const Spread its = spread_of(one.samples);
        text += ", \"median\": " + json_number(its.median) + ", \"spread\": " + json_number(its.spread);
        if (const auto comparison = compare(one, all, trace))
            text += ", \"ratio\": " + json_number(comparison->ratio) +
                    ", \"certain\": " + (comparison->certain ? "true" : "false");
        text += ", " + field("resident_bytes", one.resident) + ", " + field("refused", one.refused) +
                ", \"samples\": [";
        for (const char* mark = ""; const double sample : one.samples)
            text += std::exchange(mark, ", ") + json_number(sample);
        text += "]}";
    }
    text += "],\n \"arena\": {" + field("resets", phases.resets.size()) + ", " +
            field("allocations", phases.allocations) + ", " + field("survivors", phases.survivors) + ", " +
            field("survivor_bytes", phases.survivor_bytes) + ", " + field("mixed", phases.mixed) + ", " +
            field("outside", phases.outside) + ", \"share\": " + json_number(phases.share()) +
            ", \"told_apart\": " + (phases.told_apart ? "true" : "false") + ",\n  " +
            field("most_held", phases.most_held) + ", " + field("median_held", phases.median_held) +
            ",\n  \"sites\": [";
    for (const char* comma = "\n   "; const Survivors& at : phases.sites) {
        text += std::exchange(comma, ",\n   ") + std::string{"{\"site\": "} +
                json_text(trace.site_name(at.site)) + ", " + field("blocks", at.blocks) + ", " +
                field("bytes", at.bytes) + "}";
    }
    return text + "]},\n \"verdict\": " + json_text(verdict(all, phases, trace).substr(1)) + "\n}\n";
}

}  // namespace zigmund::replay
