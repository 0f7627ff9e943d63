#include "text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace zigmund::replay {
namespace {

template <class... Values>
std::string print(const char* format, Values... values) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, values...);
    return text.data();
}

/// Three digits that mean something.
std::string short_number(double value) {
    const int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
    return print("%.*f", decimals, value);
}

/// Bytes of the letter that a byte begins; 0: none does.
std::size_t letter_bytes(unsigned char first) {
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/// Bytes of the letter at the beginning of a text; 0: there is none. By the table of RFC 3629.
std::size_t letter_size(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t size = letter_bytes(byte(0));
    if (size == 0 || size > text.size()) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    const bool is_bad = (byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xed && byte(1) > 0x9f) ||
                        (byte(0) == 0xf0 && byte(1) < 0x90) || (byte(0) == 0xf4 && byte(1) > 0x8f);
    return is_bad ? 0 : size;
}

}  // namespace

std::string count_text(std::uint64_t number) {
    std::string text;
    const std::string digits = std::to_string(number);
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i != 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

std::string count_text(std::uint64_t number, const std::string& noun) {
    return count_text(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string bytes_text(std::uint64_t bytes) {
    if (bytes < 1024) return count_text(bytes, "byte");
    auto value = static_cast<double>(bytes) / 1024;
    for (const char* const unit : {"KiB", "MiB", "GiB"}) {
        if (value < 1000) return short_number(value) + " " + unit;
        value /= 1024;
    }
    return short_number(value) + " TiB";
}

std::string share_text(double share) { return print("%.1f %%", std::floor(share * 1000) / 10); }

std::string time_text(double nanoseconds) {
    for (const char* const unit : {"ns", "µs", "ms"}) {
        if (nanoseconds < 1000) return short_number(nanoseconds) + " " + unit;
        nanoseconds /= 1000;
    }
    return short_number(nanoseconds) + " s";
}

std::string cut_text(std::string_view text, std::size_t most) {
    std::size_t size = std::min(text.size(), most);
    // A letter has at most four bytes.
    for (std::size_t back = 1; back <= std::min<std::size_t>(size, 3); ++back) {
        const auto byte = static_cast<unsigned char>(text[size - back]);
        if ((byte & 0xc0) == 0x80) continue;
        if (letter_bytes(byte) > back) size -= back;
        break;
    }
    return std::string{text.substr(0, size)};
}

std::string json_text(const std::string& text) {
    std::string result = "\"";
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t size = letter_size(std::string_view{text}.substr(i));
        const char c = text[i];
        if (size == 0) {
            result += "\\ufffd";
        } else if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            result += print("\\u%04x", static_cast<unsigned>(c));
        } else {
            result.append(text, i, size);
        }
        i += std::max<std::size_t>(size, 1);
    }
    return result + '"';
}

}  // namespace zigmund::replay
