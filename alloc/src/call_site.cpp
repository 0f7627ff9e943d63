#include "call_site.hpp"

#include <zigmund/alloc/suppressions.hpp>
#include <zigmund/alloc/symbolizer.hpp>

#include <algorithm>
#include <functional>
#include <tuple>

namespace zigmund::alloc::inline v0::detail {
namespace {

constexpr std::uint64_t mix(std::uint64_t sum, std::uint64_t value) noexcept {
    return (sum ^ value) * 0x9E3779B97F4A7C15U;
}

bool matches_any(std::span<const std::string_view> patterns, std::string_view name) noexcept {
    return std::ranges::any_of(
        patterns, [&](std::string_view pattern) { return Suppressions::matches(pattern, name); });
}

}  // namespace

void CallSite::merge(const CallSite& other) noexcept {
    amount += other.amount;
    held += other.held;
    smallest = std::min(smallest, other.smallest);
    largest = std::max(largest, other.largest);
    if (other.seconds < seconds) {
        example = other.example;
        thread = other.thread;
        seconds = other.seconds;
    }
}

void CallSites::add(std::uintptr_t block, const Header& header) {
    const std::size_t size = header.size();
    const CallSite fresh{.stack = header.stack,
                         .amount = {.bytes = static_cast<std::int64_t>(size), .blocks = 1},
                         .smallest = size,
                         .largest = size,
                         .example = block,
                         .thread = header.thread(),
                         .seconds = header.seconds};
    add(fresh);
}

void CallSites::add(const CallSite& site) {
    const auto [place, added] = sites_.try_emplace(CallSite::key(site.stack, site.smallest), site);
    if (!added) place->second.merge(site);
}

std::pmr::vector<CallSite> CallSites::sorted(Arena& arena) const {
    ShownStacks shown{arena};
    std::pmr::unordered_map<std::uint64_t, CallSite> merged{&arena};
    for (const auto& [key, site] : sites_) {
        const auto [place, added] = merged.try_emplace(shown.number(site.stack, site.smallest), site);
        if (!added) place->second.merge(site);
    }
    std::pmr::vector<CallSite> sites{&arena};
    sites.reserve(merged.size());
    for (const auto& [number, site] : merged) sites.push_back(site);
    std::ranges::sort(sites, {}, [](const CallSite& site) {
        return std::tuple{-site.amount.bytes, -site.amount.blocks, site.stack, site.smallest};
    });
    return sites;
}

std::uint64_t ShownStacks::number(StackId stack, std::size_t size) {
    if (stack == 0) return CallSite::key(stack, size);
    std::uint64_t sum = 0;
    for (const std::uintptr_t address : stack_frames(stack)) sum = mix(sum, number_of(address));
    return sum >> 1;
}

std::uint64_t ShownStacks::number_of(std::uintptr_t address) {
    const auto [place, added] = known_.try_emplace(address, 0);
    if (added)
        symbolize(
            address - 1,
            [](const SourceFrame& frame, void* context) {
                auto& sum = *static_cast<std::uint64_t*>(context);
                sum = mix(sum, std::hash<std::string_view>{}(frame.function));
                sum = mix(sum, std::hash<std::string_view>{}(frame.file));
                sum = mix(sum, frame.file.empty() ? frame.address : static_cast<std::uint64_t>(frame.line));
            },
            &place->second);
    return place->second;
}

Amount suppress(std::pmr::vector<CallSite>& sites, std::span<const std::string_view> patterns, Arena& arena) {
    Amount left_out;
    if (patterns.empty()) return left_out;
    struct Search {
        std::span<const std::string_view> patterns;
        bool found = false;
    };
    std::pmr::unordered_map<std::uintptr_t, bool> known{&arena};
    const auto suppressed = [&](std::uintptr_t address) {
        const auto [place, added] = known.try_emplace(address, false);
        if (!added) return place->second;
        Search search{.patterns = patterns};
        symbolize(
            address - 1,
            [](const SourceFrame& frame, void* context) {
                auto& at = *static_cast<Search*>(context);
                for (const std::string_view name : {frame.function, frame.file, frame.module})
                    at.found = at.found || matches_any(at.patterns, name);
            },
            &search);
        return place->second = search.found;
    };
    std::erase_if(sites, [&](const CallSite& site) {
        if (!std::ranges::any_of(stack_frames(site.stack), suppressed)) return false;
        left_out += site.amount;
        return true;
    });
    return left_out;
}

}  // namespace zigmund::alloc::inline v0::detail
