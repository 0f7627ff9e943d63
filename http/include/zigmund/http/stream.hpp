// StreamWriter, Produced: a body that is made while it is sent.
//
//     http::Response count(alloc::Allocator arena) {
//         return http::Response::json_lines(arena, [i = 0](http::StreamWriter& out) mutable {
//             out.line({{"i", i}});
//             return ++i < 1000000 ? http::Produced::more : http::Produced::end;
//         });
//     }
//
// The producer is called when the client has taken what was made before, so that a slow client slows the
// producer and not the server, and memory is that of the largest piece. It is destroyed when the last byte
// has been sent, or as soon as the client has left: what it holds learns of it by its destructor. When it has
// nothing yet it returns `wait`, and is asked again within a second, or as soon as another thread wakes it
// (stream_waker.hpp). What it throws ends the connection, so that the client sees that the body is cut.
//
// Threads: the producer runs on the worker that serves the connection, which serves nobody else meanwhile.
// Cost: a virtual call a piece; one buffer in the request's arena. Sent in chunks; to HTTP/1.0 until the
// connection ends.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/json_value.hpp>
#include <zigmund/http/json_writer.hpp>
#include <zigmund/http/stream_waker.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

/// What comes after the piece that a producer has written.
enum class Produced : std::uint8_t {
    more,  ///< another piece, as soon as the client has taken this one
    wait,  ///< nothing yet: ask again when somebody wakes the stream, and within a second
    end,   ///< nothing
};

/// An event of text/event-stream. Parts without memory are left out.
struct ServerSentEvent {
    std::string_view data = {};  ///< in lines, as many as it has
    /// Its type; without one it is a `message` to the browser.
    std::string_view event = {};
    /// What the client sends as `last-event-id` when it comes again.
    std::string_view id = {};
    std::optional<std::chrono::milliseconds> retry = {};  ///< how long the client waits before it comes again
    /// Lines that clients pass over.
    std::string_view comment = {};
};

/// What a producer writes the next piece of a body to.
class ZIGMUND_EXPORT StreamWriter {
  public:
    /// Takes memory of `arena` when something is written. For tests of a producer; the server makes its own.
    explicit StreamWriter(alloc::Allocator arena) noexcept : buffer_{arena} {}

    /// Adds to the piece. What is written is copied. All throw std::bad_alloc.
    void write(std::string_view text) { buffer_.raw(text); }
    /// Throws std::domain_error for NaN and infinity.
    void json(const JsonValue& value) { buffer_.value(value); }
    /// A line of JSON Lines.
    void line(const JsonValue& value) {
        json(value);
        write("\n");
    }
    /// Throws std::invalid_argument "zigmund: an event's name and id have no line breaks".
    void event(const ServerSentEvent& event);
    /// The event, with `value` as JSON for its data.
    void event_json(const JsonValue& value, const ServerSentEvent& event = {});

    /// Whether the server waits for this stream in order to stop: then it should end soon.
    [[nodiscard]] bool stopping() const noexcept { return stopping_; }
    /// For other threads, to have the producer asked again when it waits. Of a stream that nobody serves
    /// through a socket it wakes nobody. Throws std::bad_alloc.
    [[nodiscard]] StreamWaker waker() const {
        return host_ == nullptr ? StreamWaker{} : StreamWaker{host_->wake_target()};
    }
    /// Bytes in the piece so far.
    [[nodiscard]] std::size_t size() const noexcept { return buffer_.size() - reserved_; }

  private:
    friend class GzipProducer;
    friend class StreamSender;

    void begin_event(const ServerSentEvent& event);
    void end_event(const ServerSentEvent& event);

    JsonWriter buffer_;
    detail::WakeHost* host_ = nullptr;
    std::size_t reserved_ = 0;  ///< for the chunk's head
    bool stopping_ = false;
};

namespace detail {

/// A producer, where its type is not known. Lives in the request's arena, which destroys it.
class Stream {
  public:
    Stream(alloc::Allocator arena, std::string_view ping) noexcept : writer{arena}, keep_alive{ping} {}
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;
    virtual Produced produce() = 0;

    StreamWriter writer;
    std::string_view keep_alive;  ///< sent when there was nothing else for a while; empty: nothing is
};

template <class F>
class ProducedStream final : public Stream {
  public:
    ProducedStream(alloc::Allocator arena, std::string_view ping, F producer)
        : Stream{arena, ping}, producer_{std::move(producer)} {}
    Produced produce() override { return producer_(writer); }

  private:
    F producer_;
};

template <class F>
constexpr void check_producer() {
    static_assert(std::is_invocable_r_v<Produced, F&, StreamWriter&>,
                  "zigmund: a producer is called as http::Produced producer(http::StreamWriter& out)");
}

}  // namespace detail
}  // namespace zigmund::http::inline v0
