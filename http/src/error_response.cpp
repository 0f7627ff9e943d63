#include "error_response.hpp"

namespace zigmund::http::inline v0 {
namespace {

std::string_view body(Status status) noexcept {
    switch (status) {
        case Status::bad_request:
            return R"({"detail":"Bad Request"})";
        case Status::unauthorized:
            return R"({"detail":"Unauthorized"})";
        case Status::not_found:
            return R"({"detail":"Not Found"})";
        case Status::method_not_allowed:
            return R"({"detail":"Method Not Allowed"})";
        case Status::request_timeout:
            return R"({"detail":"Request Timeout"})";
        case Status::precondition_failed:
            return R"({"detail":"Precondition Failed"})";
        case Status::content_too_large:
            return R"({"detail":"Request Entity Too Large"})";
        case Status::uri_too_long:
            return R"({"detail":"URI Too Long"})";
        case Status::unsupported_media_type:
            return R"({"detail":"Unsupported Media Type"})";
        case Status::expectation_failed:
            return R"({"detail":"Expectation Failed"})";
        case Status::header_fields_too_large:
            return R"({"detail":"Request Header Fields Too Large"})";
        case Status::not_implemented:
            return R"({"detail":"Not Implemented"})";
        case Status::service_unavailable:
            return R"({"detail":"Service Unavailable"})";
        case Status::http_version_not_supported:
            return R"({"detail":"HTTP Version Not Supported"})";
        default:
            return R"({"detail":"Internal Server Error"})";
    }
}

}  // namespace

Response error_response(Status status) noexcept {
    return Response::json_text(body(status)).with_status(status);
}

}  // namespace zigmund::http::inline v0
