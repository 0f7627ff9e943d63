#include <zigmund/http/request_id.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <stdexcept>

#include "ascii.hpp"

namespace zigmund::http::inline v0 {
namespace {

bool is_well_formed(std::string_view id) noexcept {
    return !id.empty() && id.size() <= 128 && std::ranges::all_of(id, [](char c) {
        return ascii::is_alpha(c) || ascii::is_digit(c) ||
               std::string_view{"-._~+/=:"}.find(c) != std::string_view::npos;
    });
}

/// The digits of a UUID of version 4 (RFC 9562, 5.4).
std::string_view make(alloc::Allocator arena) {
    thread_local std::mt19937_64 random = [] {
        std::random_device device;
        std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
        return std::mt19937_64{seed};
    }();
    std::array<std::uint64_t, 2> bits{random(), random()};
    bits[0] = (bits[0] & ~std::uint64_t{0xf000}) | 0x4000;
    bits[1] = (bits[1] & ~(std::uint64_t{3} << 62)) | std::uint64_t{1} << 63;
    const std::span<char> text = arena.alloc<char>(32);
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = "0123456789abcdef"[bits[i / 16] >> (60 - i % 16 * 4) & 15];
    return {text.data(), text.size()};
}

}  // namespace

RequestId::RequestId(const RequestIdOptions& options) : options_{options} {
    if (!ascii::is_token(options_.header))
        throw std::invalid_argument("zigmund: RequestId: \"" + options_.header +
                                    "\" is no header field's name");
}

Response RequestId::operator()(Request& request, Next next) const {
    const alloc::Allocator arena = request.allocator();
    const std::optional<std::string_view> given =
        options_.trust_client ? request.header(options_.header) : std::nullopt;
    request.set_id(given && is_well_formed(*given) ? *given : make(arena));
    return next(request).with_header(arena, options_.header, request.id());
}

}  // namespace zigmund::http::inline v0
