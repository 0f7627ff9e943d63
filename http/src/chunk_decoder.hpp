// ChunkDecoder: the parts of a chunked body (RFC 9112, 7.1), as they arrive.
//
//     while (true) switch (decoder.next(text, part)) { ... }   // text: what is here and not yet consumed
//
// A part is a view into the text. Chunk extensions are checked and ignored, the fields behind the last chunk
// too: as header fields they would be a client's way to say one thing in two places.
//
// Threads: a value. Cost: one pass over the lines; the data is not looked at. Memory: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zigmund::http::inline v0 {

class ChunkDecoder {
  public:
    enum class State : std::uint8_t {
        need_more,  ///< what is left of the text goes before what comes next
        data,       ///< `part` is of the body
        whole,      ///< the body is over; what is left of the text is behind it
        malformed,
        too_large,  ///< a chunk makes the body larger than it may be
    };

    ChunkDecoder() noexcept = default;
    /// `max_body` in bytes.
    explicit ChunkDecoder(std::size_t max_body) noexcept : left_of_body_{max_body} {}

    /// Removes from `text` what it has consumed. To be called again until it says something but `data`.
    State next(std::string_view& text, std::string_view& part) noexcept;

  private:
    enum class Phase : std::uint8_t { size, data, end_of_data, trailer };

    State read_size(std::string_view& text) noexcept;
    State read_end_of_data(std::string_view& text) noexcept;
    State read_trailer(std::string_view& text) noexcept;

    std::uint64_t left_of_chunk_ = 0;
    std::size_t left_of_body_ = 0;  ///< how much more may be announced
    std::size_t extensions_ = 0;    ///< bytes of them so far
    std::size_t trailers_ = 0;      ///< bytes of them so far
    Phase phase_ = Phase::size;
};

}  // namespace zigmund::http::inline v0
