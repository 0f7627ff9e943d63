#include "framing.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "ascii.hpp"

namespace zigmund::http::inline v0 {
namespace {

using ascii::equal_ignoring_case;

constexpr std::size_t max_cookies = 64;

constexpr std::array<bool, 256> host_bytes = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0; c < 256; ++c) {
        const char byte = static_cast<char>(c);
        table[c] = ascii::is_alpha(byte) || ascii::is_digit(byte) ||
                   std::string_view{"-._~%!$&'()*+;=:[]"}.find(byte) != std::string_view::npos;
    }
    return table;
}();

/// uri-host [ ":" port ]: no user, no path, no list.
bool is_host(std::string_view host) noexcept {
    return std::ranges::all_of(host, [](char c) { return host_bytes[static_cast<unsigned char>(c)]; });
}

template <class Word>
Word word_at(const char* at) noexcept {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// Whether a field's name, of the length of `expected`, is it, which has lower-case letters and hyphens alone.
/// Setting a bit makes letters small and leaves the hyphen; no other byte of a token becomes one of them.
template <std::size_t with_end>
bool is_name(std::string_view name, const char (&expected)[with_end]) noexcept {
    constexpr std::size_t size = with_end - 1;
    using Word = std::conditional_t<size >= 8, std::uint64_t, std::uint32_t>;
    static_assert(size >= sizeof(Word));
    constexpr Word bits = static_cast<Word>(0x2020202020202020);
    const auto differ = [&](std::size_t at) {
        return (word_at<Word>(name.data() + at) | bits) ^ word_at<Word>(expected + at);
    };
    Word difference = differ(size - sizeof(Word));
    for (std::size_t at = 0; at + sizeof(Word) <= size; at += sizeof(Word)) difference |= differ(at);
    return difference == 0;
}

std::size_t count_cookies(std::string_view value) noexcept {
    return static_cast<std::size_t>(std::ranges::count(value, ';')) + 1;
}

}  // namespace

bool Framing::field(std::string_view name, std::string_view value) noexcept {
    // Told apart by length first: most fields are none of these.
    switch (name.size()) {
        case 4:
            if (is_name(name, "host")) {
                host_ = value;
                if (++hosts_ != 1 || !is_host(value)) return refuse(Status::bad_request);
            }
            return true;
        case 6:
            if (is_name(name, "expect")) {
                if (!equal_ignoring_case(value, "100-continue")) return refuse(Status::expectation_failed);
                expects_continue_ = true;
            } else if (is_name(name, "cookie")) {
                // So few bytes in the only field hold no more cookies: each is ended by a semicolon.
                if (cookies_ == 0 && uncounted_cookies_.data() == nullptr && value.size() <= max_cookies) {
                    uncounted_cookies_ = value;
                    return true;
                }
                cookies_ += count_cookies(value);
                if (uncounted_cookies_.data() != nullptr) {
                    cookies_ += count_cookies(uncounted_cookies_);
                    uncounted_cookies_ = {};
                }
                if (cookies_ > max_cookies) return refuse(Status::header_fields_too_large);
            }
            return true;
        case 10:
            if (is_name(name, "connection")) connection(value);
            return true;
        case 14:
            return !is_name(name, "content-length") || content_length(value);
        case 17:
            return !is_name(name, "transfer-encoding") || transfer_encoding(value);
        default:
            return true;
    }
}

bool Framing::content_length(std::string_view value) noexcept {
    if (++content_lengths_ != 1 || value.empty() || !std::ranges::all_of(value, ascii::is_digit) ||
        (value.size() > 1 && value.front() == '0'))
        return refuse(Status::bad_request);
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), content_length_);
    return error == std::errc{} || refuse(Status::bad_request);
}

bool Framing::transfer_encoding(std::string_view value) noexcept {
    if (++transfer_encodings_ != 1 || content_lengths_ != 0) return refuse(Status::bad_request);
    if (equal_ignoring_case(value, "chunked")) return true;
    // One coding that is a token and not ours is not implemented; anything else is malformed or ambiguous.
    return refuse(ascii::is_token(value) ? Status::not_implemented : Status::bad_request);
}

void Framing::connection(std::string_view value) noexcept {
    while (!value.empty()) {
        const std::size_t comma = value.find(',');
        const std::string_view option = ascii::trim(value.substr(0, comma));
        close_ |= equal_ignoring_case(option, "close");
        keep_alive_ |= equal_ignoring_case(option, "keep-alive");
        value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
    }
}

bool Framing::end(bool version_1_0) noexcept {
    if (transfer_encodings_ != 0 && (content_lengths_ != 0 || version_1_0))
        return refuse(Status::bad_request);
    if (hosts_ == 0 && !version_1_0) return refuse(Status::bad_request);
    return true;
}

std::optional<Target> split_target(std::string_view target, bool options) noexcept {
    const bool clean = std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
    if (!clean || target.empty()) return std::nullopt;
    Target parts;
    if (target == "*") {
        if (!options) return std::nullopt;
        parts.path = target;
        return parts;
    }
    if (target.front() != '/') {
        const std::size_t scheme = target.find("://");
        if (scheme == std::string_view::npos || (!equal_ignoring_case(target.substr(0, scheme), "http") &&
                                                 !equal_ignoring_case(target.substr(0, scheme), "https")))
            return std::nullopt;
        target.remove_prefix(scheme + 3);
        parts.authority = target.substr(0, target.find_first_of("/?"));
        if (parts.authority.empty() || !is_host(parts.authority)) return std::nullopt;
        target.remove_prefix(parts.authority.size());
    }
    const std::size_t mark = target.find('?');
    parts.path = target.substr(0, mark);
    if (parts.path.empty()) parts.path = "/";
    if (mark != std::string_view::npos) parts.query = target.substr(mark + 1);
    return parts;
}

}  // namespace zigmund::http::inline v0
