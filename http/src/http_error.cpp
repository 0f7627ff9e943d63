#include <zigmund/http/http_error.hpp>

namespace zigmund::http::inline v0 {

HttpError::HttpError(alloc::Allocator arena, Status status, const JsonValue& detail)
    : headers_{Response::json(arena, {{"detail", detail}}).with_status(status)} {}

HttpError HttpError::with_header(alloc::Allocator arena, std::string_view name,
                                 std::string_view value) const {
    HttpError copy = *this;
    copy.headers_ = headers_.with_header(arena, name, value);
    return copy;
}

Response HttpError::response(alloc::Allocator arena) const {
    if (!headers_.body().empty()) return headers_;
    return headers_.with_body_of(Response::json(arena, {{"detail", detail_}}));
}

const char* HttpError::what() const noexcept { return "zigmund::http::HttpError"; }

const char* RequestValidationError::what() const noexcept { return "zigmund::http::RequestValidationError"; }

}  // namespace zigmund::http::inline v0
