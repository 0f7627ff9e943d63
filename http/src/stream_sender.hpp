// StreamSender: the pieces of a stream, framed for the wire.
//
// Threads: one. Cost: none beside what the producer writes: the chunk's head is laid out in front of it, in
// the same block.
#pragma once

#include <zigmund/http/stream.hpp>

#include <cstdint>
#include <string_view>

namespace zigmund::http::inline v0 {

class StreamSender {
  public:
    StreamSender() = default;
    /// `chunked`: false for a client that does not know chunks.
    StreamSender(detail::Stream* stream, bool chunked) noexcept : stream_{stream}, chunked_{chunked} {}

    /// Who serves it, and can be woken.
    void set_host(detail::WakeHost& host) noexcept { stream_->writer.host_ = &host; }

    enum class State : std::uint8_t { piece, wait, done };

    /// The next piece; it is valid until the next call. `now` in seconds. What the producer throws passes.
    State next(std::uint64_t now, bool stopping, std::string_view& piece);

    [[nodiscard]] bool active() const noexcept { return stream_ != nullptr; }

  private:
    static constexpr std::uint64_t keep_alive_seconds = 15;

    detail::Stream* stream_ = nullptr;
    std::uint64_t ping_at_ = 0;
    bool chunked_ = true;
    bool ended_ = false;
};

}  // namespace zigmund::http::inline v0
