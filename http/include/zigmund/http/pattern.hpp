// Pattern: text that matches a regular expression, which is compiled with the program.
//
//     http::Query<std::string_view, "code", http::Pattern<"^[A-Z]{2}-\\d+$">> code
//
// A pattern that is no regular expression does not compile, and says what is wrong. Matching searches, as
// pydantic and JSON Schema do: write ^ and $ for the whole text. The syntax is what Rust's and JavaScript's
// expressions share: . [a-z] [^a-z] \d \D \w \W \s \S \b \B (...) (?:...) | * + ? {2} {2,} {2,4}, ^ and $ for
// the ends of the text, and the escapes \n \r \t \f \v \0 \x41 \u00e9. A `?` behind a repetition changes
// nothing here. Characters are code points; \d, \w, \s and \b know ASCII, as in JSON Schema.
//
// Threads: constants. Cost of a match: the length of the text times the length of the pattern at worst,
// whatever the pattern: a set of states walks through the text, nothing backtracks. Never: allocates,
// recurses.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/fixed_string.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

namespace detail {

/// One step of a compiled pattern. Jumps are relative, so that steps can be moved and copied.
struct PatternStep {
    enum class Kind : std::uint8_t {
        set,          ///< a character that is in one of `b` ranges from the range `a` on
        not_set,      ///< a character that is in none of them
        split,        ///< go on at both `a` and `b`
        jump,         ///< go on at `a`
        begin,        ///< the text's begin
        end,          ///< the text's end
        boundary,     ///< a word's begin or end
        no_boundary,  ///< neither
        match         ///< done
    };
    Kind kind = Kind::match;
    std::int16_t a = 0;
    std::int16_t b = 0;
};

/// The code points from `low` to `high`.
struct PatternRange {
    char32_t low = 0;
    char32_t high = 0;
};

enum class PatternError : std::uint8_t {
    none,
    group,       ///< a ( without its ), or the other way round
    set,         ///< a [ without its ], or a range that ends before it begins
    repetition,  ///< * + ? or {} with nothing to repeat, or {3,2}
    escape,      ///< \ before what it gives no meaning to
    extension,   ///< (?=...) and other groups of that kind
    size         ///< too many steps
};

struct PatternProgram {
    static constexpr std::size_t max_steps = 1024;
    static constexpr std::size_t max_ranges = 256;

    std::array<PatternStep, max_steps> steps{};
    std::array<PatternRange, max_ranges> ranges{};
    std::size_t step_count = 0;
    std::size_t range_count = 0;
    PatternError error = PatternError::none;
};

/// Compiles a pattern (Thompson's construction, by recursive descent).
class PatternCompiler {
  public:
    consteval explicit PatternCompiler(std::string_view pattern) : text_{pattern} {}

    consteval PatternProgram compile() {
        alternatives();
        if (at_ != text_.size()) fail(PatternError::group);
        emit({PatternStep::Kind::match});
        return program_;
    }

  private:
    using Kind = PatternStep::Kind;
    static constexpr std::size_t no_limit = SIZE_MAX;

    constexpr bool failed() const { return program_.error != PatternError::none; }
    constexpr void fail(PatternError error) {
        if (!failed()) program_.error = error;
        at_ = text_.size();
    }
    constexpr bool more() const { return at_ < text_.size(); }
    constexpr bool next_is(char c) const { return more() && text_[at_] == c; }
    constexpr bool take(char c) {
        if (!next_is(c)) return false;
        ++at_;
        return true;
    }

    constexpr void emit(PatternStep step) { insert(program_.step_count, step); }
    constexpr void insert(std::size_t index, PatternStep step) {
        if (program_.step_count == PatternProgram::max_steps) return fail(PatternError::size);
        for (std::size_t i = program_.step_count; i > index; --i) program_.steps[i] = program_.steps[i - 1];
        program_.steps[index] = step;
        ++program_.step_count;
    }
    static constexpr std::int16_t offset(std::size_t from, std::size_t to) {
        return static_cast<std::int16_t>(static_cast<std::int64_t>(to) - static_cast<std::int64_t>(from));
    }

    constexpr void alternatives() {
        const std::size_t start = program_.step_count;
        sequence();
        if (!take('|')) return;
        // split(this, the others); this; jump(behind the others); the others
        insert(start, {Kind::split, 1, 0});
        const std::size_t jump = program_.step_count;
        emit({Kind::jump});
        if (failed()) return;
        program_.steps[start].b = offset(start, program_.step_count);
        alternatives();
        if (!failed()) program_.steps[jump].a = offset(jump, program_.step_count);
    }

    constexpr void sequence() {
        while (more() && !next_is('|') && !next_is(')')) {
            const std::size_t start = program_.step_count;
            const bool repeatable = atom();
            repetition(start, repeatable);
        }
    }

    /// Whether it may be repeated.
    constexpr bool atom() {
        const char c = text_[at_];
        switch (c) {
            case '(':
                ++at_;
                group();
                return true;
            case '[':
                ++at_;
                set();
                return true;
            case '.':
                ++at_;
                begin_set();
                add_range('\n', '\n');
                end_set(true);
                return true;
            case '^':
            case '$':
                ++at_;
                emit({c == '^' ? Kind::begin : Kind::end});
                return false;
            case '*':
            case '+':
            case '?':
            case '{':
                fail(PatternError::repetition);
                return false;
            case ']':
            case '}':
                break;
            case '\\':
                if (at_ + 1 < text_.size() && (text_[at_ + 1] == 'b' || text_[at_ + 1] == 'B')) {
                    emit({text_[at_ + 1] == 'b' ? Kind::boundary : Kind::no_boundary});
                    at_ += 2;
                    return false;
                }
                begin_set();
                end_set(add_escaped());
                return true;
            default:
                break;
        }
        begin_set();
        const char32_t point = code_point();
        add_range(point, point);
        end_set(false);
        return true;
    }

    constexpr void group() {
        if (take('?') && !take(':')) return fail(PatternError::extension);
        alternatives();
        if (!take(')')) fail(PatternError::group);
    }

    constexpr void set() {
        const bool negated = take('^');
        begin_set();
        bool first = true;
        while (more() && (first || !next_is(']'))) {
            first = false;
            char32_t low = 0;
            if (next_is('\\') && is_class(at_ + 1)) {
                if (add_escaped()) return fail(PatternError::set);  // [^...] of a negated class has no ranges
                continue;
            }
            low = next_is('\\') ? escaped() : code_point();
            char32_t high = low;
            if (next_is('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
                ++at_;
                if (next_is('\\') && is_class(at_ + 1)) return fail(PatternError::set);
                high = next_is('\\') ? escaped() : code_point();
            }
            if (high < low) return fail(PatternError::set);
            add_range(low, high);
        }
        if (!take(']')) return fail(PatternError::set);
        end_set(negated);
    }

    constexpr bool is_class(std::size_t at) const {
        return at < text_.size() && std::string_view{"dDwWsS"}.find(text_[at]) != std::string_view::npos;
    }

    constexpr void begin_set() { set_start_ = program_.range_count; }
    constexpr void add_range(char32_t low, char32_t high) {
        if (program_.range_count == PatternProgram::max_ranges) return fail(PatternError::size);
        program_.ranges[program_.range_count++] = {low, high};
    }
    constexpr void end_set(bool negated) {
        emit({negated ? Kind::not_set : Kind::set, static_cast<std::int16_t>(set_start_),
              static_cast<std::int16_t>(program_.range_count - set_start_)});
    }

    /// Adds the ranges of an escape to the set; returns whether they say what it is not.
    constexpr bool add_escaped() {
        if (!is_class(at_ + 1)) {
            const char32_t point = escaped();
            add_range(point, point);
            return false;
        }
        const char c = text_[at_ + 1];
        at_ += 2;
        switch (c) {
            case 'd':
            case 'D':
                add_range('0', '9');
                break;
            case 'w':
            case 'W':
                add_range('0', '9');
                add_range('A', 'Z');
                add_range('_', '_');
                add_range('a', 'z');
                break;
            default:
                add_range('\t', '\r');
                add_range(' ', ' ');
        }
        return c == 'D' || c == 'W' || c == 'S';
    }

    constexpr char32_t escaped() {
        ++at_;
        if (!more()) return fail(PatternError::escape), U'\0';
        const char c = text_[at_++];
        switch (c) {
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'f':
                return '\f';
            case 'v':
                return '\v';
            case '0':
                return '\0';
            case 'x':
                return hexadecimal(2);
            case 'u':
                return hexadecimal(4);
            default:
                break;
        }
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80)
            return fail(PatternError::escape), U'\0';
        return static_cast<char32_t>(c);
    }

    constexpr char32_t hexadecimal(std::size_t digits) {
        char32_t value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            const char c = more() ? text_[at_++] : '!';
            const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
            if (lower >= '0' && lower <= '9') {
                value = value * 16 + static_cast<char32_t>(lower - '0');
            } else if (lower >= 'a' && lower <= 'f') {
                value = value * 16 + static_cast<char32_t>(lower - 'a' + 10);
            } else {
                return fail(PatternError::escape), U'\0';
            }
        }
        return value;
    }

    /// The next code point of the pattern, which is source text and so well-formed.
    constexpr char32_t code_point() {
        if (!more()) return fail(PatternError::set), U'\0';
        const auto lead = static_cast<unsigned char>(text_[at_++]);
        if (lead < 0x80) return lead;
        char32_t point = lead < 0xE0 ? lead & 0x1FU : lead < 0xF0 ? lead & 0x0FU : lead & 0x07U;
        while (more() && (static_cast<unsigned char>(text_[at_]) & 0xC0U) == 0x80)
            point = point << 6 | (static_cast<unsigned char>(text_[at_++]) & 0x3FU);
        return point;
    }

    constexpr void repetition(std::size_t start, bool repeatable) {
        std::size_t least = 0;
        std::size_t most = no_limit;
        if (take('*')) {
        } else if (take('+')) {
            least = 1;
        } else if (take('?')) {
            most = 1;
        } else if (take('{')) {
            if (!number(least)) return fail(PatternError::repetition);
            most = least;
            if (take(',') && !number(most)) most = no_limit;
            if (!take('}') || most < least) return fail(PatternError::repetition);
        } else {
            return;
        }
        take('?');
        if (!repeatable || next_is('*') || next_is('+') || next_is('?') || next_is('{'))
            return fail(PatternError::repetition);
        repeat(start, least, most);
    }

    constexpr bool number(std::size_t& value) {
        const std::size_t first = at_;
        value = 0;
        while (more() && text_[at_] >= '0' && text_[at_] <= '9') {
            value = value * 10 + static_cast<std::size_t>(text_[at_++] - '0');
            if (value > PatternProgram::max_steps) return fail(PatternError::size), true;
        }
        return at_ != first;
    }

    /// Repeats the steps from `start` on.
    constexpr void repeat(std::size_t start, std::size_t least, std::size_t most) {
        const std::size_t size = program_.step_count - start;
        std::array<PatternStep, PatternProgram::max_steps> body{};
        std::copy_n(program_.steps.begin() + static_cast<std::ptrdiff_t>(start), size, body.begin());
        const auto append = [&] {
            for (std::size_t i = 0; i < size && !failed(); ++i) emit(body[i]);
        };
        program_.step_count = start;
        for (std::size_t i = 0; i < least && !failed(); ++i) append();
        if (failed()) return;
        if (most == no_limit) {
            // split(body, behind); body; jump back to the split
            const std::size_t split = program_.step_count;
            emit({Kind::split, 1, offset(0, size + 2)});
            append();
            emit({Kind::jump, offset(program_.step_count, split)});
            return;
        }
        for (std::size_t i = least; i < most && !failed(); ++i) {
            emit({Kind::split, 1, offset(0, (most - i) * (size + 1))});
            append();
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t set_start_ = 0;
    PatternProgram program_;
};

/// A compiled pattern, as the matcher takes it.
struct CompiledPattern {
    std::span<const PatternStep> steps;
    std::span<const PatternRange> ranges;
};

/// Whether the pattern is found anywhere in `text`. A byte that is no UTF-8 is one U+FFFD.
ZIGMUND_EXPORT [[nodiscard]] bool search_pattern(CompiledPattern pattern, std::string_view text) noexcept;

template <FixedString Text>
struct PatternStorage {
    static constexpr PatternProgram program = PatternCompiler{Text.view()}.compile();
    /// What is used of it: the rest does not get into the program.
    static constexpr std::array<PatternStep, program.step_count> steps = [] {
        std::array<PatternStep, program.step_count> used{};
        std::copy_n(program.steps.begin(), used.size(), used.begin());
        return used;
    }();
    static constexpr std::array<PatternRange, program.range_count + 1> ranges = [] {
        std::array<PatternRange, program.range_count + 1> used{};
        std::copy_n(program.ranges.begin(), program.range_count, used.begin());
        return used;
    }();
};

}  // namespace detail

/// Text in which the regular expression is found. Stands among the options of a parameter or a field.
template <FixedString Text>
struct Pattern {
    /// The expression as it was written. Static storage.
    static constexpr std::string_view text = Text.view();

    /// Whether `value` matches.
    [[nodiscard]] static bool matches(std::string_view value) noexcept {
        using Storage = detail::PatternStorage<Text>;
        return detail::search_pattern({Storage::steps, Storage::ranges}, value);
    }

  private:
    static constexpr detail::PatternError error = detail::PatternStorage<Text>::program.error;
    static_assert(error != detail::PatternError::group,
                  "zigmund: Pattern: a parenthesis is not closed, or not opened; \\( is one that is meant");
    static_assert(error != detail::PatternError::set,
                  "zigmund: Pattern: a set [...] is not closed, or has a range that ends before it begins");
    static_assert(error != detail::PatternError::repetition,
                  "zigmund: Pattern: *, +, ? or {} has nothing to repeat, or {3,2} ends before it begins; "
                  "\\* is a star that is meant");
    static_assert(error != detail::PatternError::escape,
                  "zigmund: Pattern: a \\ stands before a letter or digit that it gives no meaning to; "
                  "references such as \\1 cannot be matched in linear time");
    static_assert(error != detail::PatternError::extension,
                  "zigmund: Pattern: of the groups that begin with (? there is only (?:...)");
    static_assert(error != detail::PatternError::size,
                  "zigmund: Pattern: more than 1024 steps or 256 ranges: use smaller repetitions, or "
                  "MinLength and MaxLength");
};

}  // namespace zigmund::http::inline v0
