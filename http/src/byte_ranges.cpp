#include "byte_ranges.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "ascii.hpp"

namespace zigmund::http::inline v0 {
namespace {

/// A number of digits; one that is too large for 64 bits is the largest. Empty: it is none.
std::optional<std::uint64_t> parse_position(std::string_view text) noexcept {
    if (text.empty() || !std::ranges::all_of(text, ascii::is_digit)) return std::nullopt;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} ? number : UINT64_MAX;
}

/// Without the blanks and tabs around it (RFC 9110, 5.6.3).
std::string_view trim(std::string_view text) noexcept {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

}  // namespace

ByteRanges::Kind ByteRanges::parse(std::string_view field, std::uint64_t size) noexcept {
    constexpr std::string_view unit = "bytes=";
    if (!ascii::equal_ignoring_case(field.substr(0, unit.size()), unit))
        return field.find('=') == std::string_view::npos ? Kind::malformed : Kind::whole;
    field.remove_prefix(unit.size());

    size_ = 0;
    std::size_t given = 0;
    while (true) {
        const std::size_t comma = std::min(field.find(','), field.size());
        const std::string_view part = trim(field.substr(0, comma));
        const std::size_t dash = part.find('-');
        if (dash == std::string_view::npos) return Kind::malformed;
        const std::optional<std::uint64_t> first = parse_position(part.substr(0, dash));
        const std::optional<std::uint64_t> last = parse_position(part.substr(dash + 1));
        if ((!first && dash != 0) || (!last && dash + 1 != part.size()) || (!first && !last) ||
            (first && last && *first > *last))
            return Kind::malformed;
        if (++given > max_ranges) return Kind::whole;
        if (first && *first < size) {
            ranges_[size_++] = {*first, std::min(last.value_or(UINT64_MAX), size - 1)};
        } else if (!first && *last != 0 && size != 0) {
            ranges_[size_++] = {size - std::min(*last, size), size - 1};
        }
        if (comma == field.size()) break;
        field.remove_prefix(comma + 1);
    }
    if (size_ == 0) return Kind::unsatisfiable;
    merge();
    return Kind::parts;
}

void ByteRanges::merge() noexcept {
    std::ranges::sort(ranges_.begin(), ranges_.begin() + size_, {}, &ByteRange::first);
    std::size_t kept = 0;
    for (std::size_t i = 1; i < size_; ++i) {
        if (ranges_[i].first <= ranges_[kept].last + 1) {
            ranges_[kept].last = std::max(ranges_[kept].last, ranges_[i].last);
        } else {
            ranges_[++kept] = ranges_[i];
        }
    }
    size_ = kept + 1;
}

}  // namespace zigmund::http::inline v0
