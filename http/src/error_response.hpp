// The answers that the server gives on its own.
#pragma once

#include <zigmund/http/response.hpp>
#include <zigmund/http/status.hpp>

namespace zigmund::http {

/// `{"detail":"Not Found"}` with the status' own phrase; static text. For the statuses that the server sends.
[[nodiscard]] Response error_response(Status status) noexcept;

}  // namespace zigmund::http
