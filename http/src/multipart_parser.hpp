// MultipartParser: the bytes of a multipart body in, its parts out (RFC 2046, 5.1), in pieces of any size.
//
// The body begins with a delimiter, before which only line ends may stand; a delimiter's line has nothing
// behind the boundary; what follows the last one is skipped. A part's head ends with an empty line, lines end
// with CRLF, and all of it has at most 8 KiB.
//
// Threads: one. Cost: contents are searched once for the delimiter and handed on as they are in the input; a
// head is copied into the arena. Never: keeps contents.
#pragma once

#include <zigmund/alloc/allocator.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

class MultipartParser {
  public:
    static constexpr std::size_t max_head = 8192;

    /// What is told of the parts. Each returns whether to go on.
    class Handler {
      public:
        /// The lines of a part's head, each with its line end, in the arena; without the empty one.
        virtual bool begin_part(std::string_view head) = 0;
        /// The next of its contents, for the time of the call.
        virtual bool data(std::string_view piece) = 0;
        virtual bool end_part() = 0;

      protected:
        ~Handler() = default;
    };

    /// `boundary` has no line ends. Throws std::bad_alloc.
    MultipartParser(std::string_view boundary, alloc::Allocator arena);

    /// The next bytes. False: malformed, or the handler stopped; nothing is fed then. Throws std::bad_alloc,
    /// and what the handler throws.
    [[nodiscard]] bool feed(std::string_view bytes, Handler& handler);
    /// Whether the last delimiter was seen.
    [[nodiscard]] bool closed() const noexcept { return state_ == State::epilogue; }

  private:
    enum class State : std::uint8_t { start, boundary, head, contents, epilogue };

    std::size_t go_on(std::string_view bytes) const noexcept;
    bool read_start(std::string_view& bytes) noexcept;
    bool read_boundary(std::string_view& bytes) noexcept;
    bool read_head(std::string_view& bytes, Handler& handler);
    bool read_contents(std::string_view& bytes, Handler& handler);
    bool append_to_head(std::string_view bytes);
    void end_boundary() noexcept;

    alloc::Allocator arena_;
    std::string_view delimiter_;  ///< "\r\n--boundary"
    std::size_t matched_ = 2;     ///< how much of it was seen; a body begins as if behind a line
    char behind_ = 0;             ///< the first byte behind the boundary; 0: not yet
    std::span<char> head_;
    std::size_t head_size_ = 0;
    std::size_t line_ = 0;  ///< where the head's last line begins
    State state_ = State::start;
};

}  // namespace zigmund::http::inline v0
