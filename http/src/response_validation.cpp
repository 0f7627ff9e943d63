#include <zigmund/http/response_validation.hpp>

#include <array>
#include <charconv>
#include <string>

namespace zigmund::http::inline v0::detail {
namespace {

void append_path(std::string& text, const Location& at) {
    if (at.outer != nullptr) {
        append_path(text, *at.outer);
        text += '.';
    }
    if (at.name.data() != nullptr) {
        text += at.name;
    } else {
        text += std::to_string(at.index);
    }
}

}  // namespace

void refuse_answer(const Location& at, std::string_view message) {
    std::string text;
    append_path(text, at);
    throw ResponseValidationError{text.append(": ").append(message)};
}

double meant(float value) noexcept {
    std::array<char, 32> text;
    const char* const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    double result = value;
    std::from_chars(text.data(), end, result);
    return result;
}

}  // namespace zigmund::http::inline v0::detail
