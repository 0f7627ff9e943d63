// Status: a response's status code, with the final codes of IANA's registry by name.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <cstdint>
#include <string_view>

namespace zigmund::http::inline v0 {

/// Each code with where its meaning stands.
enum class Status : std::uint16_t {
    ok = 200,                               ///< RFC 9110, 15.3.1
    created = 201,                          ///< RFC 9110, 15.3.2
    accepted = 202,                         ///< RFC 9110, 15.3.3
    non_authoritative_information = 203,    ///< RFC 9110, 15.3.4
    no_content = 204,                       ///< RFC 9110, 15.3.5
    reset_content = 205,                    ///< RFC 9110, 15.3.6
    partial_content = 206,                  ///< RFC 9110, 15.3.7
    multi_status = 207,                     ///< RFC 4918, 11.1
    already_reported = 208,                 ///< RFC 5842, 7.1
    im_used = 226,                          ///< RFC 3229, 10.4.1
    multiple_choices = 300,                 ///< RFC 9110, 15.4.1
    moved_permanently = 301,                ///< RFC 9110, 15.4.2
    found = 302,                            ///< RFC 9110, 15.4.3
    see_other = 303,                        ///< RFC 9110, 15.4.4
    not_modified = 304,                     ///< RFC 9110, 15.4.5
    use_proxy = 305,                        ///< RFC 9110, 15.4.6
    temporary_redirect = 307,               ///< RFC 9110, 15.4.8
    permanent_redirect = 308,               ///< RFC 9110, 15.4.9
    bad_request = 400,                      ///< RFC 9110, 15.5.1
    unauthorized = 401,                     ///< RFC 9110, 15.5.2
    payment_required = 402,                 ///< RFC 9110, 15.5.3
    forbidden = 403,                        ///< RFC 9110, 15.5.4
    not_found = 404,                        ///< RFC 9110, 15.5.5
    method_not_allowed = 405,               ///< RFC 9110, 15.5.6
    not_acceptable = 406,                   ///< RFC 9110, 15.5.7
    proxy_authentication_required = 407,    ///< RFC 9110, 15.5.8
    request_timeout = 408,                  ///< RFC 9110, 15.5.9
    conflict = 409,                         ///< RFC 9110, 15.5.10
    gone = 410,                             ///< RFC 9110, 15.5.11
    length_required = 411,                  ///< RFC 9110, 15.5.12
    precondition_failed = 412,              ///< RFC 9110, 15.5.13
    content_too_large = 413,                ///< RFC 9110, 15.5.14
    uri_too_long = 414,                     ///< RFC 9110, 15.5.15
    unsupported_media_type = 415,           ///< RFC 9110, 15.5.16
    range_not_satisfiable = 416,            ///< RFC 9110, 15.5.17
    expectation_failed = 417,               ///< RFC 9110, 15.5.18
    im_a_teapot = 418,                      ///< RFC 2324, 2.3.2
    misdirected_request = 421,              ///< RFC 9110, 15.5.20
    unprocessable_content = 422,            ///< RFC 9110, 15.5.21
    locked = 423,                           ///< RFC 4918, 11.3
    failed_dependency = 424,                ///< RFC 4918, 11.4
    too_early = 425,                        ///< RFC 8470, 5.2
    upgrade_required = 426,                 ///< RFC 9110, 15.5.22
    precondition_required = 428,            ///< RFC 6585, 3
    too_many_requests = 429,                ///< RFC 6585, 4
    header_fields_too_large = 431,          ///< RFC 6585, 5
    unavailable_for_legal_reasons = 451,    ///< RFC 7725, 3
    internal_server_error = 500,            ///< RFC 9110, 15.6.1
    not_implemented = 501,                  ///< RFC 9110, 15.6.2
    bad_gateway = 502,                      ///< RFC 9110, 15.6.3
    service_unavailable = 503,              ///< RFC 9110, 15.6.4
    gateway_timeout = 504,                  ///< RFC 9110, 15.6.5
    http_version_not_supported = 505,       ///< RFC 9110, 15.6.6
    variant_also_negotiates = 506,          ///< RFC 2295, 8.1
    insufficient_storage = 507,             ///< RFC 4918, 11.5
    loop_detected = 508,                    ///< RFC 5842, 7.2
    not_extended = 510,                     ///< RFC 2774, 7
    network_authentication_required = 511,  ///< RFC 6585, 6
};

/// The reason phrase, `"Not Found"`; empty for a code that has no name above. Static storage. The phrases of
/// 413, 418 and 422 are the ones that FastAPI's users know.
ZIGMUND_EXPORT [[nodiscard]] std::string_view reason(Status status) noexcept;

}  // namespace zigmund::http::inline v0
