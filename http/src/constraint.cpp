#include <zigmund/http/constraint.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>

#include "utf8.hpp"

namespace zigmund::http::inline v0::detail {
namespace {

struct BoundWords {
    std::string_view type;
    std::string_view name;
    std::string_view words;
};

/// By BoundKind.
constexpr std::array<BoundWords, 5> bound_words{{
    {"multiple_of", "multiple_of", "Input should be a multiple of "},
    {"less_than_equal", "le", "Input should be less than or equal to "},
    {"less_than", "lt", "Input should be less than "},
    {"greater_than_equal", "ge", "Input should be greater than or equal to "},
    {"greater_than", "gt", "Input should be greater than "},
}};

const BoundWords& words_of(BoundKind kind) noexcept { return bound_words[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view error_type(BoundKind kind) noexcept { return words_of(kind).type; }
std::string_view context_name(BoundKind kind) noexcept { return words_of(kind).name; }

void BoundText::append(std::string_view text) noexcept {
    size_ = static_cast<std::size_t>(
        std::ranges::copy(text, text_.begin() + static_cast<std::ptrdiff_t>(size_)).out - text_.begin());
}

template <class N>
void BoundText::append_number(N number) noexcept {
    char* const begin = text_.data() + size_;
    char* const end = text_.data() + text_.size();
    size_ = static_cast<std::size_t>(std::to_chars(begin, end, number).ptr - text_.data());
}

BoundText::BoundText(BoundKind kind, std::int64_t bound) noexcept {
    append(words_of(kind).words);
    append_number(bound);
}
BoundText::BoundText(BoundKind kind, std::uint64_t bound) noexcept {
    append(words_of(kind).words);
    append_number(bound);
}
BoundText::BoundText(BoundKind kind, double bound) noexcept {
    append(words_of(kind).words);
    append_number(bound);
}
BoundText::BoundText(std::string_view words, std::size_t count) noexcept {
    append(words);
    append_number(count);
    append(count == 1 ? " character" : " characters");
}

BoundText::BoundText(std::string_view words, std::size_t count, std::size_t actual) noexcept {
    append(words);
    append_number(count);
    append(count == 1 ? " item after validation, not " : " items after validation, not ");
    append_number(actual);
}

std::size_t count_code_points(std::string_view text) noexcept { return utf8_length(text); }

void refuse_length(ValidationErrors& errors, const Location& location, const JsonValue& input, bool too_short,
                   std::size_t bound, std::size_t size) {
    BoundText message{too_short ? "List should have at least " : "List should have at most ", bound, size};
    const std::array<JsonMember, 2> more{
        {{too_short ? "min_length" : "max_length", bound}, {"actual_length", size}}};
    errors.add(location, {too_short ? "too_short" : "too_long", errors.allocator().dupe(message.view()),
                          input, "field_type", "List", more});
}

}  // namespace zigmund::http::inline v0::detail
