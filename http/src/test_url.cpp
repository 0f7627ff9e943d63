#include "test_url.hpp"

#include <algorithm>
#include <vector>

#include "ascii.hpp"

namespace zigmund::http::inline v0::testing {
namespace {

std::string encoded(std::string_view text) {
    constexpr std::string_view others = "-._~:/?#[]@!$&'()*+,;=%";
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (ascii::is_alpha(c) || ascii::is_digit(c) || others.find(c) != std::string_view::npos) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

/// RFC 3986, 5.2.4.
std::string without_dots(std::string_view path) {
    std::vector<std::string_view> segments;
    bool open = false;  // ends with a slash
    for (std::string_view rest = path.substr(1);;) {
        const std::size_t slash = rest.find('/');
        const std::string_view segment = rest.substr(0, slash);
        open = segment == "." || segment == "..";
        if (segment == "..") {
            if (!segments.empty()) segments.pop_back();
        } else if (segment != ".") {
            segments.push_back(segment);
        }
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    std::string out;
    for (const std::string_view segment : segments) out.append("/").append(segment);
    if (open || out.empty()) out += '/';
    return out;
}

}  // namespace

bool TestUrl::is_whole(std::string_view url) noexcept {
    return (url.starts_with("http://") && url.size() > 7) || (url.starts_with("https://") && url.size() > 8);
}

TestUrl::TestUrl(std::string_view url) : scheme_{url.substr(0, url.find(':'))} {
    url = url.substr(0, url.find('#'));
    url.remove_prefix(scheme_.size() + 3);
    const std::size_t end = std::min(url.find_first_of("/?"), url.size());
    for (const char c : url.substr(0, end)) authority_ += ascii::lower(c);
    target_ = encoded(url.substr(end));
    if (!target_.starts_with('/')) target_.insert(0, "/");
}

std::string_view TestUrl::host() const noexcept {
    const std::string_view authority = authority_;
    const std::size_t colon = authority.rfind(':');
    const bool in_brackets =
        authority.find(']', colon == std::string_view::npos ? 0 : colon) != std::string_view::npos;
    return colon == std::string_view::npos || in_brackets ? authority : authority.substr(0, colon);
}

TestUrl TestUrl::resolved(std::string_view reference) const {
    reference = reference.substr(0, reference.find('#'));
    if (is_whole(reference)) return TestUrl{reference};
    TestUrl url = *this;
    if (reference.starts_with("//")) return TestUrl{scheme_ + ":" + std::string{reference}};
    if (reference.starts_with('/')) {
        url.target_ = encoded(reference);
    } else if (reference.starts_with('?')) {
        url.target_ = std::string{path()} + encoded(reference);
    } else if (!reference.empty()) {
        const std::string_view folder = path().substr(0, path().rfind('/') + 1);
        const std::size_t query = std::min(reference.find('?'), reference.size());
        url.target_ = without_dots(std::string{folder} + encoded(reference.substr(0, query))) +
                      encoded(reference.substr(query));
    }
    return url;
}

void TestUrl::add_query(std::string_view pair) {
    target_ += target_.find('?') == std::string::npos ? '?' : '&';
    target_ += pair;
}

}  // namespace zigmund::http::inline v0::testing
