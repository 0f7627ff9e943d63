#include <zigmund/http/response.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "ascii.hpp"

namespace zigmund::http {
namespace {

constexpr std::array<std::string_view, 6> written_by_server{
    "connection", "content-length", "content-type", "date", "keep-alive", "transfer-encoding"};

void check_value(std::string_view value) {
    if (std::ranges::any_of(value, [](char c) { return ascii::is_control(c) && c != '\t'; }))
        throw std::invalid_argument("zigmund: header field value has a line break or a control character");
}

}  // namespace

Response Response::with_content_type(std::string_view content_type) const {
    check_value(content_type);
    Response copy = *this;
    copy.content_type_ = content_type;
    return copy;
}

Response Response::with_header(alloc::Allocator arena, std::string_view name, std::string_view value) const {
    if (!ascii::is_token(name)) throw std::invalid_argument("zigmund: header field name is not a token");
    check_value(value);
    if (std::ranges::any_of(written_by_server, [&](std::string_view own) { return equal_names(own, name); }))
        throw std::invalid_argument("zigmund: this header field is written by the server");
    Response copy = *this;
    copy.fields_ = arena.create<FieldNode>(Field{name, value}, fields_);
    return copy;
}

}  // namespace zigmund::http
