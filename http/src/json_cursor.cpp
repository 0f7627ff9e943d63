#include <zigmund/http/json_cursor.hpp>

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "ascii.hpp"
#include "json_reader.hpp"
#include "utf8.hpp"

namespace zigmund::http::inline v0 {
namespace {

constexpr std::uint64_t ones = 0x0101010101010101;
constexpr std::uint64_t tops = 0x8080808080808080;

/// The top bit of each byte that is a quote, a backslash, a control character or not ASCII; above the first
/// of them, of some others too.
constexpr std::uint64_t not_plain(std::uint64_t bytes) noexcept {
    const auto zero = [](std::uint64_t b) { return (b - ones) & ~b; };
    return (zero(bytes ^ (ones * '"')) | zero(bytes ^ (ones * '\\')) | (bytes - ones * 0x20) | bytes) & tops;
}

constexpr bool is_plain(char c) noexcept {
    return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20 &&
           static_cast<unsigned char>(c) < 0x80;
}

/// What stands behind a backslash, but for 'u'; 0: nothing that may.
constexpr char unescaped(char c) noexcept {
    switch (c) {
        case '"':
        case '\\':
        case '/':
            return c;
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return '\0';
    }
}

/// The four hexadecimal digits of a \u escape; UINT32_MAX: they are none.
std::uint32_t code_unit(const char* at, const char* end) noexcept {
    if (end - at < 4) return UINT32_MAX;
    std::uint32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
        const int digit = ascii::hex_value(at[i]);
        if (digit < 0) return UINT32_MAX;
        unit = unit << 4 | static_cast<std::uint32_t>(digit);
    }
    return unit;
}

/// Writes a code point as UTF-8; returns the end.
char* write_utf8(char* out, std::uint32_t c) noexcept {
    const auto byte = [](std::uint32_t b) { return static_cast<char>(b); };
    if (c < 0x80) {
        *out++ = byte(c);
    } else if (c < 0x800) {
        *out++ = byte(0xC0 | c >> 6);
        *out++ = byte(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = byte(0xE0 | c >> 12);
        *out++ = byte(0x80 | (c >> 6 & 0x3F));
        *out++ = byte(0x80 | (c & 0x3F));
    } else {
        *out++ = byte(0xF0 | c >> 18);
        *out++ = byte(0x80 | (c >> 12 & 0x3F));
        *out++ = byte(0x80 | (c >> 6 & 0x3F));
        *out++ = byte(0x80 | (c & 0x3F));
    }
    return out;
}

/// Reads the escape whose backslash stands before `at` and moves behind it. Null: it is none that may stand
/// there. Never writes more bytes than the escape has.
char* unescape(const char*& at, const char* end, char* out) noexcept {
    if (at == end) return nullptr;
    const char letter = *at++;
    if (letter != 'u') {
        *out = unescaped(letter);
        return *out == '\0' ? nullptr : out + 1;
    }
    std::uint32_t c = code_unit(at, end);
    if (c == UINT32_MAX || (c >= 0xDC00 && c < 0xE000)) return nullptr;
    at += 4;
    if (c >= 0xD800 && c < 0xDC00) {
        if (end - at < 2 || at[0] != '\\' || at[1] != 'u') return nullptr;
        const std::uint32_t low = code_unit(at + 2, end);
        if (low < 0xDC00 || low >= 0xE000) return nullptr;
        at += 6;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    return write_utf8(out, c);
}

constexpr int max_exponent_digits = 4;
constexpr int max_exact_digits = 19;  // any number of so many fits into 64 bits

/// A number as its text says it.
struct Decimal {
    bool negative = false;
    bool whole = true;  // neither a fraction nor an exponent
    bool exact = true;  // `digits` holds all of them
    std::uint64_t digits = 0;
    int exponent = 0;
    const char* end = nullptr;
};

/// The number at `at`; false: there is none, or one that is left to others.
bool scan_number(const char* at, const char* const end, Decimal& result) noexcept {
    result.negative = at != end && *at == '-';
    if (result.negative) ++at;
    if (at == end || !ascii::is_digit(*at)) return false;
    const char* first = at;
    const auto read_digits = [&] {
        while (at != end && ascii::is_digit(*at))
            result.digits = result.digits * 10 + static_cast<std::uint64_t>(*at++ - '0');
    };
    if (*at == '0') {
        ++at;
    } else {
        read_digits();
    }
    auto count = at - first;
    if (at != end && *at == '.') {
        ++at;
        result.whole = false;
        first = at;
        read_digits();
        if (at == first) return false;
        count += at - first;
        if (at - first > 4096) return false;
        result.exponent = -static_cast<int>(at - first);
    }
    if (at != end && (*at == 'e' || *at == 'E')) {
        ++at;
        result.whole = false;
        const bool negative = at != end && *at == '-';
        if (at != end && (*at == '-' || *at == '+')) ++at;
        first = at;
        int exponent = 0;
        while (at != end && ascii::is_digit(*at)) {
            if (at - first == max_exponent_digits) return false;
            exponent = exponent * 10 + (*at++ - '0');
        }
        if (at == first) return false;
        result.exponent += negative ? -exponent : exponent;
    }
    result.exact = count <= max_exact_digits;
    result.end = at;
    return true;
}

// The powers of ten that a double holds exactly.
constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                             1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int max_power = 22;

}  // namespace

const char* JsonCursor::end_of_plain(const char* at, const char* const end) noexcept {
    while (true) {
        while (end - at >= 8) {
            std::uint64_t bytes;
            std::memcpy(&bytes, at, sizeof bytes);
            if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap64(bytes);
            const std::uint64_t found = not_plain(bytes);
            if (found != 0) {
                at += std::countr_zero(found) >> 3;
                break;
            }
            at += 8;
        }
        while (at != end && is_plain(*at)) ++at;
        if (at == end) return nullptr;
        if (*at == '"' || *at == '\\') return at;
        if (static_cast<unsigned char>(*at) < 0x20) return nullptr;
        const std::size_t length = utf8_sequence({at, static_cast<std::size_t>(end - at)});
        if (length == 0) return nullptr;
        at += length;
    }
}

bool JsonCursor::string(std::string_view& result) {
    if (!take('"')) return false;
    const char* const at = end_of_plain(at_, end_);
    if (at == nullptr) return false;
    if (*at == '\\') [[unlikely]]
        return escaped(at_, at, result);
    result = {at_, static_cast<std::size_t>(at - at_)};
    at_ = at + 1;
    return true;
}

/// A string from `begin`, whose first backslash is at `at`.
bool JsonCursor::escaped(const char* begin, const char* at, std::string_view& result) {
    const char* quote = at;
    while (*quote != '"') {
        if (end_ - quote < 2) return false;
        quote = end_of_plain(quote + 1 + (quote[1] == '"' || quote[1] == '\\' ? 1 : 0), end_);
        if (quote == nullptr) return false;
    }
    const auto room = static_cast<std::size_t>(quote - begin);
    char* const text = static_cast<char*>(arena_.allocate(room, 1));
    char* out = text;
    while (true) {
        std::memcpy(out, begin, static_cast<std::size_t>(at - begin));
        out += at - begin;
        if (at == quote) break;
        begin = at + 1;
        out = unescape(begin, quote, out);
        if (out == nullptr) return false;
        at = end_of_plain(begin, quote + 1);
    }
    const auto size = static_cast<std::size_t>(out - text);
    (void)arena_.resize(text, room, 1, size);
    result = {text, size};
    at_ = quote + 1;
    return true;
}

bool JsonCursor::skip_string() noexcept {
    if (!take('"')) return false;
    while (true) {
        at_ = end_of_plain(at_, end_);
        if (at_ == nullptr) return false;
        if (*at_++ == '"') return true;
        char unused[4];
        if (unescape(at_, end_, unused) == nullptr) return false;
    }
}

bool JsonCursor::integer(detail::Integer& result) noexcept {
    skip_blanks();
    Decimal decimal;
    if (!scan_number(at_, end_, decimal) || !decimal.whole || !decimal.exact) return false;
    result = {decimal.negative, decimal.digits};
    at_ = decimal.end;
    return true;
}

bool JsonCursor::number(double& result) noexcept {
    skip_blanks();
    Decimal decimal;
    if (!scan_number(at_, end_, decimal)) return false;
    const char* const begin = at_;
    at_ = decimal.end;
    if (decimal.exact && decimal.digits == 0) {
        result = decimal.negative && !decimal.whole ? -0.0 : 0.0;
        return true;
    }
    // Both factors are exact, so the one operation rounds to the nearest (Clinger's fast path).
    if (decimal.exact && decimal.digits <= std::uint64_t{1} << 53 && decimal.exponent >= -max_power &&
        decimal.exponent <= max_power) [[likely]] {
        const auto digits = static_cast<double>(decimal.digits);
        const double value =
            decimal.exponent < 0 ? digits / powers[-decimal.exponent] : digits * powers[decimal.exponent];
        result = decimal.negative ? -value : value;
        return true;
    }
    const auto [end, error] = std::from_chars(begin, decimal.end, result);
    return error == std::errc{} && end == decimal.end;
}

bool JsonCursor::skip_number() noexcept {
    Decimal decimal;
    if (!scan_number(at_, end_, decimal)) return false;
    at_ = decimal.end;
    return true;
}

bool JsonCursor::skip() noexcept {
    switch (peek()) {
        case '"':
            return skip_string();
        case '{': {
            if (!enter('{')) return false;
            if (leave_empty('}')) return true;
            bool more = true;
            for (std::size_t members = 0; more; ++members) {
                if (members == max_json_members || !skip_string() || !take(':') || !skip() ||
                    !next('}', more))
                    return false;
            }
            return true;
        }
        case '[': {
            if (!enter('[')) return false;
            if (leave_empty(']')) return true;
            bool more = true;
            while (more) {
                if (!skip() || !next(']', more)) return false;
            }
            return true;
        }
        case 't':
            return take_word("true");
        case 'f':
            return take_word("false");
        case 'n':
            return null();
        default:
            return skip_number();
    }
}

bool JsonCursor::document(boost::json::value& result) {
    skip_blanks();
    const char* const begin = at_;
    if (depth_ == 0) {
        at_ = end_;
    } else if (!skip()) {
        return false;
    }
    return read_json_into({begin, static_cast<std::size_t>(at_ - begin)}, arena_, result);
}

}  // namespace zigmund::http::inline v0
