// Response: what a handler answers.
//
// A Response is a handful of views. Its body is static text, or text in the request's arena, which lives
// until the response has been sent: `Response::text("Hello")` and `Response::text(arena.print("Hello, {}",
// name))` are both right, and nothing has to be freed.
//
// Threads: one. Cost: json() writes the body once; the others copy two words. Never: owns memory.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/field.hpp>
#include <zigmund/http/file_options.hpp>
#include <zigmund/http/json_value.hpp>
#include <zigmund/http/json_writer.hpp>
#include <zigmund/http/set_cookie.hpp>
#include <zigmund/http/status.hpp>
#include <zigmund/http/stream.hpp>

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

class FileDescriptor;
class Request;

namespace detail {
class FileBody;
class Pending;
struct FilePart;

template <class T>
struct IsOwningString : std::false_type {};
template <class C, class T, class A>
struct IsOwningString<std::basic_string<C, T, A>> : std::true_type {};

/// Arguments that view text which outlives the call: anything but a string that is about to die.
template <class Text>
constexpr void check_lifetime() {
    static_assert(
        !IsOwningString<Text>::value || std::is_lvalue_reference_v<Text>,
        "zigmund: this string dies before the response is sent: keep its text in the request's memory, "
        "Response::text(arena.dupe(string)), where arena is the handler's alloc::Allocator");
}
}  // namespace detail

class ZIGMUND_EXPORT Response {
  public:
    /// An empty body without a content type, as 204 and redirects have.
    explicit Response(Status status = Status::ok) noexcept : status_{status} {}

    /// `value` as JSON (see JsonValue for what can be written), in memory of `arena`. `application/json`.
    /// Throws std::bad_alloc, and std::domain_error for NaN and infinity; both are answered with 500.
    [[nodiscard]] static Response json(alloc::Allocator arena, const JsonValue& value) {
        JsonWriter writer{arena};
        writer.value(value);
        return Response{Status::ok, "application/json", writer.finish()};
    }

    /// `text`, which is JSON already, and static or in the request's arena. `application/json`.
    template <class Text>
        requires std::convertible_to<Text&&, std::string_view>
    [[nodiscard]] static Response json_text(Text&& text) noexcept {
        detail::check_lifetime<Text>();
        return Response{Status::ok, "application/json", std::string_view{text}};
    }

    /// `text`, which must be static or live in the request's arena. `text/plain; charset=utf-8`.
    template <class Text>
        requires std::convertible_to<Text&&, std::string_view>
    [[nodiscard]] static Response text(Text&& text) noexcept {
        detail::check_lifetime<Text>();
        return Response{Status::ok, "text/plain; charset=utf-8", std::string_view{text}};
    }

    /// `text`, which must be static or live in the request's arena. `text/html; charset=utf-8`.
    template <class Text>
        requires std::convertible_to<Text&&, std::string_view>
    [[nodiscard]] static Response html(Text&& text) noexcept {
        detail::check_lifetime<Text>();
        return Response{Status::ok, "text/html; charset=utf-8", std::string_view{text}};
    }

    /// A body that `producer` makes while it is sent; see stream.hpp. The producer is kept in `arena`, which
    /// is the request's. Throws std::bad_alloc, and std::invalid_argument "zigmund: a stream lives in the
    /// request's arena: pass the handler's alloc::Allocator".
    template <class F>
    [[nodiscard]] static Response stream(alloc::Allocator arena, F&& producer,
                                         std::string_view content_type = "application/octet-stream") {
        return streamed(arena, std::forward<F>(producer), content_type, {});
    }

    /// stream() of lines of JSON, `out.line(value)`. `application/jsonl`.
    template <class F>
    [[nodiscard]] static Response json_lines(alloc::Allocator arena, F&& producer) {
        return streamed(arena, std::forward<F>(producer), "application/jsonl", {});
    }

    /// stream() of server-sent events, `out.event({.data = text})`; a comment is sent when there was nothing
    /// for 15 s, so that nobody on the way takes the connection for dead. `text/event-stream`, not to be
    /// cached or buffered.
    template <class F>
    [[nodiscard]] static Response event_stream(alloc::Allocator arena, F&& producer) {
        return streamed(arena, std::forward<F>(producer), "text/event-stream", ": ping\n\n")
            .with_header(arena, "cache-control", "no-cache")
            .with_header(arena, "x-accel-buffering", "no");
    }

    /// The file at `path`, which the program vouches for: for paths that clients choose, see StaticFiles.
    /// Sent by the kernel from the file (sendfile), with entity tag and date, so that clients can ask whether
    /// it has changed (304) and for ranges of it (206, 416). What is no regular file, or not there, is a 404.
    /// Throws std::bad_alloc.
    [[nodiscard]] static Response file_from_path(const Request& request, std::string_view path,
                                                 const FileOptions& options = {});

    /// Sends the client to `url`, which is static or lives in the request's arena. An empty body and the
    /// field `location`, in which what no URL may hold is percent-encoded; what is encoded already stays as
    /// it is. 307 keeps the method and the body; 303 (see_other) makes a GET of it. Throws std::bad_alloc.
    template <class Text>
        requires std::convertible_to<Text&&, std::string_view>
    [[nodiscard]] static Response redirect(alloc::Allocator arena, Text&& url,
                                           Status status = Status::temporary_redirect) {
        detail::check_lifetime<Text>();
        return redirect_to(arena, std::string_view{url}, status);
    }

    /// The same response with another status.
    [[nodiscard]] Response with_status(Status status) const noexcept {
        Response copy = *this;
        copy.status_ = status;
        return copy;
    }

    /// The same response with the body and the content type of `other`.
    [[nodiscard]] Response with_body_of(const Response& other) const noexcept {
        Response copy = *this;
        copy.content_type_ = other.content_type_;
        copy.body_ = other.body_;
        copy.stream_ = other.stream_;
        copy.file_ = other.file_;
        copy.changes_body_ = true;
        return copy;
    }

    /// The same response with another content type, a view that lives as the body does: `image/png`. Throws
    /// std::invalid_argument as with_header() does.
    [[nodiscard]] Response with_content_type(std::string_view content_type) const;

    /// The same response with one more header field; name and value are views that live as the body does, the
    /// list itself is kept in `arena`. Throws std::invalid_argument "zigmund: header field name is not a
    /// token" or "zigmund: header field value has a line break or a control character", so that no value can
    /// end the header early (response splitting), and "zigmund: this header field is written by the server"
    /// for connection, content-length, content-type, date, keep-alive and transfer-encoding.
    [[nodiscard]] Response with_header(alloc::Allocator arena, std::string_view name,
                                       std::string_view value) const;

    /// The same response without the header fields of that name (any case). Throws std::bad_alloc.
    [[nodiscard]] Response without_header(alloc::Allocator arena, std::string_view name) const;

    /// The same response with `name`, a request's header field, in its field `vary`: caches keep an answer
    /// for each value of it (RFC 9110, 12.5.5). Once, however often it is said. Throws std::bad_alloc.
    [[nodiscard]] Response with_vary(alloc::Allocator arena, std::string_view name) const;

    /// The same response with a cookie for the client. Throws std::bad_alloc, and std::invalid_argument for
    /// what would end the cookie early or be dropped by the client: "zigmund: cookie name is not a token",
    /// "zigmund: cookie value has a character that must be encoded", "zigmund: cookie path or domain has a
    /// character that must be encoded", "zigmund: a cookie with SameSite=none must be secure".
    [[nodiscard]] Response with_cookie(alloc::Allocator arena, const SetCookie& cookie) const;

    /// The promise of a response: its handler, a Task or one that is blocking(), has not answered yet. There
    /// is no status (it is Status{}), no body and no field to see then; what with_status() and its like are
    /// told is done to the answer when it is there.
    [[nodiscard]] detail::Pending* pending() const noexcept { return pending_; }
    /// One that is pending(). The Pending lives as long as the request.
    explicit Response(detail::Pending& pending) noexcept : status_{}, pending_{&pending} {}

    /// `f(response)`, at once, or, of one that is pending(), when it is there; not if its handler throws. So
    /// a middleware sees the answer of every kind of handler:
    ///
    ///     return next(request).then([&request](const http::Response& response) {
    ///         return response.with_header(request.allocator(), "x-size", ...);
    ///     });
    ///
    /// What `f` refers to lives as long as the request. Throws std::bad_alloc, and what `f` throws.
    template <class F>
    [[nodiscard]] Response then(F&& f) const;

    /// The answer that pending() has become, with what was said to be changed of it; else itself. Throws what
    /// the handler threw. Once.
    [[nodiscard]] Response resolved() const;
    /// A pending one to which nothing is to be done: what was said to be changed is done before all that
    /// then() is told from here on. Throws std::bad_alloc.
    [[nodiscard]] Response with_changes_noted() const;
    /// The same response with what was said to be changed of one that is pending().
    [[nodiscard]] Response with_changes_of(const Response& changes, alloc::Allocator arena) const;

    /// Status{}, which is 0, of one that is pending().
    [[nodiscard]] Status status() const noexcept { return status_; }
    /// The field `content-type`; empty: it has none.
    [[nodiscard]] std::string_view content_type() const noexcept { return content_type_; }
    /// The body in memory; empty where source() or file() makes it. It lives where the program has put it: in
    /// static memory or in the request's arena.
    [[nodiscard]] std::string_view body() const noexcept { return body_; }
    /// The value of the last header field of that name (any case) that was added.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
    /// What makes the body while it is sent; null: body() is the body.
    [[nodiscard]] detail::Stream* source() const noexcept { return stream_; }

    /// The file that is the body; null: there is none.
    [[nodiscard]] detail::FileBody* file() const noexcept { return file_; }

    /// One header field and the ones before it.
    struct FieldNode {
        /// Its name and value.
        Field field;
        /// The one that was added before it; null: it was the first.
        const FieldNode* previous;
    };
    /// The last header field added; null without any.
    [[nodiscard]] const FieldNode* last_field() const noexcept { return fields_; }

  private:
    template <class F>
    static Response streamed(alloc::Allocator arena, F&& producer, std::string_view content_type,
                             std::string_view keep_alive) {
        detail::check_producer<std::decay_t<F>>();
        Response response{Status::ok, content_type, {}};
        response.stream_ = request_arena(arena).create<detail::ProducedStream<std::decay_t<F>>>(
            arena, keep_alive, std::forward<F>(producer));
        return response;
    }
    /// The arena behind `arena`, which destroys what is created in it.
    [[nodiscard]] static alloc::Arena& request_arena(alloc::Allocator arena);
    friend Response respond_with_file(const Request& request, FileDescriptor file, std::string_view name,
                                      const FileOptions& options);
    [[nodiscard]] Response with_file(alloc::Allocator arena, FileDescriptor file,
                                     std::span<const detail::FilePart> parts) const;
    [[nodiscard]] static Response redirect_to(alloc::Allocator arena, std::string_view url, Status status);

    Response(Status status, std::string_view content_type, std::string_view body) noexcept
        : status_{status}, content_type_{content_type}, body_{body} {}

    Status status_;
    bool changes_body_ = false;  ///< of a pending one
    std::string_view content_type_;
    std::string_view body_;
    const FieldNode* fields_ = nullptr;
    detail::Stream* stream_ = nullptr;
    detail::FileBody* file_ = nullptr;
    detail::Pending* pending_ = nullptr;
};

}  // namespace zigmund::http::inline v0
