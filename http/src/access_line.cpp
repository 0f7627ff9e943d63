#include "access_line.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "utf8.hpp"

namespace zigmund::http::inline v0 {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

void append(std::string& out, std::uint64_t number) {
    std::array<char, 20> text;
    out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

std::tm broken_down(std::int64_t microseconds) noexcept {
    const auto seconds = static_cast<std::time_t>(microseconds / 1000000);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    return utc;
}

/// "29/Nov/2026:23:40:47 +0000"
void append_common_time(std::string& out, std::int64_t microseconds) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const std::tm utc = broken_down(microseconds);
    std::array<char, 64> text;
    const int size =
        std::snprintf(text.data(), text.size(), "%02d/%.3s/%04d:%02d:%02d:%02d +0000", utc.tm_mday,
                      months.substr(static_cast<std::size_t>(utc.tm_mon) * 3).data(), utc.tm_year + 1900,
                      utc.tm_hour, utc.tm_min, utc.tm_sec);
    out.append(text.data(), static_cast<std::size_t>(size));
}

/// "2026-11-29T23:40:47.123456Z"
void append_iso_time(std::string& out, std::int64_t microseconds) {
    const std::tm utc = broken_down(microseconds);
    std::array<char, 64> text;
    const int size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
                                   utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                                   utc.tm_sec, static_cast<int>(microseconds % 1000000));
    out.append(text.data(), static_cast<std::size_t>(size));
}

/// As Apache writes what others wrote: quotes and backslashes with a backslash, what is not printable ASCII
/// as
/// \x and two digits.
void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x7f) {
            out += "\\x";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
    }
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    append_escaped(out, text.empty() ? "-" : text);
    out += '"';
}

/// As JSON; a byte that is no UTF-8 is U+FFFD, and what a terminal would obey (C0, DEL, C1) is escaped.
void append_json(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        std::size_t size = 0;
        const char32_t c = utf8_code_point(text, size);
        const std::string_view bytes = text.substr(0, size);
        text.remove_prefix(size);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            out += "\\u00";
            out += digits[c >> 4 & 15];
            out += digits[c & 15];
        } else if (c == 0xfffd) {
            out += "\\ufffd";
        } else {
            out += bytes;
        }
    }
    out += '"';
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
    out.append(",\"").append(name).append("\":");
    append_json(out, text);
}
void append_member(std::string& out, std::string_view name, std::uint64_t number) {
    out.append(",\"").append(name).append("\":");
    append(out, number);
}

}  // namespace

void append_line(std::string& out, AccessLogFormat format, const AccessRecord& record,
                 std::string_view texts) {
    std::array<std::string_view, AccessRecord::text_count> text;
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = texts.substr(0, record.sizes[i]);
        texts.remove_prefix(record.sizes[i]);
    }
    if (format == AccessLogFormat::json) {
        out += "{\"time\":\"";
        append_iso_time(out, record.time);
        out += '"';
        append_member(out, "remote", text[AccessRecord::remote]);
        append_member(out, "method", text[AccessRecord::method]);
        append_member(out, "route", text[AccessRecord::route]);
        append_member(out, "path",
                      text[AccessRecord::target].substr(0, text[AccessRecord::target].find('?')));
        append_member(out, "status", std::uint64_t{record.status});
        append_member(out, "bytes_in", record.bytes_in);
        append_member(out, "bytes_out", record.head_out + record.body_out);
        append_member(out, "microseconds", record.microseconds);
        append_member(out, "request_id", text[AccessRecord::id]);
        append_member(out, "arena_bytes", record.arena);
        out += "}\n";
        return;
    }
    const std::string_view remote = text[AccessRecord::remote];
    out.append(remote.empty() ? "-" : remote).append(" - - [");
    append_common_time(out, record.time);
    out += "] \"";
    if (text[AccessRecord::target].empty()) {
        out += '-';  // nothing of a request was understood
    } else {
        append_escaped(out, text[AccessRecord::method]);
        out += ' ';
        append_escaped(out, text[AccessRecord::target]);
        out += record.http_1_0 ? " HTTP/1.0" : " HTTP/1.1";
    }
    out += "\" ";
    append(out, record.status);
    out += ' ';
    if (record.body_out == 0)
        out += '-';
    else
        append(out, record.body_out);
    if (format == AccessLogFormat::combined) {
        out += ' ';
        append_quoted(out, text[AccessRecord::referer]);
        out += ' ';
        append_quoted(out, text[AccessRecord::agent]);
    }
    out += '\n';
}

void append_missing(std::string& out, AccessLogFormat format, std::uint64_t count, std::int64_t now) {
    if (format == AccessLogFormat::json) {
        out += "{\"time\":\"";
        append_iso_time(out, now);
        out += '"';
        append_member(out, "missing", count);
        out += "}\n";
        return;
    }
    out += "zigmund: access log: ";
    append(out, count);
    out += count == 1 ? " request is missing here\n" : " requests are missing here\n";
}

}  // namespace zigmund::http::inline v0
