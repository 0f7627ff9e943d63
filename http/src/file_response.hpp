// respond_with_file: an open file as the answer to a request, or what the request's conditions make of it.
#pragma once

#include <zigmund/http/file_options.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <ctime>
#include <optional>
#include <string_view>

#include "file_descriptor.hpp"

namespace zigmund::http::inline v0 {

/// `name` tells the content type unless the options do. Not a regular file: 404. Throws std::bad_alloc.
[[nodiscard]] Response respond_with_file(const Request& request, FileDescriptor file, std::string_view name,
                                         const FileOptions& options);

/// The answer when opening it failed: 401 for EACCES as Starlette has it, 404 for what is not there or cannot
/// be, 500 for the rest.
[[nodiscard]] Response respond_without_file(int error) noexcept;

/// The content type of a file of that name.
[[nodiscard]] std::string_view content_type_of(std::string_view name) noexcept;

/// A date as RFC 9110 writes them ("Sun, 06 Nov 1994 08:49:37 GMT"); empty: it is none.
[[nodiscard]] std::optional<std::time_t> parse_http_date(std::string_view text) noexcept;

}  // namespace zigmund::http::inline v0
