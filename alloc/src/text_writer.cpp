#include "text_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace zigmund::alloc::detail {

TextWriter::TextWriter(int descriptor) noexcept
    : buffer_{static_cast<char*>(map_pages(capacity))}, descriptor_{descriptor} {}

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
    const char* at = buffer_;
    while (size_ != 0) {
        const ssize_t written = ::write(descriptor_, at, size_);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        at += written;
        size_ -= static_cast<std::size_t>(written);
    }
    size_ = 0;
}

}  // namespace zigmund::alloc::detail
