// The answers that the server gives on its own.
#pragma once

#include <zigmund/http/response.hpp>
#include <zigmund/http/status.hpp>

#include <string_view>

namespace zigmund::http::inline v0 {

/// `{"detail":"Not Found"}` with the status' own phrase; static text. For the statuses that the server sends.
[[nodiscard]] Response error_response(Status status) noexcept;

/// For the moment when there is no memory to say anything else.
inline constexpr std::string_view out_of_memory_head =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

}  // namespace zigmund::http::inline v0
