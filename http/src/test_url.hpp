// TestUrl: a whole URL, as a client uses it.
#pragma once

#include <string>
#include <string_view>

namespace zigmund::http::inline v0::testing {

class TestUrl {
  public:
    /// `url` is whole: is_whole().
    explicit TestUrl(std::string_view url);

    /// Whether it begins with http://host or https://host.
    [[nodiscard]] static bool is_whole(std::string_view url) noexcept;

    /// What `reference` means from here (RFC 3986, 5.2): a whole URL, one without a scheme, a path, a query.
    /// What no URL may hold is percent-encoded, and a fragment cut off.
    [[nodiscard]] TestUrl resolved(std::string_view reference) const;

    [[nodiscard]] std::string text() const { return scheme_ + "://" + authority_ + target_; }
    [[nodiscard]] const std::string& authority() const noexcept { return authority_; }
    /// Without a port.
    [[nodiscard]] std::string_view host() const noexcept;
    /// Path and query.
    [[nodiscard]] const std::string& target() const noexcept { return target_; }
    [[nodiscard]] std::string_view path() const noexcept {
        return std::string_view{target_}.substr(0, target_.find('?'));
    }
    [[nodiscard]] bool is_secure() const noexcept { return scheme_ == "https"; }
    /// Appends to the query: `name=value`, encoded already.
    void add_query(std::string_view pair);

    [[nodiscard]] bool same_origin(const TestUrl& other) const noexcept {
        return scheme_ == other.scheme_ && authority_ == other.authority_;
    }

  private:
    std::string scheme_;
    std::string authority_;
    std::string target_;
};

}  // namespace zigmund::http::inline v0::testing
