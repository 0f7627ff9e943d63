#include "stream_sender.hpp"

#include <array>

namespace zigmund::http::inline v0 {
namespace {

// A chunk's size may have leading zeros, so its place is known before the size is.
constexpr std::string_view chunk_head = "00000000\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace

StreamSender::State StreamSender::next(std::uint64_t now, bool stopping, std::string_view& piece) {
    if (ended_) return State::done;
    StreamWriter& writer = stream_->writer;
    JsonWriter& buffer = writer.buffer_;
    buffer.rewind(0);
    if (chunked_) buffer.raw(chunk_head);
    writer.reserved_ = buffer.size();
    writer.stopping_ = stopping;

    // A producer that returns `more` without a piece is asked again, but not for ever: others wait too.
    Produced produced = Produced::more;
    for (int i = 0; i < 64 && produced == Produced::more && writer.size() == 0; ++i)
        produced = stream_->produce();
    ended_ = produced == Produced::end;
    if (writer.size() == 0 && !ended_) {
        if (ping_at_ == 0) ping_at_ = now + keep_alive_seconds;
        if (stream_->keep_alive.empty() || now < ping_at_) return State::wait;
        buffer.raw(stream_->keep_alive);
    }
    ping_at_ = now + keep_alive_seconds;

    const std::size_t size = writer.size();
    if (chunked_) {
        if (size != 0) {
            buffer.raw("\r\n");
            constexpr std::string_view digits = "0123456789abcdef";
            std::array<char, 8> text;
            for (std::size_t i = 0; i < text.size(); ++i) text[i] = digits[size >> (28 - 4 * i) & 15];
            buffer.overwrite(0, {text.data(), text.size()});
        } else {
            buffer.rewind(0);  // an empty chunk would be the last one
        }
        if (ended_) buffer.raw(last_chunk);
    }
    piece = buffer.text();
    return piece.empty() ? State::done : State::piece;
}

}  // namespace zigmund::http::inline v0
