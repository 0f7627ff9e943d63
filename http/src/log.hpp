// What the server says on stderr.
#pragma once

#include <zigmund/http/request.hpp>

#include <string_view>

namespace zigmund::http {

/// "zigmund: GET /items: unhandled exception: <what>", on one line whatever the client sent: bytes that are
/// no printable ASCII are written as \xNN.
[[gnu::cold]] void log_exception(const Request& request, std::string_view what) noexcept;

}  // namespace zigmund::http
