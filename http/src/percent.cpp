#include "percent.hpp"

#include "ascii.hpp"

namespace zigmund::http::inline v0 {
namespace {

/// The character at `i`, which moves on to the last one that it is made of.
char decoded(std::string_view text, std::size_t& i, Plus plus) noexcept {
    const char c = text[i];
    if (c == '+' && plus == Plus::blank) return ' ';
    if (c != '%' || i + 2 >= text.size()) return c;
    const int high = ascii::hex_value(text[i + 1]);
    const int low = ascii::hex_value(text[i + 2]);
    if (high < 0 || low < 0) return c;
    i += 2;
    return static_cast<char>(high * 16 + low);
}

}  // namespace

std::string_view percent_decode(std::string_view text, Plus plus, alloc::Allocator arena) {
    const std::size_t first = plus == Plus::blank ? text.find_first_of("%+") : text.find('%');
    if (first == std::string_view::npos) return text;

    // Decoding never makes text longer.
    const std::span<char> out = arena.alloc<char>(text.size());
    std::memcpy(out.data(), text.data(), first);
    std::size_t size = first;
    for (std::size_t i = first; i < text.size(); ++i) out[size++] = decoded(text, i, plus);
    return {out.data(), size};
}

bool percent_equal(std::string_view text, Plus plus, std::string_view plain) noexcept {
    if (text.size() < plain.size()) return false;
    if (text.size() / 3 > plain.size()) return false;  // each of its characters stands for at least a third
    std::size_t at = 0;
    for (std::size_t i = 0; i < text.size(); ++i, ++at) {
        if (at == plain.size() || decoded(text, i, plus) != plain[at]) return false;
    }
    return at == plain.size();
}

}  // namespace zigmund::http::inline v0
