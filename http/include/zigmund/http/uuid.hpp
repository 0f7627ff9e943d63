// Uuid: a universally unique identifier (RFC 9562), as a value of 16 bytes.
//
//     http::Response get_order(http::Path<http::Uuid, "order_id"> order_id);
//
// Threads: a value. Cost: one pass over at most 45 characters. Never: allocates, makes new ones.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

class ZIGMUND_EXPORT Uuid {
  public:
    /// Characters of the canonical form.
    static constexpr std::size_t text_size = 36;

    /// All zeros: the nil UUID.
    constexpr Uuid() noexcept = default;
    /// The sixteen bytes, in the order in which they are written.
    constexpr explicit Uuid(const std::array<std::uint8_t, 16>& bytes) noexcept : bytes_{bytes} {}

    /// Reads the canonical form, 32 digits without hyphens, and the canonical form in braces or behind
    /// `urn:uuid:`, with digits in any case. Empty: it is none of these.
    [[nodiscard]] static std::optional<Uuid> parse(std::string_view text) noexcept;

    /// In the order in which they are written.
    [[nodiscard]] constexpr const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }

    /// Writes the canonical form, `6ba7b810-9dad-11d1-80b4-00c04fd430c8`, into `buffer`, and returns it.
    std::string_view write(std::span<char, text_size> buffer) const noexcept;

    friend constexpr bool operator==(const Uuid&, const Uuid&) noexcept = default;
    friend constexpr auto operator<=>(const Uuid&, const Uuid&) noexcept = default;

  private:
    std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace zigmund::http::inline v0
