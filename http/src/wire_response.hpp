// WireResponse: a response as it is sent: status line and header fields as one contiguous text, and the body.
//
// Threads: one. Cost: one block of the request's arena, written once. Never: more than the response says, but
// for content-length, content-type, date and, where it differs from the protocol's default, connection.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <array>
#include <ctime>
#include <string_view>

#include "file_body.hpp"
#include "stream_sender.hpp"

namespace zigmund::http::inline v0 {

/// The value of a date field (RFC 9110, 5.6.7), made once a second.
class HttpDate {
  public:
    HttpDate() noexcept { update(std::time(nullptr)); }
    void update(std::time_t now) noexcept;
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

  private:
    std::time_t now_ = -1;
    std::array<char, 29> text_;  // "Sun, 06 Nov 1994 08:49:37 GMT"
};

/// What goes on the wire: both views live as long as the arena and the response; then what `stream` makes,
/// or what `file` has.
struct WireResponse {
    std::string_view head;
    std::string_view body;
    StreamSender stream = {};
    FileSender file = {};
};

/// Whether the client has to see the connection's end to know that of the body.
[[nodiscard]] inline bool ends_with_connection(const Request& request, const Response& response) noexcept {
    return response.source() != nullptr && request.is_http_1_0();
}

/// `keep_alive`: whether the connection stays open, which it does not if ends_with_connection(). The body is
/// left out for HEAD, 204, 205 and 304. What is sent is noted in the request: of a file and of a stream
/// without the body. Throws std::bad_alloc.
[[nodiscard]] WireResponse write_response(Request& request, const Response& response, const HttpDate& date,
                                          bool keep_alive);

}  // namespace zigmund::http::inline v0
