// What the server says on stderr.
#pragma once

#include <zigmund/http/request.hpp>

#include <exception>
#include <string_view>

namespace zigmund::http::inline v0 {

/// "zigmund: <where>: <what>", for what belongs to no request; null is ignored.
[[gnu::cold]] void log_exception(std::string_view where, const std::exception_ptr& error) noexcept;

/// "zigmund: GET /items: <where>: <what>", on one line whatever the client sent: bytes that are
/// no printable ASCII are written as \xNN.
[[gnu::cold]] void log_exception(const Request& request, std::string_view what,
                                 std::string_view where = "unhandled exception") noexcept;
/// The same of an exception of any type; null is ignored.
[[gnu::cold]] void log_exception(const Request& request, const std::exception_ptr& error,
                                 std::string_view where = "unhandled exception") noexcept;

/// While one lives, what a request on this thread throws, and nobody answers, is kept here in place of a line
/// on stderr: for a test, which throws it.
class ExceptionSink {
  public:
    /// `active` false: it keeps nothing, and lines are written.
    explicit ExceptionSink(bool active) noexcept;
    ExceptionSink(const ExceptionSink&) = delete;
    ExceptionSink& operator=(const ExceptionSink&) = delete;
    ~ExceptionSink();

    /// Keeps the first; what follows from it is dropped.
    void put(const std::exception_ptr& error) noexcept {
        if (first_ == nullptr) first_ = error;
    }
    [[nodiscard]] const std::exception_ptr& first() const noexcept { return first_; }

  private:
    ExceptionSink* outer_;
    std::exception_ptr first_;
};

}  // namespace zigmund::http::inline v0
