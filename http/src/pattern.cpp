#include <zigmund/http/pattern.hpp>

#include "utf8.hpp"

namespace zigmund::http::inline v0::detail {
namespace {

using Kind = PatternStep::Kind;

bool is_word(char32_t c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 'a' && c <= 'z');
}

/// What stands on both sides of a place in the text; the ends are no word.
struct Place {
    bool begin;
    bool end;
    bool word_before;
    bool word_after;
};

/// States in which a match may be, without order and each once.
class States {
  public:
    explicit States(CompiledPattern pattern) noexcept : pattern_{pattern} {}

    void clear() noexcept {
        count_ = 0;
        for (std::size_t i = 0; i * 64 < pattern_.steps.size(); ++i) seen_[i] = 0;
    }
    [[nodiscard]] std::span<const std::uint16_t> get() const noexcept { return {states_.data(), count_}; }

    /// Adds what can be reached from `start` without taking a character. True: that is a match.
    bool add(std::size_t start, const Place& place) noexcept {
        std::size_t pending = 0;
        push(start, pending);
        while (pending > 0) {
            const std::size_t at = pending_[--pending];
            const PatternStep& step = pattern_.steps[at];
            bool passes = false;
            switch (step.kind) {
                case Kind::match:
                    return true;
                case Kind::set:
                case Kind::not_set:
                    states_[count_++] = static_cast<std::uint16_t>(at);
                    continue;
                case Kind::split:
                    push(target(at, step.a), pending);
                    push(target(at, step.b), pending);
                    continue;
                case Kind::jump:
                    push(target(at, step.a), pending);
                    continue;
                case Kind::begin:
                    passes = place.begin;
                    break;
                case Kind::end:
                    passes = place.end;
                    break;
                case Kind::boundary:
                    passes = place.word_before != place.word_after;
                    break;
                case Kind::no_boundary:
                    passes = place.word_before == place.word_after;
                    break;
            }
            if (passes) push(at + 1, pending);
        }
        return false;
    }

  private:
    static std::size_t target(std::size_t at, std::int16_t offset) noexcept {
        return at + static_cast<std::size_t>(offset);
    }
    // Each step is pushed once a round, so the stack holds them all.
    void push(std::size_t at, std::size_t& pending) noexcept {
        std::uint64_t& word = seen_[at / 64];
        const std::uint64_t bit = std::uint64_t{1} << (at % 64);
        if ((word & bit) != 0) return;
        word |= bit;
        pending_[pending++] = static_cast<std::uint16_t>(at);
    }

    CompiledPattern pattern_;
    std::size_t count_ = 0;
    std::array<std::uint64_t, PatternProgram::max_steps / 64> seen_;
    std::array<std::uint16_t, PatternProgram::max_steps> states_;
    std::array<std::uint16_t, PatternProgram::max_steps> pending_;
};

bool takes(const PatternStep& step, std::span<const PatternRange> ranges, char32_t c) noexcept {
    const auto in = ranges.subspan(static_cast<std::size_t>(step.a), static_cast<std::size_t>(step.b));
    const bool found =
        std::ranges::any_of(in, [c](const PatternRange& range) { return range.low <= c && c <= range.high; });
    return found == (step.kind == Kind::set);
}

}  // namespace

bool search_pattern(CompiledPattern pattern, std::string_view text) noexcept {
    States here{pattern};
    States next{pattern};
    States* current = &here;
    States* following = &next;
    current->clear();
    const bool anchored = pattern.steps.front().kind == Kind::begin;

    char32_t before = 0;
    std::size_t at = 0;
    std::size_t size = 0;
    char32_t c = at < text.size() ? utf8_code_point(text, size) : 0;
    Place place{true, text.empty(), false, is_word(c)};
    if (current->add(0, place)) return true;
    while (at < text.size()) {
        at += size;
        before = c;
        c = at < text.size() ? utf8_code_point(text.substr(at), size) : 0;
        place = {false, at == text.size(), is_word(before), is_word(c)};
        following->clear();
        for (const std::uint16_t state : current->get()) {
            if (takes(pattern.steps[state], pattern.ranges, before) && following->add(state + 1U, place))
                return true;
        }
        if (anchored) {
            if (following->get().empty()) return false;
        } else if (following->add(0, place)) {
            return true;
        }
        std::swap(current, following);
    }
    return false;
}

}  // namespace zigmund::http::inline v0::detail
