#include <zigmund/http/scalar.hpp>
#include <zigmund/http/uuid.hpp>

#include <algorithm>
#include <charconv>

#include "ascii.hpp"
#include "utf8.hpp"

namespace zigmund::http::inline v0 {
namespace {

constexpr std::string_view urn = "urn:uuid:";

constexpr bool is_hyphen_place(std::size_t index) noexcept {
    return index == 8 || index == 13 || index == 18 || index == 23;
}

/// The text without braces or prefix, and how much was before it.
struct Bare {
    std::string_view text;
    std::size_t offset;
};

Bare bare(std::string_view text) noexcept {
    if (text.size() >= 2 && text.front() == '{' && text.back() == '}')
        return {text.substr(1, text.size() - 2), 1};
    if (text.starts_with(urn)) return {text.substr(urn.size()), urn.size()};
    return {text, 0};
}

}  // namespace

std::optional<Uuid> Uuid::parse(std::string_view text) noexcept {
    const auto [digits, offset] = bare(text);
    const bool hyphens = digits.size() == text_size;
    if (!hyphens && (digits.size() != 32 || offset != 0)) return std::nullopt;

    std::array<std::uint8_t, 16> bytes;
    std::size_t at = 0;
    for (std::uint8_t& byte : bytes) {
        if (hyphens && is_hyphen_place(at)) {
            if (digits[at] != '-') return std::nullopt;
            ++at;
        }
        const int high = ascii::hex_value(digits[at++]);
        const int low = ascii::hex_value(digits[at++]);
        if (high < 0 || low < 0) return std::nullopt;
        byte = static_cast<std::uint8_t>(high * 16 + low);
    }
    return Uuid{bytes};
}

std::string_view Uuid::write(std::span<char, text_size> buffer) const noexcept {
    constexpr std::string_view digits = "0123456789abcdef";
    std::size_t at = 0;
    for (const std::uint8_t byte : bytes_) {
        if (is_hyphen_place(at)) buffer[at++] = '-';
        buffer[at++] = digits[byte >> 4];
        buffer[at++] = digits[byte & 15];
    }
    return {buffer.data(), buffer.size()};
}

namespace detail {
namespace {

/// Text of a bounded length, put together on the stack.
struct Words {
    std::array<char, 192> text;
    std::size_t size = 0;

    Words& operator<<(std::string_view part) noexcept {
        size = static_cast<std::size_t>(
            std::ranges::copy(part, text.begin() + static_cast<std::ptrdiff_t>(size)).out - text.begin());
        return *this;
    }
    Words& operator<<(std::size_t number) noexcept {
        char* const end = std::to_chars(text.data() + size, text.data() + text.size(), number).ptr;
        size = static_cast<std::size_t>(end - text.data());
        return *this;
    }
    [[nodiscard]] std::string_view view() const noexcept { return {text.data(), size}; }
};

/// What is wrong with a text that is no UUID, as pydantic has it from Rust's uuid. Braces and prefix are no part
/// of what has the length of a UUID with them; places and lengths count them otherwise.
void explain(std::string_view text, Words& words) noexcept {
    if (!is_utf8(text)) {
        words << "non-UTF8 input";
        return;
    }
    if (const Bare inside = bare(text); inside.text.size() == Uuid::text_size) text = inside.text;
    const auto [digits, offset] = bare(text);
    std::size_t hyphens = 0;
    std::array<std::size_t, 4> ends{};
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const std::string_view character = digits.substr(i, utf8_sequence(digits.substr(i)));
        if (character == "-") {
            if (hyphens < ends.size()) ends[hyphens] = i;
            ++hyphens;
        } else if (ascii::hex_value(digits[i]) < 0) {
            words << "invalid character: found `" << character << "` at " << i + offset + 1;
            return;
        }
    }
    if (hyphens == 0 && offset == 0) {
        words << "invalid length: expected length 32 for simple format, found " << text.size();
        return;
    }
    if (hyphens != 4) {
        words << "invalid group count: expected 5, found " << hyphens + 1;
        return;
    }
    constexpr std::array<std::size_t, 5> lengths{8, 4, 4, 4, 12};
    std::size_t start = 0;
    for (std::size_t group = 0; group < ends.size(); ++group) {
        if (ends[group] - start != lengths[group]) {
            words << "invalid group length in group " << group << ": expected " << lengths[group]
                  << ", found " << ends[group] - start;
            return;
        }
        start = ends[group] + 1;
    }
    words << "invalid group length in group 4: expected 12, found " << text.size() - start;
}

}  // namespace

ScalarError uuid_error(std::string_view text, alloc::Allocator arena) {
    constexpr std::string_view before = "Input should be a valid UUID, ";
    Words words;
    words << before;
    explain(text, words);
    const std::string_view message = arena.dupe(words.view());
    return {"uuid_parsing", message, "error", message.substr(before.size())};
}

}  // namespace detail
}  // namespace zigmund::http::inline v0
