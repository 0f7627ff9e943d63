#include "chunk_decoder.hpp"

#include <algorithm>

#include "ascii.hpp"
#include "head_lines.hpp"

namespace zigmund::http::inline v0 {
namespace {

using State = ChunkDecoder::State;

constexpr std::size_t max_digits = 16;
// RFC 9112, 7.1.1 leaves a limit for chunk extensions to the recipient: nobody uses them but to waste our
// time.
constexpr std::size_t max_extension = 256;
constexpr std::size_t max_extensions = 8192;
constexpr std::size_t max_trailers = 8192;

/// Blanks that the grammar has for the sake of old senders.
std::string_view without_blanks(std::string_view text) noexcept {
    return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

/// Behind a token or a quoted string at the front of `text`; empty data(): there is none.
std::string_view behind_word(std::string_view text) noexcept {
    if (text.empty() || text.front() != '"') {
        const char* const end = detail::end_of_token(text.data(), text.data() + text.size());
        const auto size = static_cast<std::size_t>(end - text.data());
        return size == 0 ? std::string_view{} : text.substr(size);
    }
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') return text.substr(i + 1);
        if (text[i] == '\\') ++i;
    }
    return {};
}

/// *( BWS ";" BWS name [ BWS "=" BWS value ] ), but for blanks right behind the size.
[[gnu::cold]] bool are_extensions(std::string_view text) noexcept {
    if (text.front() != ';') return false;
    while (!text.empty()) {
        text = without_blanks(text);
        if (text.empty() || text.front() != ';') return false;
        text = behind_word(without_blanks(text.substr(1)));
        if (text.data() == nullptr) return false;
        const std::string_view rest = without_blanks(text);
        if (rest.empty() || rest.front() != '=') continue;
        text = behind_word(without_blanks(rest.substr(1)));
        if (text.data() == nullptr) return false;
    }
    return true;
}

State to_state(LineScan scan) noexcept {
    return scan == LineScan::need_more ? State::need_more : State::malformed;
}

}  // namespace

State ChunkDecoder::next(std::string_view& text, std::string_view& part) noexcept {
    while (true) {
        State state = State::data;
        switch (phase_) {
            case Phase::size:
                state = read_size(text);
                break;
            case Phase::data:
                if (text.empty()) return State::need_more;
                part = text.substr(
                    0, static_cast<std::size_t>(std::min<std::uint64_t>(left_of_chunk_, text.size())));
                text.remove_prefix(part.size());
                left_of_chunk_ -= part.size();
                if (left_of_chunk_ == 0) phase_ = Phase::end_of_data;
                return State::data;
            case Phase::end_of_data:
                state = read_end_of_data(text);
                break;
            case Phase::trailer:
                state = read_trailer(text);
                break;
        }
        if (state != State::data) return state;  // data: the line was read
    }
}

State ChunkDecoder::read_size(std::string_view& text) noexcept {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const char* at = begin;
    std::uint64_t size = 0;
    for (; at != end; ++at) {
        const int digit = ascii::hex_value(*at);
        if (digit < 0) break;
        if (static_cast<std::size_t>(at - begin) == max_digits) return State::malformed;
        size = size * 16 + static_cast<std::uint64_t>(digit);
    }
    if (at == end) return State::need_more;
    const char* const digits_end = at;
    if (digits_end == begin) return State::malformed;
    at = detail::end_of_value(at, end);
    const std::string_view extensions{digits_end, static_cast<std::size_t>(at - digits_end)};
    if (extensions.size() > max_extension) return State::malformed;
    if (const LineScan scan = detail::line_end(at, end); scan != LineScan::whole) return to_state(scan);
    if (!extensions.empty()) {
        extensions_ += extensions.size();
        if (extensions_ > max_extensions || !are_extensions(extensions)) return State::malformed;
    }
    if (size > left_of_body_) return State::too_large;
    text.remove_prefix(static_cast<std::size_t>(at + 2 - begin));
    left_of_body_ -= static_cast<std::size_t>(size);
    left_of_chunk_ = size;
    phase_ = size == 0 ? Phase::trailer : Phase::data;
    return State::data;
}

State ChunkDecoder::read_end_of_data(std::string_view& text) noexcept {
    const LineScan scan = detail::line_end(text.data(), text.data() + text.size());
    if (scan != LineScan::whole) return to_state(scan);
    text.remove_prefix(2);
    phase_ = Phase::size;
    return State::data;
}

State ChunkDecoder::read_trailer(std::string_view& text) noexcept {
    FieldLine field;
    const LineScan scan = scan_field_line(text.data(), text.data() + text.size(), field);
    if (scan != LineScan::whole && scan != LineScan::end_of_fields) return to_state(scan);
    const auto size = static_cast<std::size_t>(field.next - text.data());
    text.remove_prefix(size);
    trailers_ += size;
    if (trailers_ > max_trailers) return State::malformed;
    return scan == LineScan::end_of_fields ? State::whole : State::data;
}

}  // namespace zigmund::http::inline v0
