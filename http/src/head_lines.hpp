// The lines of a request's head (RFC 9112, 3 and 5), one by one: views into the text, nothing is copied.
//
//     request-line = token SP target SP "HTTP/" DIGIT "." DIGIT CRLF
//     field-line   = token ":" OWS value OWS CRLF
//
// Strict where the RFC lets a recipient be lenient, because a reader that is lenient in another way sees another
// request: one blank between the parts of the request line, no bare CR or LF, no blank before the colon, no
// continuation lines, no control character but a tab in a value.
//
// A line is judged by its bytes from left to right, and by its end only when that is there: however a line
// arrives in pieces, the verdict is the same.
//
// Threads: any. Cost: one pass over the bytes; sixteen at a time in values. Never looks behind `end`.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "ascii.hpp"

namespace zigmund::http::inline v0 {

enum class LineScan : std::uint8_t {
    whole,          ///< the line was read
    end_of_fields,  ///< it was the empty line behind the fields
    need_more,      ///< its end is not there
    malformed,
    other_version,  ///< of HTTP: a whole request line otherwise
};

struct RequestLine {
    std::string_view method;
    std::string_view target;  ///< printable ASCII, nothing else was looked at
    bool version_1_0;
    const char* next;  ///< behind the line
};

struct FieldLine {
    std::string_view name;
    std::string_view value;  ///< without the blanks around it
    const char* next;        ///< behind the line
};

namespace detail {

constexpr std::array<bool, 256> token_bytes = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0; c < 256; ++c) {
        const char byte = static_cast<char>(c);
        table[c] = ascii::is_token({&byte, 1});
    }
    return table;
}();

[[nodiscard]] inline const char* end_of_token(const char* at, const char* end) noexcept {
    while (at != end && token_bytes[static_cast<unsigned char>(*at)]) ++at;
    return at;
}

[[nodiscard]] inline bool ends_value(char c) noexcept { return ascii::is_control(c) && c != '\t'; }

/// The first control character that is no tab; `end`: there is none.
[[nodiscard]] inline const char* end_of_value(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    const __m128i highest = _mm_set1_epi8(0x1f);
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i del = _mm_set1_epi8(0x7f);
    for (; end - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, highest), bytes);
        const __m128i stops =
            _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, del));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stops));
        if (mask != 0) return at + std::countr_zero(mask);
    }
#endif
    while (at != end && !ends_value(*at)) ++at;
    return at;
}

/// Whether the line ends with what stopped the scan.
[[nodiscard]] inline LineScan line_end(const char* at, const char* end) noexcept {
    if (at == end) return LineScan::need_more;
    if (*at != '\r') return LineScan::malformed;
    if (at + 1 == end) return LineScan::need_more;
    return at[1] == '\n' ? LineScan::whole : LineScan::malformed;
}

}  // namespace detail

[[nodiscard]] inline LineScan scan_request_line(const char* at, const char* end, RequestLine& line) noexcept {
    const char* const method_end = detail::end_of_token(at, end);
    if (method_end == end) return LineScan::need_more;
    if (*method_end != ' ' || method_end == at) return LineScan::malformed;
    const char* const target = method_end + 1;
    const char* target_end = target;
    while (target_end != end && *target_end > ' ' && *target_end < 0x7f) ++target_end;
    if (target_end == end) return LineScan::need_more;
    if (*target_end != ' ' || target_end == target) return LineScan::malformed;

    const char* const version = target_end + 1;
    const char* const stop = detail::end_of_value(version, end);
    if (const LineScan scan = detail::line_end(stop, end); scan != LineScan::whole) return scan;
    const std::string_view text{version, static_cast<std::size_t>(stop - version)};
    if (text.size() != 8 || !text.starts_with("HTTP/") || text[6] != '.' || !ascii::is_digit(text[5]) ||
        !ascii::is_digit(text[7]))
        return LineScan::malformed;
    if (text[5] != '1' || text[7] > '1') return LineScan::other_version;
    line = {.method = {at, static_cast<std::size_t>(method_end - at)},
            .target = {target, static_cast<std::size_t>(target_end - target)},
            .version_1_0 = text[7] == '0',
            .next = stop + 2};
    return LineScan::whole;
}

/// At the empty line that ends the fields, only `line.next` is written.
[[nodiscard]] inline LineScan scan_field_line(const char* at, const char* end, FieldLine& line) noexcept {
    const char* const colon = detail::end_of_token(at, end);
    if (colon == end) return LineScan::need_more;
    if (colon == at) {
        const LineScan scan = detail::line_end(at, end);
        if (scan != LineScan::whole) return scan;
        line.next = at + 2;
        return LineScan::end_of_fields;
    }
    if (*colon != ':') return LineScan::malformed;
    const char* value = colon + 1;
    const char* stop = detail::end_of_value(value, end);
    if (const LineScan scan = detail::line_end(stop, end); scan != LineScan::whole) return scan;
    line.next = stop + 2;
    while (value != stop && (*value == ' ' || *value == '\t')) ++value;
    while (stop != value && (stop[-1] == ' ' || stop[-1] == '\t')) --stop;
    line.name = {at, static_cast<std::size_t>(colon - at)};
    line.value = {value, static_cast<std::size_t>(stop - value)};
    return LineScan::whole;
}

}  // namespace zigmund::http::inline v0
