// Status: a response's status code, with the codes of RFC 9110 by name.
#pragma once

#include <cstdint>
#include <string_view>

namespace zigmund::http {

enum class Status : std::uint16_t {
    ok = 200,
    created = 201,
    accepted = 202,
    no_content = 204,
    reset_content = 205,
    partial_content = 206,
    moved_permanently = 301,
    found = 302,
    see_other = 303,
    not_modified = 304,
    temporary_redirect = 307,
    permanent_redirect = 308,
    bad_request = 400,
    unauthorized = 401,
    forbidden = 403,
    not_found = 404,
    method_not_allowed = 405,
    not_acceptable = 406,
    request_timeout = 408,
    conflict = 409,
    gone = 410,
    precondition_failed = 412,
    content_too_large = 413,
    uri_too_long = 414,
    unsupported_media_type = 415,
    range_not_satisfiable = 416,
    expectation_failed = 417,
    unprocessable_content = 422,
    too_many_requests = 429,
    header_fields_too_large = 431,
    internal_server_error = 500,
    not_implemented = 501,
    bad_gateway = 502,
    service_unavailable = 503,
    http_version_not_supported = 505,
    insufficient_storage = 507,
};

/// The reason phrase, `"Not Found"`; empty for a code that has no name above. Static storage. The phrases of
/// 413 and 422 are the ones that FastAPI's users know.
[[nodiscard]] std::string_view reason(Status status) noexcept;

}  // namespace zigmund::http
