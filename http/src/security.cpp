#include <zigmund/http/http_error.hpp>
#include <zigmund/http/security.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "ascii.hpp"
#include "text.hpp"
#include "utf8.hpp"

namespace zigmund::http::inline v0::detail {
namespace {

/// What stands behind the scheme in the field Authorization; empty: it names another one, or is not there.
std::optional<std::string_view> authorization(const Request& request, std::string_view scheme) noexcept {
    const std::optional<std::string_view> field = request.header("authorization");
    if (!field) return std::nullopt;
    const std::size_t blank = std::min(field->find(' '), field->size());
    if (!ascii::equal_ignoring_case(field->substr(0, blank), scheme)) return std::nullopt;
    return ascii::trim(field->substr(blank));
}

/// The six bits of a character in Base64; -1: it is none.
constexpr int base64_value(char c) noexcept {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (ascii::is_digit(c)) return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// RFC 4648, 4, with its padding; empty: it is no Base64.
std::optional<std::string_view> decode_base64(std::string_view text, alloc::Allocator arena) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    const std::span<char> out = arena.alloc<char>(text.size());
    std::size_t size = 0;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const int value = base64_value(c);
        if (value < 0) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out[size++] = static_cast<char>(bits >> count & 0xFF);
    }
    return std::string_view{out.data(), size};
}

}  // namespace

std::optional<std::string_view> bearer_token(const Request& request) noexcept {
    const std::optional<std::string_view> token = authorization(request, "bearer");
    return token && !token->empty() ? token : std::nullopt;
}

std::optional<std::string_view> api_key(const Request& request, Source source, std::string_view name) {
    const std::optional<std::string_view> key = find_value(request, source, name);
    return key && !key->empty() ? key : std::nullopt;
}

std::optional<BasicCredentials> basic_credentials(const Request& request, std::string_view realm) {
    const std::optional<std::string_view> sent = authorization(request, "basic");
    if (!sent) return std::nullopt;
    const std::optional<std::string_view> text = decode_base64(*sent, request.allocator());
    const std::size_t colon = text ? text->find(':') : std::string_view::npos;
    if (colon == std::string_view::npos || !is_utf8(*text)) refuse_basic(request, realm);
    return BasicCredentials{text->substr(0, colon), text->substr(colon + 1)};
}

void refuse_unauthenticated(const Request& request, std::string_view challenge) {
    throw HttpError{Status::unauthorized, "Not authenticated"}.with_header(request.allocator(),
                                                                           "www-authenticate", challenge);
}

void refuse_basic(const Request& request, std::string_view realm) {
    if (realm.empty()) refuse_unauthenticated(request, "Basic");
    refuse_unauthenticated(request, join({"Basic realm=\"", realm, "\""}, request.allocator()));
}

}  // namespace zigmund::http::inline v0::detail
