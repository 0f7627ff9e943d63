#include <zigmund/http/response.hpp>
#include <zigmund/http/testing/test_response.hpp>

#include <boost/json/parse.hpp>

#include <stdexcept>

#include "ascii.hpp"

namespace zigmund::http::inline v0::testing {

std::string JsonText::write(const JsonValue& value) {
    alloc::Arena arena;
    JsonWriter writer{arena.allocator()};
    writer.value(value);
    return std::string{writer.text()};
}

std::optional<std::string_view> TestResponse::header(std::string_view name) const noexcept {
    for (const NamedText& field : headers_) {
        if (ascii::equal_ignoring_case(field.name, name)) return field.value;
    }
    return std::nullopt;
}

std::vector<std::string_view> TestResponse::header_values(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const NamedText& field : headers_) {
        if (ascii::equal_ignoring_case(field.name, name)) values.emplace_back(field.value);
    }
    return values;
}

boost::json::value TestResponse::json() const {
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(text_, error);
    if (error) {
        throw std::runtime_error("zigmund: the answer of " + method_ + " " + url_ +
                                 " is no JSON: " + text_.substr(0, 200));
    }
    return value;
}

void TestResponse::refuse(const ValidationErrors& errors) const {
    throw std::runtime_error(std::string{"zigmund: the answer of "}
                                 .append(method_)
                                 .append(" ")
                                 .append(url_)
                                 .append(" does not fit: ")
                                 .append(errors.response().body()));
}

}  // namespace zigmund::http::inline v0::testing
