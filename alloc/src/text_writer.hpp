// TextWriter: report text without the allocators that the report is about.
#pragma once

#include <cstdint>
#include <string_view>

#include "page_memory.hpp"

namespace zigmund::alloc::inline v0::detail {

/// Whether lines get the colours that a report has on a terminal.
enum class Colours : std::uint8_t { never, on_terminals };

/// Collects text in pages of its own. With a file descriptor, hands it over there when the pages are full
/// and at flush(); with descriptor -1 what exceeds the pages is cut off.
class TextWriter {
  public:
    explicit TextWriter(int descriptor, Colours colours = Colours::never) noexcept;
    TextWriter(const TextWriter&) = delete;
    TextWriter& operator=(const TextWriter&) = delete;
    ~TextWriter();

    TextWriter& operator<<(std::string_view text) noexcept;
    TextWriter& operator<<(char c) noexcept { return *this << std::string_view{&c, 1}; }
    TextWriter& decimal(std::uint64_t value) noexcept;
    TextWriter& integer(std::int64_t value, bool plus) noexcept;  ///< -3, 3, with `plus` +3
    TextWriter& hex(std::uint64_t value) noexcept;                ///< 0x7f12
    TextWriter& hex_byte(unsigned char byte) noexcept;            ///< 7f
    TextWriter& bytes(std::uint64_t count) noexcept;              ///< 512 B, 12.3 KiB, 4.0 MiB
    TextWriter& tenths(std::uint64_t value) noexcept;             ///< 123 as 12.3

    [[nodiscard]] std::string_view text() const noexcept { return {buffer_, size_}; }
    void flush() noexcept;

  private:
    static constexpr std::size_t capacity = 64 << 10;

    /// Writes the whole lines that it holds; returns how many bytes they are.
    std::size_t write_coloured_lines() noexcept;

    char* buffer_;
    std::size_t size_ = 0;
    int descriptor_;
    bool coloured_;
    bool first_line_ = true;
};

}  // namespace zigmund::alloc::inline v0::detail
