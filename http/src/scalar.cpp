#include <zigmund/http/scalar.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include "ascii.hpp"

namespace zigmund::http::detail {
namespace {

// The most digits that are looked at: what is longer is not a number that anybody means.
constexpr std::size_t max_number_text = 4300;

}  // namespace

const ScalarError* parse_integer(std::string_view text, Integer& result) noexcept {
    static const ScalarError no_integer{
        "int_parsing", "Input should be a valid integer, unable to parse string as an integer"};
    static const ScalarError too_large{"int_parsing_size",
                                       "Unable to parse input string as an integer, exceeded maximum size"};
    text = ascii::trim(text);
    if (text.size() > max_number_text) return &too_large;
    result.negative = text.starts_with('-');
    if (result.negative || text.starts_with('+')) text.remove_prefix(1);
    // "5.0" and "5." are whole.
    if (const std::size_t point = text.find('.'); point != std::string_view::npos && point != 0) {
        if (!std::ranges::all_of(text.substr(point + 1), [](char c) { return c == '0'; })) return &no_integer;
        text = text.substr(0, point);
    }
    if (text.empty() || !std::ranges::all_of(text, ascii::is_digit)) return &no_integer;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result.magnitude);
    return error == std::errc{} ? nullptr : &too_large;
}

const ScalarError* parse_double(std::string_view text, double& result) noexcept {
    static const ScalarError no_number{"float_parsing",
                                       "Input should be a valid number, unable to parse string as a number"};
    static const ScalarError infinite{"finite_number", not_finite};
    text = ascii::trim(text);
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
        const std::size_t exponent = unsigned_digits.find_first_of("eE");
        const bool tiny = exponent == std::string_view::npos
                              ? unsigned_digits.starts_with("0")
                              : unsigned_digits.substr(exponent + 1).starts_with('-');
        if (!tiny) return &infinite;
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

}  // namespace zigmund::http::detail
