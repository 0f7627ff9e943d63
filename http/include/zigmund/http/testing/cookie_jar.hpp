// CookieJar: the cookies of a client, kept as a browser does (RFC 6265).
//
// A cookie goes back to the host that set it, or to those below its domain; to paths at and below its own; if
// it is secure, over https alone; until its max-age or its date is over, and a date that has passed deletes
// it. SameSite and HttpOnly say nothing to a client that has one site and no scripts.
//
// Threads: one.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zigmund::http::inline v0::testing {

/// A cookie as it is kept.
struct StoredCookie {
    /// What the server calls it.
    std::string name;
    /// As it was sent, with its quotes if it has some.
    std::string value;
    std::string domain;     ///< of the host that set it, or what it named
    bool host_only = true;  ///< not for the hosts below
    /// It is sent to this path and those below.
    std::string path = "/";
    /// Whether it is sent over https alone.
    bool secure = false;
    std::optional<std::time_t> expires = {};  ///< none: with the client
};

class ZIGMUND_EXPORT CookieJar {
  public:
    /// All that are kept and not expired.
    [[nodiscard]] std::vector<StoredCookie> cookies() const;
    /// The value of the one of that name; of several, that of the longest path. Empty: there is none.
    [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
    /// Keeps a cookie; an old one of the same name, domain and path goes.
    void set(StoredCookie cookie);
    /// Forgets all.
    void clear() noexcept { cookies_.clear(); }

    /// Takes in the value of a field `set-cookie` that was an answer to a request for `path` of `host`. What
    /// a browser would drop, it drops.
    void store(std::string_view set_cookie, std::string_view host, std::string_view path);
    /// The value of the field `cookie` for a request; empty: there is none to send.
    [[nodiscard]] std::string field_for(std::string_view host, std::string_view path, bool secure) const;

  private:
    std::vector<StoredCookie> cookies_;
};

}  // namespace zigmund::http::inline v0::testing
