// parse_byte_ranges: the Range field (RFC 9110, 14.1.2), as parts of a file.
//
// Threads: pure functions. Cost: linear in the text; at most 16 ranges, sorted, so that no field makes work
// that is more than its own length, and no answer is much longer than the file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

struct ByteRange {
    std::uint64_t first;
    std::uint64_t last;  ///< inclusive

    [[nodiscard]] std::uint64_t size() const noexcept { return last - first + 1; }
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

class ByteRanges {
  public:
    /// A field with more of them is ignored.
    static constexpr std::size_t max_ranges = 16;

    enum class Kind : std::uint8_t {
        whole,          ///< the field is none for us: the whole file
        parts,          ///< ranges()
        malformed,      ///< 400
        unsatisfiable,  ///< 416: nothing of it is in the file
    };

    /// The ranges of a file of `size` bytes that `field` asks for; those that overlap or touch are one.
    [[nodiscard]] Kind parse(std::string_view field, std::uint64_t size) noexcept;

    /// In the order of the file.
    [[nodiscard]] std::span<const ByteRange> ranges() const noexcept { return {ranges_.data(), size_}; }

  private:
    void merge() noexcept;

    std::array<ByteRange, max_ranges> ranges_;
    std::size_t size_ = 0;
};

}  // namespace zigmund::http::inline v0
