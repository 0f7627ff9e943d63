// What the server says on stderr.
#pragma once

#include <zigmund/http/request.hpp>

#include <exception>
#include <string_view>

namespace zigmund::http {

/// "zigmund: <where>: <what>", for what belongs to no request; null is ignored.
[[gnu::cold]] void log_exception(std::string_view where, const std::exception_ptr& error) noexcept;

/// "zigmund: GET /items: <where>: <what>", on one line whatever the client sent: bytes that are
/// no printable ASCII are written as \xNN.
[[gnu::cold]] void log_exception(const Request& request, std::string_view what,
                                 std::string_view where = "unhandled exception") noexcept;
/// The same of an exception of any type; null is ignored.
[[gnu::cold]] void log_exception(const Request& request, const std::exception_ptr& error,
                                 std::string_view where = "unhandled exception") noexcept;

}  // namespace zigmund::http
