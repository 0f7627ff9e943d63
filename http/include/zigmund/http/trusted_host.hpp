// TrustedHost: which names the application answers to.
//
//     app.use(http::TrustedHost{{.allowed_hosts = {"example.com", "*.example.com"}}});
//
// The field `host` is what a client writes. Who builds links of it, or keeps answers by it, must know that it
// is one of its own: other requests get 400 "Invalid host header". A port is not looked at, letters' case
// neither. What is asked for by `example.com` where only `www.example.com` is allowed is sent there (307).
//
// Threads: called by all workers. Cost: a comparison an allowed host. Memory: the options', on the heap.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/middleware.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace zigmund::http::inline v0 {

/// Which hosts are allowed.
struct TrustedHostOptions {
    /// "example.com"; "*.example.com" for all below it; "[::1]"; "*" for all.
    std::vector<std::string> allowed_hosts = {"*"};
    /// Whether `example.com` is sent to `www.example.com` if that alone is allowed.
    bool www_redirect = true;
};

class ZIGMUND_EXPORT TrustedHost {
  public:
    /// Throws std::invalid_argument:
    ///
    ///     zigmund: TrustedHost: "a.*": a wildcard stands for what is below a domain, as in *.example.com
    ///     zigmund: TrustedHost: no host is allowed: nobody would be served
    ///     zigmund: TrustedHost: "example.com:80": a host stands there without a port
    explicit TrustedHost(const TrustedHostOptions& options);

    /// Goes on if the host is allowed; else 400 or 307. Throws std::bad_alloc, and what the rest throws.
    Response operator()(Request& request, Next next) const;

  private:
    TrustedHostOptions options_;
    bool all_ = false;
};

}  // namespace zigmund::http::inline v0
