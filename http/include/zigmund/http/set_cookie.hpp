// SetCookie: a cookie that a response gives to its client.
//
//     Response::text("Hello").with_cookie(arena, {.name = "session", .value = id,
//                                                 .max_age = std::chrono::hours{24}, .http_only = true});
//
// It is sent as the field `set-cookie`, for the whole site and SameSite=lax unless it says otherwise.
//
// Threads: a value. Cost: see Response::with_cookie(). Never: owns text.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace zigmund::http::inline v0 {

/// With which requests that other sites cause a browser sends the cookie (RFC 6265bis).
enum class SameSite : std::uint8_t {
    lax,     ///< with those by which the user comes here, such as the click on a link
    strict,  ///< with none
    none,    ///< with all; browsers want `secure` of such a cookie
};

struct SetCookie {
    /// A token.
    std::string_view name;
    /// Any text without control characters. What is more than letters, digits and !#$%&'*+-.^_`|~: is sent in
    /// quotes, as Python's http.cookies does, `"a b\073"`; a Cookie parameter takes them off again.
    std::string_view value = {};
    /// How long the client keeps it; zero: not at all, which deletes it. Without one it goes with the
    /// client's session.
    std::optional<std::chrono::seconds> max_age = {};
    /// The hosts that it is sent to: this one and those below it. Empty: the one that set it, alone.
    std::string_view domain = {};
    /// The paths that it is sent to. Empty: that of the request, as the client sees it.
    std::string_view path = "/";
    /// Whether scripts must not see it.
    bool http_only = false;
    /// Whether it travels over TLS alone. Browsers want it of a cookie with SameSite::none.
    bool secure = false;
    /// With which requests that other sites cause it is sent.
    SameSite same_site = SameSite::lax;
};

}  // namespace zigmund::http::inline v0
