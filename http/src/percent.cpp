#include "percent.hpp"

#include "ascii.hpp"

namespace zigmund::http {

std::string_view percent_decode(std::string_view text, Plus plus, alloc::Allocator arena) {
    const char* const escapes = plus == Plus::blank ? "%+" : "%";
    const std::size_t first = text.find_first_of(escapes);
    if (first == std::string_view::npos) return text;

    // Decoding never makes text longer.
    const std::span<char> out = arena.alloc<char>(text.size());
    std::memcpy(out.data(), text.data(), first);
    std::size_t size = first;
    for (std::size_t i = first; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+' && plus == Plus::blank) {
            c = ' ';
        } else if (c == '%' && i + 2 < text.size()) {
            const int high = ascii::hex_value(text[i + 1]);
            const int low = ascii::hex_value(text[i + 2]);
            if (high >= 0 && low >= 0) {
                c = static_cast<char>(high * 16 + low);
                i += 2;
            }
        }
        out[size++] = c;
    }
    return {out.data(), size};
}

}  // namespace zigmund::http
