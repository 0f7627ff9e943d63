#include <zigmund/http/json_writer.hpp>

#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "utf8.hpp"

namespace zigmund::http::inline v0 {
namespace {

constexpr std::size_t first_capacity = 256;
constexpr std::size_t max_integer = 20;  // characters: those of the lowest and of the highest one

/// What a byte needs inside a JSON string: 0 nothing, 'u' a \u escape, '8' a look at its sequence, else the
/// letter behind the backslash.
constexpr std::array<char, 256> escapes = [] {
    std::array<char, 256> table{};
    for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
    for (std::size_t c = 0x80; c < 0x100; ++c) table[c] = '8';
    table['"'] = '"';
    table['\\'] = '\\';
    table['\b'] = 'b';
    table['\f'] = 'f';
    table['\n'] = 'n';
    table['\r'] = 'r';
    table['\t'] = 't';
    return table;
}();

/// Whether none of eight bytes needs a look: all are ASCII, no control character, no quote, no backslash. What it
/// says no to may still be plain.
bool is_plain(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    const std::uint64_t quote = bytes ^ (ones * '"');
    const std::uint64_t backslash = bytes ^ (ones * '\\');
    return ((bytes | (bytes - ones * 0x20) | (quote - ones) | (backslash - ones)) & (ones << 7)) == 0;
}

template <class Word>
Word load(const char* at) noexcept {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// Copies a text and looks at it in one pass, in words that overlap at its end; false: it is to be written byte
/// by byte, and what is in `out` now is of no use.
bool copy_plain(char* out, std::string_view text) noexcept {
    const char* const in = text.data();
    const std::size_t size = text.size();
    if (size >= 8) {
        for (std::size_t at = 0; at + 8 < size; at += 8) {
            const auto word = load<std::uint64_t>(in + at);
            if (!is_plain(word)) return false;
            std::memcpy(out + at, &word, 8);
        }
        const auto last = load<std::uint64_t>(in + size - 8);
        std::memcpy(out + size - 8, &last, 8);
        return is_plain(last);
    }
    if (size >= 4) {
        const auto first = load<std::uint32_t>(in);
        const auto last = load<std::uint32_t>(in + size - 4);
        std::memcpy(out, &first, 4);
        std::memcpy(out + size - 4, &last, 4);
        return is_plain(std::uint64_t{first} << 32 | last);
    }
    for (std::size_t i = 0; i < size; ++i) {
        if (escapes[static_cast<unsigned char>(in[i])] != 0) return false;
        out[i] = in[i];
    }
    return true;
}

// Prices, rates and the like: up to 15 digits, of which these stand behind the point.
constexpr std::size_t most_decimals = 3;
constexpr double most_whole = 1e11;

/// Writes a number of few decimals as std::to_chars would, for a tenth of its instructions; null: it has more.
/// Texts of up to 15 digits are the doubles next to them and nobody else's (DBL_DIG), so that the first one that
/// is read back as the value, which dividing by a power of ten does exactly as reading does (both operands are
/// exact), is the shortest.
char* write_short(char* out, double value) noexcept {
    const double magnitude = std::abs(value);
    double power = 1;
    for (std::size_t decimals = 0; decimals <= most_decimals; ++decimals, power *= 10) {
        // The product may be a little less than the whole number that is meant.
        auto scaled = static_cast<std::uint64_t>(magnitude * power);
        if (static_cast<double>(scaled) / power != magnitude) ++scaled;
        if (static_cast<double>(scaled) / power != magnitude) continue;
        if (std::signbit(value)) *out++ = '-';
        const auto whole_power = static_cast<std::uint64_t>(power);
        out = std::to_chars(out, out + max_integer, scaled / whole_power).ptr;
        *out++ = '.';
        if (decimals == 0) *out++ = '0';
        std::uint64_t rest = scaled % whole_power;
        for (std::size_t i = decimals; i-- > 0; rest /= 10) out[i] = static_cast<char>('0' + rest % 10);
        return out + decimals;
    }
    return nullptr;
}

}  // namespace

void JsonWriter::grow(std::size_t size) {
    if (size > PTRDIFF_MAX - size_) alloc::detail::throw_bad_alloc();
    const std::size_t capacity = std::max({size_ + size, 2 * capacity_, first_capacity});
    if (data_ != nullptr && allocator_.resize(data_, capacity_, 1, capacity)) {
        capacity_ = capacity;
        return;
    }
    char* const data = static_cast<char*>(allocator_.allocate(capacity, 1));
    if (data_ != nullptr) {
        std::memcpy(data, data_, size_);
        allocator_.deallocate(data_, capacity_, 1);
    }
    data_ = data;
    capacity_ = capacity;
}

std::string_view JsonWriter::finish() noexcept {
    if (size_ != capacity_ && data_ != nullptr && allocator_.resize(data_, capacity_, 1, size_))
        capacity_ = size_;
    const std::string_view text{data_, size_};
    data_ = nullptr;
    size_ = capacity_ = 0;
    first_ = true;
    return text;
}

void JsonWriter::name(std::string_view name) {
    separate();
    string(name);
    append(':');
}

void JsonWriter::value(const JsonValue& value) {
    switch (value.kind_) {
        case JsonValue::Kind::null:
            append("null");
            break;
        case JsonValue::Kind::boolean:
            append(value.boolean_ ? "true" : "false");
            break;
        case JsonValue::Kind::signed_integer: {
            char* const begin = reserve(max_integer);
            char* const end = std::to_chars(begin, begin + max_integer, value.signed_).ptr;
            size_ = static_cast<std::size_t>(end - data_);
            break;
        }
        case JsonValue::Kind::unsigned_integer: {
            char* const begin = reserve(max_integer);
            char* const end = std::to_chars(begin, begin + max_integer, value.unsigned_).ptr;
            size_ = static_cast<std::size_t>(end - data_);
            break;
        }
        case JsonValue::Kind::number:
            number(value.number_);
            break;
        case JsonValue::Kind::text:
            string({static_cast<const char*>(value.data_), value.size_});
            break;
        case JsonValue::Kind::members: {
            begin_object();
            const auto* member = static_cast<const JsonMember*>(value.data_);
            for (std::size_t i = 0; i < value.size_; ++i, ++member) {
                name(member->name);
                this->value(member->value);
            }
            end_object();
            break;
        }
        case JsonValue::Kind::custom:
            value.write_(*this, value.data_);
            break;
    }
}

void JsonWriter::string(std::string_view text) {
    char* const out = reserve(text.size() + 2);
    if (copy_plain(out + 1, text)) [[likely]] {
        out[0] = '"';
        out[text.size() + 1] = '"';
        size_ += text.size() + 2;
        return;
    }
    append('"');
    const char* const end = text.data() + text.size();
    const char* plain = text.data();  // start of what can be copied as it is
    const char* at = plain;
    const auto flush = [&] { append(std::string_view{plain, static_cast<std::size_t>(at - plain)}); };
    while (at != end) {
        const char escape = escapes[static_cast<unsigned char>(*at)];
        if (escape == 0) [[likely]] {
            ++at;
            continue;
        }
        if (escape == '8') {
            const std::size_t length = utf8_sequence({at, static_cast<std::size_t>(end - at)});
            if (length != 0) {
                at += length;
                continue;
            }
            flush();
            // The reply stays valid UTF-8, whatever was sent.
            if (latin1_) {
                const auto c = static_cast<unsigned char>(*at);
                append(static_cast<char>(0xC0 | c >> 6));
                append(static_cast<char>(0x80 | (c & 0x3F)));
            } else {
                append("\xEF\xBF\xBD");  // U+FFFD
            }
        } else if (escape == 'u') {
            flush();
            constexpr std::string_view digits = "0123456789abcdef";
            const auto c = static_cast<unsigned char>(*at);
            append("\\u00");
            append(digits[c >> 4]);
            append(digits[c & 15]);
        } else {
            flush();
            append('\\');
            append(escape);
        }
        plain = ++at;
    }
    flush();
    append('"');
}

// The digits are the shortest that read back as the same double (std::to_chars); they are laid out as
// Python's repr does: fixed between 1e-4 and 1e16, with ".0" for whole numbers, and with an exponent outside.
void JsonWriter::number(double value) {
    if (!std::isfinite(value)) [[unlikely]]
        throw std::domain_error("JSON has no NaN and no infinity");
    const double magnitude = std::abs(value);
    char* const begin = reserve(32);
    char* end = magnitude < most_whole ? write_short(begin, value) : nullptr;
    if (end == nullptr && magnitude >= 1e-4 && magnitude < 1e16) {
        end = std::to_chars(begin, begin + 32, value, std::chars_format::fixed).ptr;
        if (std::find(begin, end, '.') == end) {
            *end++ = '.';
            *end++ = '0';
        }
    } else if (end == nullptr) {
        end = std::to_chars(begin, begin + 32, value, std::chars_format::scientific).ptr;
    }
    size_ = static_cast<std::size_t>(end - data_);
}

namespace detail {

void write_uuid(JsonWriter& writer, const void* uuid) {
    std::array<char, Uuid::text_size> text;
    writer.value(static_cast<const Uuid*>(uuid)->write(text));
}

void write_time(JsonWriter& writer, const void* time) {
    std::array<char, timestamp_size> text;
    writer.value(write_timestamp(*static_cast<const Timestamp*>(time), text));
}

void write_boost_json(JsonWriter& writer, const void* value) {
    const auto& json = *static_cast<const boost::json::value*>(value);
    switch (json.kind()) {
        case boost::json::kind::null:
            writer.value(nullptr);
            break;
        case boost::json::kind::bool_:
            writer.value(json.get_bool());
            break;
        case boost::json::kind::int64:
            writer.value(json.get_int64());
            break;
        case boost::json::kind::uint64:
            writer.value(json.get_uint64());
            break;
        case boost::json::kind::double_:
            writer.value(json.get_double());
            break;
        case boost::json::kind::string: {
            const boost::json::string& text = json.get_string();
            writer.value(std::string_view{text.data(), text.size()});
            break;
        }
        case boost::json::kind::array:
            writer.begin_array();
            for (const boost::json::value& element : json.get_array()) {
                if (writer.full()) break;
                writer.element();
                write_boost_json(writer, &element);
            }
            writer.end_array();
            break;
        case boost::json::kind::object:
            writer.begin_object();
            for (const auto& member : json.get_object()) {
                if (writer.full()) break;
                writer.name({member.key().data(), member.key().size()});
                write_boost_json(writer, &member.value());
            }
            writer.end_object();
            break;
    }
}

}  // namespace detail
}  // namespace zigmund::http::inline v0
