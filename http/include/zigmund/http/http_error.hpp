// HttpError: an answer that ends a request early, as an exception or as the error of a std::expected.
//
//     throw http::HttpError{http::Status::not_found, "Item not found"};
//     return std::unexpected(http::HttpError{http::Status::not_found, "Item not found"});
//
// The answer is `{"detail":"Item not found"}` with that status. To a request's dependencies it is a failure,
// which is thrown into those that wait (inject::Scoped): a transaction rolls back, and may answer something
// else by throwing something else.
//
// Threads: a value. Cost: thrown, that of an exception, whose memory the C++ runtime takes from the heap;
// returned as an error, none, unless a dependency waits for how the request ends. Never: owns text.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/json_value.hpp>
#include <zigmund/http/response.hpp>
#include <zigmund/http/status.hpp>

#include <concepts>
#include <exception>
#include <string_view>

namespace zigmund::http::inline v0 {

class ZIGMUND_EXPORT HttpError : public std::exception {
  public:
    /// `{"detail":"Not Found"}`: the status's reason phrase.
    explicit HttpError(Status status) noexcept : HttpError{status, reason(status)} {}
    /// `detail` is static text, or text in the request's arena.
    template <class Text>
        requires std::convertible_to<Text&&, std::string_view>
    HttpError(Status status, Text&& detail) noexcept : headers_{status}, detail_{detail} {
        detail::check_lifetime<Text>();
    }
    /// A detail of any shape, written into `arena` at once. Throws what Response::json() throws.
    HttpError(alloc::Allocator arena, Status status, const JsonValue& detail);

    /// The same error with a header field in its answer; see Response::with_header().
    [[nodiscard]] HttpError with_header(alloc::Allocator arena, std::string_view name,
                                        std::string_view value) const;

    /// The status of the answer.
    [[nodiscard]] Status status() const noexcept { return headers_.status(); }
    /// The detail, if it is text; empty otherwise.
    [[nodiscard]] std::string_view detail() const noexcept { return detail_; }
    /// The answer, in memory of `arena`. Throws std::bad_alloc.
    [[nodiscard]] Response response(alloc::Allocator arena) const;

    /// "zigmund::http::HttpError"; the detail need not end with a zero.
    [[nodiscard]] const char* what() const noexcept override;

  private:
    Response headers_;  ///< without a body: what the answer has beside it; with one: the answer
    std::string_view detail_;
};

/// The answer 422 to a request whose parameters or body are wrong, as dependencies see it that were set up
/// before that came out: thrown into those that wait.
class ZIGMUND_EXPORT RequestValidationError : public std::exception {
  public:
    /// Of the answer, which lives in the request's arena.
    explicit RequestValidationError(const Response& response) noexcept : response_{response} {}
    /// The answer: 422, or 400 or 415 for a body of which nothing can be read. It lives as long as this; its
    /// text as long as the request.
    [[nodiscard]] const Response& response() const noexcept { return response_; }
    /// "zigmund::http::RequestValidationError".
    [[nodiscard]] const char* what() const noexcept override;

  private:
    Response response_;
};

}  // namespace zigmund::http::inline v0
