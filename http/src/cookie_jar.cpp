#include <zigmund/http/testing/cookie_jar.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

#include "ascii.hpp"
#include "file_response.hpp"

namespace zigmund::http::inline v0::testing {
namespace {

std::string lowered(std::string_view text) {
    std::string lower{text};
    std::ranges::transform(lower, lower.begin(), ascii::lower);
    return lower;
}

bool is_expired(const StoredCookie& cookie, std::time_t now) noexcept {
    return cookie.expires && *cookie.expires <= now;
}

/// RFC 6265, 5.1.3.
bool domain_matches(const StoredCookie& cookie, std::string_view host) noexcept {
    if (host == cookie.domain) return true;
    return !cookie.host_only && host.size() > cookie.domain.size() && host.ends_with(cookie.domain) &&
           host[host.size() - cookie.domain.size() - 1] == '.';
}

/// RFC 6265, 5.1.4.
bool path_matches(std::string_view of_cookie, std::string_view path) noexcept {
    if (!path.starts_with(of_cookie)) return false;
    return path.size() == of_cookie.size() || of_cookie.ends_with('/') || path[of_cookie.size()] == '/';
}

std::string default_path(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string_view::npos ? "/" : std::string{path.substr(0, slash)};
}

/// Now and so many seconds, wherever time ends.
std::time_t in_seconds(std::int64_t seconds) noexcept {
    const std::time_t now = std::time(nullptr);
    constexpr std::int64_t most = std::int64_t{1} << 40;
    return now + std::clamp(seconds, std::int64_t{0}, most);
}

}  // namespace

std::vector<StoredCookie> CookieJar::cookies() const {
    std::vector<StoredCookie> live;
    const std::time_t now = std::time(nullptr);
    std::ranges::copy_if(cookies_, std::back_inserter(live),
                         [now](const StoredCookie& cookie) { return !is_expired(cookie, now); });
    return live;
}

std::optional<std::string> CookieJar::get(std::string_view name) const {
    std::optional<StoredCookie> best;
    for (const StoredCookie& cookie : cookies()) {
        if (cookie.name == name && (!best || cookie.path.size() > best->path.size())) best = cookie;
    }
    if (!best) return std::nullopt;
    return best->value;
}

void CookieJar::set(StoredCookie cookie) {
    const auto same = std::ranges::find_if(cookies_, [&](const StoredCookie& old) {
        return old.name == cookie.name && old.domain == cookie.domain && old.path == cookie.path;
    });
    if (same == cookies_.end()) {
        cookies_.push_back(std::move(cookie));
    } else {
        *same = std::move(cookie);
    }
}

void CookieJar::store(std::string_view set_cookie, std::string_view host, std::string_view path) {
    const std::string_view pair = set_cookie.substr(0, set_cookie.find(';'));
    set_cookie.remove_prefix(std::min(pair.size() + 1, set_cookie.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return;
    StoredCookie cookie{.name = std::string{ascii::trim(pair.substr(0, equals))},
                        .value = std::string{ascii::trim(pair.substr(equals + 1))},
                        .domain = std::string{host},
                        .path = default_path(path)};
    if (cookie.name.empty()) return;

    bool has_max_age = false;
    while (!set_cookie.empty()) {
        const std::string_view attribute = set_cookie.substr(0, set_cookie.find(';'));
        set_cookie.remove_prefix(std::min(attribute.size() + 1, set_cookie.size()));
        const std::size_t at = std::min(attribute.find('='), attribute.size());
        const std::string name = lowered(ascii::trim(attribute.substr(0, at)));
        const std::string_view value = ascii::trim(attribute.substr(std::min(at + 1, attribute.size())));
        if (name == "secure") {
            cookie.secure = true;
        } else if (name == "path" && value.starts_with('/')) {
            cookie.path = value;
        } else if (name == "domain" && !value.empty()) {
            cookie.domain = lowered(value.starts_with('.') ? value.substr(1) : value);
            cookie.host_only = false;
        } else if (name == "max-age") {
            std::int64_t seconds = 0;
            if (std::from_chars(value.data(), value.data() + value.size(), seconds).ec != std::errc{})
                continue;
            cookie.expires = in_seconds(seconds);
            has_max_age = true;
        } else if (name == "expires" && !has_max_age) {
            if (const auto date = parse_http_date(value)) cookie.expires = *date;
        }
    }
    if (domain_matches(cookie, host)) set(std::move(cookie));
}

std::string CookieJar::field_for(std::string_view host, std::string_view path, bool secure) const {
    std::vector<StoredCookie> matching = cookies();
    std::erase_if(matching, [&](const StoredCookie& cookie) {
        return !domain_matches(cookie, host) || !path_matches(cookie.path, path) ||
               (cookie.secure && !secure);
    });
    std::string field;
    // The longest path first; of equal ones, the one that was there first (RFC 6265, 5.4).
    while (!matching.empty()) {
        const auto next = std::ranges::max_element(
            matching, {}, [](const StoredCookie& cookie) { return cookie.path.size(); });
        if (!field.empty()) field += "; ";
        field.append(next->name).append("=").append(next->value);
        matching.erase(next);
    }
    return field;
}

}  // namespace zigmund::http::inline v0::testing
