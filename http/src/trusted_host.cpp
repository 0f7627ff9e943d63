#include <zigmund/http/trusted_host.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "framing.hpp"
#include "text.hpp"

namespace zigmund::http::inline v0 {
namespace {

/// Without the port, which follows the brackets of an IPv6 address.
std::string_view without_port(std::string_view host) noexcept {
    const std::size_t end = host.starts_with('[') ? host.find(']') + 1 : host.find(':');
    return host.substr(0, end);
}

bool matches(std::string_view pattern, std::string_view host) noexcept {
    if (!pattern.starts_with('*')) return equal_names(pattern, host);
    pattern.remove_prefix(1);
    return host.size() > pattern.size() && equal_names(pattern, host.substr(host.size() - pattern.size()));
}

}  // namespace

TrustedHost::TrustedHost(const TrustedHostOptions& options) : options_{options} {
    const auto refuse = [](std::string_view host, std::string_view why) {
        throw std::invalid_argument(
            std::string{"zigmund: TrustedHost: \""}.append(host).append("\": ").append(why));
    };
    for (const std::string_view host : options_.allowed_hosts) {
        if (host == "*") {
            all_ = true;
            continue;
        }
        if (host.rfind('*') != std::string_view::npos &&
            (!host.starts_with("*.") || host.size() == 2 || host.rfind('*') != 0))
            refuse(host, "a wildcard stands for what is below a domain, as in *.example.com");
        if (without_port(host).size() != host.size()) refuse(host, "a host stands there without a port");
    }
    if (options_.allowed_hosts.empty())
        throw std::invalid_argument("zigmund: TrustedHost: no host is allowed: nobody would be served");
}

Response TrustedHost::operator()(Request& request, Next next) const {
    if (all_) return next(request);
    const std::string_view authority = request.host();
    const std::string_view host = without_port(authority);
    bool below_www = false;
    for (const std::string_view allowed : options_.allowed_hosts) {
        if (matches(allowed, host)) return next(request);
        below_www =
            below_www || (allowed.size() == host.size() + 4 && equal_names(allowed.substr(0, 4), "www.") &&
                          equal_names(allowed.substr(4), host));
    }
    if (below_www && options_.www_redirect) {
        const alloc::Allocator arena = request.allocator();
        const std::optional<Target> target = split_target(request.target(), true);
        const std::string_view path = target ? target->path : "/";
        const std::string_view query = target ? target->query : "";
        return Response::redirect(
            arena,
            join({request.scheme(), "://www.", authority, path, query.empty() ? "" : "?", query}, arena));
    }
    return Response::text("Invalid host header").with_status(Status::bad_request);
}

}  // namespace zigmund::http::inline v0
