#include "utf8.hpp"

namespace zigmund::http::inline v0 {
namespace {

constexpr bool continues(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::size_t utf8_sequence(std::string_view text) noexcept {
    if (text.empty()) return 0;
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return 1;

    // Unicode 15, table 3-7: the range of the second byte depends on the first.
    std::size_t length = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
    } else {
        return 0;
    }
    if (text.size() < length) return 0;
    const auto second = static_cast<unsigned char>(text[1]);
    if (second < low || second > high) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if (!continues(text[i])) return 0;
    }
    return length;
}

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

char32_t utf8_code_point(std::string_view text, std::size_t& size) noexcept {
    const std::size_t length = utf8_sequence(text);
    size = length == 0 ? 1 : length;
    if (length == 0) return U'\uFFFD';
    const auto lead = static_cast<unsigned char>(text[0]);
    if (length == 1) return lead;
    char32_t point = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i)
        point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
    return point;
}

std::size_t utf8_length(std::string_view text) noexcept {
    std::size_t length = 0;
    while (!text.empty()) {
        const std::size_t size = utf8_sequence(text);
        text.remove_prefix(size == 0 ? 1 : size);
        ++length;
    }
    return length;
}

std::string_view utf8_prefix(std::string_view text, std::size_t size) noexcept {
    if (text.size() <= size) return text;
    while (size > 0 && continues(text[size])) --size;
    return text.substr(0, size);
}

}  // namespace zigmund::http::inline v0
