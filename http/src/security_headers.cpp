#include <zigmund/http/security_headers.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "ascii.hpp"

namespace zigmund::http::inline v0 {
namespace {

using Text = std::string SecurityHeadersOptions::*;

struct NamedHeader {
    std::string_view name;
    std::string_view option;
    Text text;
};

constexpr std::array<NamedHeader, 6> headers{{
    {"x-content-type-options", "x_content_type_options", &SecurityHeadersOptions::x_content_type_options},
    {"x-frame-options", "x_frame_options", &SecurityHeadersOptions::x_frame_options},
    {"referrer-policy", "referrer_policy", &SecurityHeadersOptions::referrer_policy},
    {"cross-origin-opener-policy", "cross_origin_opener_policy",
     &SecurityHeadersOptions::cross_origin_opener_policy},
    {"content-security-policy", "content_security_policy", &SecurityHeadersOptions::content_security_policy},
    {"permissions-policy", "permissions_policy", &SecurityHeadersOptions::permissions_policy},
}};

}  // namespace

SecurityHeaders::SecurityHeaders(const SecurityHeadersOptions& options) : options_{options} {
    for (const NamedHeader& header : headers) {
        if (std::ranges::any_of(options_.*header.text, ascii::is_control))
            throw std::invalid_argument(std::string{"zigmund: SecurityHeaders: "}
                                            .append(header.option)
                                            .append(" has a line break or a control character"));
    }
    const auto seconds = options_.strict_transport_security.count();
    if (seconds < 0)
        throw std::invalid_argument("zigmund: SecurityHeaders: strict_transport_security is negative");
    if (seconds > 0)
        strict_transport_security_ =
            "max-age=" + std::to_string(seconds) + (options_.include_subdomains ? "; includeSubDomains" : "");
}

Response SecurityHeaders::operator()(Request& request, Next next) const {
    return next(request).then([this, &request](const Response& answer) {
        const alloc::Allocator arena = request.allocator();
        Response response = answer;
        const auto add = [&](std::string_view name, std::string_view value) {
            if (!value.empty() && !response.header(name)) response = response.with_header(arena, name, value);
        };
        for (const NamedHeader& header : headers) add(header.name, options_.*header.text);
        if (request.scheme() == "https") add("strict-transport-security", strict_transport_security_);
        return response;
    });
}

}  // namespace zigmund::http::inline v0
