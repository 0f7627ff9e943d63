// The framing guard: what of a request's head decides where it ends, and what RFC 9112 forbids there.
//
// Two parsers that disagree on where a request ends let one client speak in another's name (request
// smuggling). So whatever is ambiguous is refused, also where a lenient reading exists: Content-Length beside
// Transfer-Encoding, repeated or listed Content-Length, leading zeros, any transfer coding but one `chunked`,
// folded header lines, Host missing, repeated or malformed.
//
// Threads: a value. Cost: a comparison a header field.
#pragma once

#include <zigmund/http/status.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace zigmund::http::inline v0 {

class Framing {
  public:
    /// Takes note of a header field; false: refused, with error().
    bool field(std::string_view name, std::string_view value) noexcept;
    /// The head is over; false: refused.
    bool end(bool version_1_0) noexcept;

    [[nodiscard]] Status error() const noexcept { return error_; }
    [[nodiscard]] bool chunked() const noexcept { return transfer_encodings_ != 0; }
    [[nodiscard]] std::uint64_t content_length() const noexcept { return content_length_; }
    [[nodiscard]] bool expects_continue() const noexcept { return expects_continue_; }
    [[nodiscard]] std::string_view host() const noexcept { return host_; }
    /// Whether the client wants the connection kept (RFC 9112, 9.3).
    [[nodiscard]] bool keep_alive(bool version_1_0) const noexcept {
        return !close_ && (!version_1_0 || keep_alive_);
    }

  private:
    bool refuse(Status status) noexcept {
        error_ = status;
        return false;
    }
    bool content_length(std::string_view value) noexcept;
    bool transfer_encoding(std::string_view value) noexcept;
    void connection(std::string_view value) noexcept;

    std::uint64_t content_length_ = 0;
    std::string_view host_;
    std::size_t cookies_ = 0;             ///< that were counted
    std::string_view uncounted_cookies_;  ///< the first field, if it is short
    std::uint8_t content_lengths_ = 0;
    std::uint8_t transfer_encodings_ = 0;
    std::uint8_t hosts_ = 0;
    bool close_ = false;
    bool keep_alive_ = false;
    bool expects_continue_ = false;
    Status error_ = Status::bad_request;
};

/// A request's target, taken apart (RFC 9112, 3.2).
struct Target {
    std::string_view authority;  ///< of an absolute-form target; else empty
    std::string_view path;       ///< as it was sent; never empty
    std::string_view query;
};

/// Empty: refused. `*` is for OPTIONS alone.
[[nodiscard]] std::optional<Target> split_target(std::string_view target, bool options) noexcept;

}  // namespace zigmund::http::inline v0
