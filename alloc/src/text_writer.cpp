#include "text_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace zigmund::alloc::inline v0::detail {

namespace {

/// The terminal's, unless its user wants none: https://no-color.org.
bool wants_colours(int descriptor) noexcept {
    if (descriptor < 0 || ::isatty(descriptor) == 0) return false;
    const char* const none = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    return (none == nullptr || *none == '\0') && terminal != nullptr && std::string_view{terminal} != "dumb";
}

void write_all(int descriptor, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

constexpr std::string_view red = "\x1b[1;31m";
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view cyan = "\x1b[36m";
constexpr std::string_view plain = "\x1b[0m";

/// Where in a frame's line the place begins that it is at; 0: the line is no frame's.
std::size_t place_in_frame(std::string_view line) noexcept {
    if (!line.starts_with("    #")) return 0;
    for (const std::string_view word : {" at ", " in "})
        if (const std::size_t at = line.rfind(word); at != std::string_view::npos) return at;
    return 0;
}

}  // namespace

TextWriter::TextWriter(int descriptor, Colours colours) noexcept
    : buffer_{static_cast<char*>(map_pages(capacity))},
      descriptor_{descriptor},
      coloured_{colours == Colours::on_terminals && wants_colours(descriptor)} {}

TextWriter::~TextWriter() {
    flush();
    if (buffer_ != nullptr) unmap_pages(buffer_, capacity);
}

TextWriter& TextWriter::operator<<(std::string_view text) noexcept {
    while (!text.empty() && buffer_ != nullptr) {
        const std::size_t part = std::min(text.size(), capacity - size_);
        std::memcpy(buffer_ + size_, text.data(), part);
        size_ += part;
        text.remove_prefix(part);
        if (size_ == capacity) {
            if (descriptor_ < 0) break;
            flush();
        }
    }
    return *this;
}

TextWriter& TextWriter::decimal(std::uint64_t value) noexcept {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return *this << std::string_view{digits.data(), end};
}

TextWriter& TextWriter::integer(std::int64_t value, bool plus) noexcept {
    if (plus && value >= 0) *this << '+';
    if (value < 0) *this << '-';
    return decimal(value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value));
}

TextWriter& TextWriter::hex(std::uint64_t value) noexcept {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
    return *this << "0x" << std::string_view{digits.data(), end};
}

TextWriter& TextWriter::hex_byte(unsigned char byte) noexcept {
    constexpr std::string_view digits = "0123456789abcdef";
    return *this << digits[byte >> 4] << digits[byte & 15U];
}

TextWriter& TextWriter::tenths(std::uint64_t value) noexcept {
    return decimal(value / 10) << '.' << static_cast<char>('0' + value % 10);
}

TextWriter& TextWriter::bytes(std::uint64_t count) noexcept {
    if (count < 1024) return decimal(count) << " B";
    unsigned shift = 10;
    while (shift < 40 && (count >> shift) >= 1024) shift += 10;
    const std::uint64_t rest = count & ((std::uint64_t{1} << shift) - 1);
    tenths((count >> shift) * 10 + (rest * 10 >> shift));
    constexpr std::array<std::string_view, 4> units{" KiB", " MiB", " GiB", " TiB"};
    return *this << units[shift / 10 - 1];
}

void TextWriter::flush() noexcept {
    if (descriptor_ < 0) return;
    const std::size_t lines = coloured_ ? write_coloured_lines() : 0;
    // Part of a line waits for the rest, as long as there is room for it.
    const bool wait = coloured_ && lines != 0;
    if (!wait) write_all(descriptor_, {buffer_, size_});
    size_ = wait ? size_ - lines : 0;
    if (wait) std::memmove(buffer_, buffer_ + lines, size_);
}

std::size_t TextWriter::write_coloured_lines() noexcept {
    const std::string_view text{buffer_, size_};
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string_view::npos; begin = end + 1) {
        const std::string_view line = text.substr(begin, end - begin);
        const std::size_t place = place_in_frame(line);
        const bool heading = line.starts_with("  ") && !line.starts_with("   ");
        write_all(descriptor_, first_line_ ? red : heading ? bold : "");
        write_all(descriptor_, line.substr(0, place == 0 ? line.size() : place));
        if (place != 0) {
            write_all(descriptor_, cyan);
            write_all(descriptor_, line.substr(place));
        }
        write_all(descriptor_, first_line_ || heading || place != 0 ? plain : "");
        write_all(descriptor_, "\n");
        first_line_ = false;
    }
    return begin;
}

}  // namespace zigmund::alloc::inline v0::detail
