#include "text.hpp"

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

std::string json_text(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            result += print("\\u%04x", static_cast<unsigned>(c));
        } else {
            result += c;
        }
    }
    return result + '"';
}

}  // namespace zigmund::replay
