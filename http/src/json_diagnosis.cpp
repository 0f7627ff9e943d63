// A scanner that follows the order in which CPython's decoder looks at a text (Modules/_json.c,
// Lib/json/decoder.py), because message and position depend on it. It reads text that was refused already, so
// it is written for clarity; depth is bounded as the reader's is.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

#include "ascii.hpp"
#include "json_reader.hpp"

namespace zigmund::http::inline v0 {
namespace {

class Scanner {
  public:
    explicit Scanner(std::string_view text) noexcept : text_{text} {}

    JsonSyntaxError run() noexcept {
        skip_blanks();
        if (value(0)) {
            skip_blanks();
            // What this scanner accepts and the reader does not has no better name.
            fail(at_, at_ < text_.size() ? "Extra data" : "Invalid value");
        }
        return {characters_before(error_at_), message_};
    }

  private:
    bool fail(std::size_t at, std::string_view message) noexcept {
        error_at_ = at;
        message_ = message;
        return false;
    }

    [[nodiscard]] bool next_is(char c) const noexcept { return at_ < text_.size() && text_[at_] == c; }

    void skip_blanks() noexcept {
        while (at_ < text_.size() && std::string_view{" \t\n\r"}.find(text_[at_]) != std::string_view::npos)
            ++at_;
    }

    bool value(std::size_t depth) noexcept {
        if (next_is('"')) return string();
        if (next_is('{') || next_is('[')) {
            if (depth == max_json_depth) return fail(at_, "Nesting exceeds 64 levels");
            return text_[at_] == '{' ? object(depth) : array(depth);
        }
        for (const std::string_view word : {"null", "true", "false"}) {
            if (text_.substr(at_).starts_with(word)) {
                at_ += word.size();
                return true;
            }
        }
        return number() || fail(at_, "Expecting value");
    }

    bool object(std::size_t depth) noexcept {
        ++at_;
        skip_blanks();
        if (next_is('}')) return ++at_, true;
        for (std::size_t members = 1;; ++members) {
            if (members > max_json_members) return fail(at_, "Object exceeds 1024 members");
            if (!next_is('"')) return fail(at_, "Expecting property name enclosed in double quotes");
            if (!string()) return false;
            skip_blanks();
            if (!next_is(':')) return fail(at_, "Expecting ':' delimiter");
            ++at_;
            skip_blanks();
            if (!value(depth + 1)) return false;
            skip_blanks();
            if (next_is('}')) return ++at_, true;
            if (!next_is(',')) return fail(at_, "Expecting ',' delimiter");
            ++at_;
            skip_blanks();
        }
    }

    bool array(std::size_t depth) noexcept {
        ++at_;
        skip_blanks();
        if (next_is(']')) return ++at_, true;
        for (;;) {
            if (!value(depth + 1)) return false;
            skip_blanks();
            if (next_is(']')) return ++at_, true;
            if (!next_is(',')) return fail(at_, "Expecting ',' delimiter");
            ++at_;
            skip_blanks();
        }
    }

    bool string() noexcept {
        const std::size_t begin = at_++;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '"') return ++at_, true;
            if (static_cast<unsigned char>(c) < 0x20) return fail(at_, "Invalid control character at");
            if (c != '\\') continue;
            if (++at_ == text_.size()) break;
            if (text_[at_] == 'u') {
                const std::optional<unsigned> unit = code_unit();
                // A surrogate has to be half of a pair: only so is it a character.
                if (!unit || (*unit >= 0xDC00 && *unit < 0xE000)) return fail(at_, "Invalid \\uXXXX escape");
                if (*unit >= 0xD800 && *unit < 0xDC00 && !low_surrogate())
                    return fail(at_, "Invalid \\uXXXX escape");
                at_ += 4;
            } else if (std::string_view{"\"\\/bfnrt"}.find(text_[at_]) == std::string_view::npos) {
                return fail(at_ - 1, "Invalid \\escape");
            }
        }
        return fail(begin, "Unterminated string starting at");
    }

    /// The four digits behind the 'u' at `at_`.
    [[nodiscard]] std::optional<unsigned> code_unit() const noexcept {
        if (text_.size() - at_ < 5) return std::nullopt;
        unsigned unit = 0;
        for (std::size_t i = 1; i <= 4; ++i) {
            const int digit = ascii::hex_value(text_[at_ + i]);
            if (digit < 0) return std::nullopt;
            unit = unit * 16 + static_cast<unsigned>(digit);
        }
        return unit;
    }

    /// Moves from the 'u' of a high surrogate to that of the low one behind it.
    bool low_surrogate() noexcept {
        if (!text_.substr(std::min(at_ + 5, text_.size())).starts_with("\\u")) return false;
        const std::size_t high = at_;
        at_ += 6;
        const std::optional<unsigned> unit = code_unit();
        if (unit && *unit >= 0xDC00 && *unit < 0xE000) return true;
        at_ = high;
        return false;
    }

    bool number() noexcept {
        std::size_t i = at_;
        const auto digits = [&] {
            const std::size_t first = i;
            while (i < text_.size() && ascii::is_digit(text_[i])) ++i;
            return i != first;
        };
        if (next_is('-')) ++i;
        if (i < text_.size() && text_[i] == '0') {
            ++i;
        } else if (!digits()) {
            return false;
        }
        at_ = i;
        // A fraction or an exponent without digits is not part of the number: what is left is "Extra data" or
        // a missing delimiter.
        if (next_is('.')) {
            ++i;
            if (!digits()) return true;
            at_ = i;
        }
        if (next_is('e') || next_is('E')) {
            ++i;
            if (i < text_.size() && (text_[i] == '+' || text_[i] == '-')) ++i;
            if (!digits()) return true;
            at_ = i;
        }
        return true;
    }

    [[nodiscard]] std::size_t characters_before(std::size_t byte) const noexcept {
        return static_cast<std::size_t>(std::ranges::count_if(
            text_.substr(0, byte), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t error_at_ = 0;
    std::string_view message_;
};

}  // namespace

JsonSyntaxError diagnose_json(std::string_view text) noexcept { return Scanner{text}.run(); }

}  // namespace zigmund::http::inline v0
