#include <zigmund/http/scalar.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "ascii.hpp"

namespace zigmund::http::inline v0::detail {
namespace {

/// The most digits that an integer may have, as in Python.
constexpr std::size_t max_digits = 4300;

enum class Read : std::uint8_t { number, no_number, too_long };

/// Digits, which single underscores may group.
Read read_magnitude(std::string_view text, Integer& result) noexcept {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), result.magnitude);
    if (failed == std::errc{} && end == text.data() + text.size()) [[likely]]
        return Read::number;
    result.magnitude = 0;
    std::size_t digits = 0;  // but for zeros at the start
    bool after_digit = false;
    for (const char c : text) {
        if (c == '_' ? !after_digit : !ascii::is_digit(c)) return Read::no_number;
        after_digit = c != '_';
        if (!after_digit || (digits == 0 && c == '0')) continue;
        ++digits;
        std::uint64_t shifted = 0;
        result.beyond = result.beyond || __builtin_mul_overflow(result.magnitude, 10U, &shifted) ||
                        __builtin_add_overflow(shifted, static_cast<unsigned>(c - '0'), &result.magnitude);
    }
    if (!after_digit) return Read::no_number;
    return digits > max_digits ? Read::too_long : Read::number;
}

/// The most characters of a floating-point number whose digits underscores group.
constexpr std::size_t max_grouped = 512;

/// `text` without underscores, in `buffer`; empty: they do not group anything.
std::string_view ungroup(std::string_view text, std::array<char, max_grouped>& buffer) noexcept {
    if (text.size() > buffer.size() || text.front() == '_' || text.back() == '_' ||
        text.find("__") != std::string_view::npos)
        return {};
    const auto end = std::ranges::remove_copy(text, buffer.begin(), '_').out;
    return {buffer.begin(), end};
}

/// n of the least power 10^n that is above the number, as far as its text tells; 0 for zero. The number is
/// one that from_chars read, without its sign.
std::ptrdiff_t decimal_order(std::string_view number) noexcept {
    const std::size_t mark = std::min(number.find_first_of("eE"), number.size());
    const std::string_view digits = number.substr(0, mark);
    const std::size_t first = digits.find_first_of("123456789");
    if (first == std::string_view::npos) return 0;
    const std::size_t point = std::min(digits.find('.'), digits.size());
    const auto places =
        static_cast<std::ptrdiff_t>(point) - static_cast<std::ptrdiff_t>(first) + (first > point ? 1 : 0);

    std::string_view exponent = number.substr(std::min(mark + 1, number.size()));
    const bool negative = exponent.starts_with('-');
    if (negative || exponent.starts_with('+')) exponent.remove_prefix(1);
    constexpr std::ptrdiff_t most = PTRDIFF_MAX / 16;  // no text is as long
    std::ptrdiff_t power = 0;
    for (const char c : exponent) power = std::min(power * 10 + (c - '0'), most);
    return places + (negative ? -power : power);
}

}  // namespace

const ScalarError* parse_integer(std::string_view text, Integer& result) noexcept {
    static const ScalarError no_integer{
        "int_parsing", "Input should be a valid integer, unable to parse string as an integer"};
    static const ScalarError too_large{"int_parsing_size",
                                       "Unable to parse input string as an integer, exceeded maximum size"};
    text = ascii::trim(text);
    result.beyond = false;
    result.negative = text.starts_with('-');
    if (result.negative || text.starts_with('+')) text.remove_prefix(1);
    // "5.0" is whole; "5." is none.
    if (const std::size_t point = text.find('.'); point != std::string_view::npos) {
        const std::string_view fraction = text.substr(point + 1);
        if (fraction.empty() || fraction.find_first_not_of('0') != std::string_view::npos) return &no_integer;
        text = text.substr(0, point);
    }
    switch (read_magnitude(text, result)) {
        case Read::number:
            return nullptr;
        case Read::no_number:
            return &no_integer;
        case Read::too_long:
            return &too_large;
    }
    return nullptr;
}

const ScalarError* parse_double(std::string_view text, double& result) noexcept {
    static const ScalarError no_number{"float_parsing",
                                       "Input should be a valid number, unable to parse string as a number"};
    static const ScalarError infinite{"finite_number", not_finite};
    text = ascii::trim(text);
    std::array<char, max_grouped> ungrouped;
    if (text.find('_') != std::string_view::npos) [[unlikely]]
        text = ungroup(text, ungrouped);
    std::string_view digits = text;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    // from_chars also reads what begins like "inf" and "nan"; JSON could not say it back.
    const std::string_view unsigned_digits = digits.starts_with('-') ? digits.substr(1) : digits;
    for (const std::string_view word : {"inf", "infinity", "nan"}) {
        if (ascii::equal_ignoring_case(unsigned_digits, word)) return &infinite;
    }
    if (unsigned_digits.empty() || ascii::is_alpha(unsigned_digits.front()) ||
        unsigned_digits.starts_with('+') || text.starts_with("+-"))
        return &no_number;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
    if (end != digits.data() + digits.size()) return &no_number;
    if (error == std::errc::result_out_of_range) {
        // Too small to tell from zero is zero; too large is no finite number.
        if (decimal_order(unsigned_digits) > 0) return &infinite;
        result = 0;
        return nullptr;
    }
    return error == std::errc{} ? nullptr : &no_number;
}

const ScalarError* parse_bool(std::string_view text, bool& result) noexcept {
    static const ScalarError no_bool{"bool_parsing",
                                     "Input should be a valid boolean, unable to interpret input"};
    static constexpr std::array<std::string_view, 6> yes{"1", "on", "t", "true", "y", "yes"};
    static constexpr std::array<std::string_view, 6> no{"0", "off", "f", "false", "n", "no"};
    const auto is = [text](std::string_view word) { return ascii::equal_ignoring_case(text, word); };
    result = std::ranges::any_of(yes, is);
    return result || std::ranges::any_of(no, is) ? nullptr : &no_bool;
}

}  // namespace zigmund::http::inline v0::detail
