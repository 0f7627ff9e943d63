#include <zigmund/http/binding.hpp>
#include <zigmund/http/body.hpp>

#include <boost/json/value.hpp>

#include <cmath>

#include "ascii.hpp"
#include "json_reader.hpp"
#include "utf8.hpp"

namespace zigmund::http::detail {
namespace {

namespace json = boost::json;

std::string_view view(const json::string& text) noexcept { return {text.data(), text.size()}; }

/// What an error echoes: text as text, so that it can be cut to a length.
JsonValue echo(JsonInput input) noexcept {
    if (const json::string* text = input.get().if_string()) return JsonValue{view(*text)};
    return JsonValue{input.get()};
}

/// application/json or application/<anything>+json, whatever the parameters.
bool is_json(std::string_view content_type) noexcept {
    content_type = ascii::trim(content_type.substr(0, content_type.find(';')));
    constexpr std::string_view prefix = "application/";
    constexpr std::string_view suffix = "+json";
    if (content_type.size() <= prefix.size() ||
        !ascii::equal_ignoring_case(content_type.substr(0, prefix.size()), prefix))
        return false;
    const std::string_view subtype = content_type.substr(prefix.size());
    return ascii::equal_ignoring_case(subtype, "json") ||
           (subtype.size() > suffix.size() &&
            ascii::equal_ignoring_case(subtype.substr(subtype.size() - suffix.size()), suffix));
}

const Location body_location{nullptr, std::string_view{"body"}};

}  // namespace

bool JsonInput::is_null() const noexcept { return value_->is_null(); }
bool JsonInput::is_object() const noexcept { return value_->is_object(); }

std::optional<JsonInput> JsonInput::member(std::string_view name) const noexcept {
    const json::value* member = value_->get_object().if_contains({name.data(), name.size()});
    if (member == nullptr) return std::nullopt;
    return JsonInput{*member};
}

std::optional<std::size_t> JsonInput::array_size() const noexcept {
    const json::array* array = value_->if_array();
    if (array == nullptr) return std::nullopt;
    return array->size();
}

JsonInput JsonInput::element(std::size_t index) const noexcept {
    return JsonInput{value_->get_array()[index]};
}

bool JsonInput::read(bool& result, ScalarError& error) const noexcept {
    static const ScalarError no_bool{"bool_type", "Input should be a valid boolean"};
    static const ScalarError uninterpretable{"bool_parsing",
                                             "Input should be a valid boolean, unable to interpret input"};
    double number = 0;
    switch (value_->kind()) {
        case json::kind::bool_:
            result = value_->get_bool();
            return true;
        case json::kind::string:
            return parse_scalar(view(value_->get_string()), result, error);
        case json::kind::int64:
            number = static_cast<double>(value_->get_int64());
            break;
        case json::kind::double_:
            number = value_->get_double();
            break;
        default:
            error = no_bool;
            return false;
    }
    result = number == 1;
    if (number == 0 || number == 1) return true;
    // A whole number might have meant one of the two; another one is of another type.
    error = std::trunc(number) == number && std::abs(number) < 0x1p63 ? uninterpretable : no_bool;
    return false;
}

bool JsonInput::read(double& result, ScalarError& error) const noexcept {
    switch (value_->kind()) {
        case json::kind::double_:
            result = value_->get_double();
            return true;
        case json::kind::int64:
            result = static_cast<double>(value_->get_int64());
            return true;
        case json::kind::uint64:
            result = static_cast<double>(value_->get_uint64());
            return true;
        case json::kind::bool_:
            result = value_->get_bool() ? 1 : 0;
            return true;
        case json::kind::string:
            return parse_scalar(view(value_->get_string()), result, error);
        default:
            error = {"float_type", "Input should be a valid number"};
            return false;
    }
}

bool JsonInput::read(Integer& result, ScalarError& error) const noexcept {
    switch (value_->kind()) {
        case json::kind::int64: {
            const std::int64_t number = value_->get_int64();
            result.negative = number < 0;
            result.magnitude = result.negative ? std::uint64_t{0} - static_cast<std::uint64_t>(number)
                                               : static_cast<std::uint64_t>(number);
            return true;
        }
        case json::kind::uint64:
            result = {false, value_->get_uint64()};
            return true;
        case json::kind::bool_:
            result = {false, value_->get_bool() ? 1U : 0U};
            return true;
        case json::kind::double_: {
            const double number = value_->get_double();
            if (!std::isfinite(number)) {
                error = {"finite_number", not_finite};
                return false;
            }
            if (std::trunc(number) != number) {
                error = {"int_from_float",
                         "Input should be a valid integer, got a number with a fractional part"};
                return false;
            }
            if (std::abs(number) >= 0x1p64) {
                error = {"int_parsing_size",
                         "Unable to parse input string as an integer, exceeded maximum size"};
                return false;
            }
            result = {number < 0, static_cast<std::uint64_t>(std::abs(number))};
            return true;
        }
        case json::kind::string:
            if (const ScalarError* failed = parse_integer(view(value_->get_string()), result)) {
                error = *failed;
                return false;
            }
            return true;
        default:
            error = {"int_type", "Input should be a valid integer"};
            return false;
    }
}

bool JsonInput::read(std::string_view& result, ScalarError& error) const noexcept {
    if (const json::string* text = value_->if_string()) {
        result = view(*text);
        return true;
    }
    error = {"string_type", "Input should be a valid string"};
    return false;
}

void BodyBinder::refuse(const Location& location, const ScalarError& error, JsonInput input) const {
    errors.add(location, {error.type, error.message, echo(input), error.context_name, error.context_value});
}

void BodyBinder::missing(const Location& location, JsonInput enclosing) const {
    errors.add(location, {"missing", "Field required", echo(enclosing)});
}

BodyResult read_json_body(const Request& request, ValidationErrors& errors) {
    const std::string_view text = request.body();
    if (text.empty()) {
        errors.add(body_location, {"missing", "Field required", nullptr});
        return {};
    }
    if (!is_json(request.header("content-type").value_or(""))) {
        errors.add(body_location,
                   {"model_attributes_type",
                    "Input should be a valid dictionary or object to extract fields from", text});
        return {};
    }
    const auto document = read_json(text, request.allocator());
    if (document) {
        if (!(*document)->is_null()) return {JsonInput{**document}, std::nullopt};
        errors.add(body_location, {"missing", "Field required", nullptr});
        return {};
    }
    if (!is_utf8(text)) {
        return {std::nullopt, Response::json_text(R"({"detail":"There was an error parsing the body"})")
                                  .with_status(Status::bad_request)};
    }
    errors.add(Location{&body_location, document.error().position},
               {"json_invalid", "JSON decode error", std::initializer_list<JsonMember>{}, "error",
                document.error().message});
    return {};
}

void refuse_parameter(ValidationErrors& errors, std::string_view place, std::string_view name,
                      const ScalarError& error, std::string_view input) {
    const Location root{nullptr, place};
    errors.add(Location{&root, name},
               {error.type, error.message, input, error.context_name, error.context_value});
}

void missing_parameter(ValidationErrors& errors, std::string_view place, std::string_view name) {
    const Location root{nullptr, place};
    errors.add(Location{&root, name}, {"missing", "Field required", nullptr});
}

}  // namespace zigmund::http::detail
