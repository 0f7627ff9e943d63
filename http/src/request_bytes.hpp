// RequestBytes: a test's request, as it stands on the wire.
#pragma once

#include <zigmund/http/testing/test_request.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "test_url.hpp"

namespace zigmund::http::inline v0::testing {

class RequestBytes {
  public:
    /// `defaults`: fields that the request may replace. Throws std::invalid_argument.
    RequestBytes(std::string_view method, TestUrl url, const TestRequest& request,
                 const std::vector<NamedText>& defaults);

    [[nodiscard]] const std::string& method() const noexcept { return method_; }
    [[nodiscard]] const TestUrl& url() const noexcept { return url_; }

    /// The same request to another URL; as a GET, it loses its body. What is secret stays with its host.
    void redirect(const TestUrl& url, bool as_get);

    /// The request, with more cookies: `a=b; c=d`.
    [[nodiscard]] std::string text(std::string_view cookies) const;

  private:
    [[nodiscard]] bool has(std::string_view name) const noexcept;
    void set_body(const TestRequest& request);

    std::string method_;
    TestUrl url_;
    std::vector<NamedText> headers_;
    std::string cookies_;
    std::string body_;
    bool has_body_ = false;
};

}  // namespace zigmund::http::inline v0::testing
