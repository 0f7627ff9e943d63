// SecurityHeaders: fields that tell browsers what not to do with an answer.
//
//     app.use(http::SecurityHeaders{});
//     app.use(http::SecurityHeaders{{.content_security_policy = "default-src 'self'"}});
//
// What is sent without options is safe for an API and for pages of their own. A field that an answer has
// already stays as it is, so that a route can say something else.
//
// Threads: called by all workers. Cost: a block of the request's arena a field. Memory: the options', on the
// heap.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/middleware.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <chrono>
#include <string>

namespace zigmund::http::inline v0 {

/// A field whose text is empty is not sent.
struct SecurityHeadersOptions {
    /// Take the content type for what it says.
    std::string x_content_type_options = "nosniff";
    /// No other site shows the page in a frame.
    std::string x_frame_options = "DENY";
    /// Other sites do not learn where a visitor came from.
    std::string referrer_policy = "same-origin";
    /// Pages of other sites that were opened have no hold on this one.
    std::string cross_origin_opener_policy = "same-origin";
    /// What a page may load, and from where (CSP).
    std::string content_security_policy = {};
    /// Which abilities of the browser a page may use.
    std::string permissions_policy = {};
    /// For how long a browser comes over TLS alone; zero: nothing is said. Sent over TLS only (RFC
    /// 6797, 7.2).
    std::chrono::seconds strict_transport_security{0};
    /// Whether that is also for all domains below.
    bool include_subdomains = false;
};

class ZIGMUND_EXPORT SecurityHeaders {
  public:
    /// Throws std::invalid_argument "zigmund: SecurityHeaders: referrer_policy has a line break or a control
    /// character", and the like, and "zigmund: SecurityHeaders: strict_transport_security is negative".
    explicit SecurityHeaders(const SecurityHeadersOptions& options = {});

    /// Adds the fields that the answer of the rest does not have. Throws std::bad_alloc, and what the rest
    /// throws.
    Response operator()(Request& request, Next next) const;

  private:
    SecurityHeadersOptions options_;
    std::string strict_transport_security_;
};

}  // namespace zigmund::http::inline v0
