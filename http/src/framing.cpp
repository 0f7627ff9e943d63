#include "framing.hpp"

#include <algorithm>
#include <charconv>

#include "ascii.hpp"

namespace zigmund::http {
namespace {

using ascii::equal_ignoring_case;

constexpr std::size_t max_cookies = 64;

/// uri-host [ ":" port ]: no user, no path, no list.
bool is_host(std::string_view host) noexcept {
    return std::ranges::all_of(host, [](char c) {
        return ascii::is_alpha(c) || ascii::is_digit(c) ||
               std::string_view{"-._~%!$&'()*+;=:[]"}.find(c) != std::string_view::npos;
    });
}

}  // namespace

bool Framing::field(std::string_view name, std::string_view value) noexcept {
    // Told apart by length first: most fields are none of these.
    switch (name.size()) {
        case 4:
            if (equal_ignoring_case(name, "host")) {
                host_ = value;
                if (++hosts_ != 1 || !is_host(value)) return refuse(Status::bad_request);
            }
            return true;
        case 6:
            if (equal_ignoring_case(name, "expect")) {
                if (!equal_ignoring_case(value, "100-continue")) return refuse(Status::expectation_failed);
                expects_continue_ = true;
            } else if (value.size() > max_cookies && equal_ignoring_case(name, "cookie")) {
                // Fewer bytes hold no more cookies, each of which has a name and is ended by a semicolon.
                cookies_ += static_cast<std::size_t>(std::ranges::count(value, ';')) + 1;
                if (cookies_ > max_cookies) return refuse(Status::header_fields_too_large);
            }
            return true;
        case 10:
            if (equal_ignoring_case(name, "connection")) connection(value);
            return true;
        case 14:
            return !equal_ignoring_case(name, "content-length") || content_length(value);
        case 17:
            return !equal_ignoring_case(name, "transfer-encoding") || transfer_encoding(value);
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
    if (++transfer_encodings_ != 1) return refuse(Status::bad_request);
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

}  // namespace zigmund::http
