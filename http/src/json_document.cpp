#include <zigmund/http/json_document.hpp>
#include <zigmund/http/json_writer.hpp>

#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "json_reader.hpp"

namespace zigmund::http::inline v0::detail {
namespace {

namespace json = boost::json;

std::string_view view(const json::string& text) noexcept { return {text.data(), text.size()}; }

/// "'a', 'b' or 'c'", where `last` is " or ".
std::string_view list(alloc::Allocator arena, std::span<const std::string_view> values,
                      std::string_view last) {
    std::size_t size = 0;
    for (const std::string_view value : values)
        size += value.size() + 2 + std::max<std::size_t>(last.size(), 2);
    const std::span<char> text = arena.alloc<char>(size);
    auto end = text.begin();
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i != 0) end = std::ranges::copy(i + 1 == values.size() ? last : ", ", end).out;
        *end++ = '\'';
        end = std::ranges::copy(values[i], end).out;
        *end++ = '\'';
    }
    return {text.begin(), end};
}

std::string_view join(alloc::Allocator arena, std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    const std::span<char> text = arena.alloc<char>(size);
    auto end = text.begin();
    for (const std::string_view part : parts) end = std::ranges::copy(part, end).out;
    return {text.begin(), end};
}

}  // namespace

bool JsonInput::is_null() const noexcept { return value_->is_null(); }

std::optional<std::string_view> JsonInput::text() const noexcept {
    const json::string* text = value_->if_string();
    if (text == nullptr) return std::nullopt;
    return view(*text);
}

std::optional<std::size_t> JsonInput::object_size() const noexcept {
    const json::object* object = value_->if_object();
    if (object == nullptr) return std::nullopt;
    return object->size();
}

std::string_view JsonInput::name(std::size_t index) const noexcept {
    const json::string_view key = value_->get_object().begin()[index].key();
    return {key.data(), key.size()};
}

JsonInput JsonInput::member(std::size_t index) const noexcept {
    return JsonInput{value_->get_object().begin()[index].value()};
}

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
                result = {number < 0, 0, true};
                return true;
            }
            result = {number < 0, static_cast<std::uint64_t>(std::abs(number))};
            // What is below the lowest integer is a double by now, perhaps that of the lowest integer.
            if (number == -0x1p63) ++result.magnitude;
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

void JsonInput::copy_to(json::value& result, alloc::Allocator arena) const {
    copy_json(*value_, arena, result);
}

bool DocumentBinder::read_other(JsonInput, Uuid&, ScalarError& error) noexcept {
    error = {"uuid_type", "UUID input should be a string, bytes or UUID object"};
    return false;
}

bool DocumentBinder::read_other(JsonInput input, Timestamp& result, ScalarError& error) noexcept {
    double seconds = 0;
    if (input.is_null() || input.get().is_bool() || !input.read(seconds, error)) {
        error = {"datetime_type", "Input should be a valid datetime"};
        return false;
    }
    return good(timestamp_of(seconds, result), error);
}

JsonValue DocumentBinder::echo(JsonInput input) noexcept {
    if (const std::optional<std::string_view> text = input.text()) return JsonValue{*text};
    return JsonValue{input.get()};
}

void DocumentBinder::refuse(const Location& location, const ScalarError& error, JsonInput input) const {
    errors_.add(location, {error.type, error.message, echo(input), error.context_name, error.context_value});
}

void DocumentBinder::refuse_literal(const Location& location, std::span<const std::string_view> values,
                                    JsonInput input) const {
    const std::string_view expected = list(arena_, values, " or ");
    errors_.add(location, {"literal_error", join(arena_, {"Input should be ", expected}), echo(input),
                           "expected", expected});
}

void DocumentBinder::refuse_tag(const Location& location, std::string_view name, std::optional<JsonInput> tag,
                                std::span<const std::string_view> values, JsonInput input) const {
    const std::string_view quoted = list(arena_, {&name, 1}, "");
    if (!tag) {
        errors_.add(location, {"union_tag_not_found",
                               join(arena_, {"Unable to extract tag using discriminator ", quoted}),
                               echo(input), "discriminator", quoted});
        return;
    }
    JsonWriter writer{arena_};
    writer.value(echo(*tag));
    const std::string_view sent = tag->text().value_or(writer.finish());
    const std::string_view expected = list(arena_, values, ", ");
    const std::span<JsonMember> more = arena_.alloc<JsonMember>(2);
    more[0] = {"tag", sent};
    more[1] = {"expected_tags", expected};
    errors_.add(location, {"union_tag_invalid",
                           join(arena_, {"Input tag '", sent, "' found using ", quoted,
                                         " does not match any of the expected tags: ", expected}),
                           echo(input), "discriminator", quoted, more});
}

std::string_view invalid_message(alloc::Allocator arena, const Invalid& invalid) {
    return join(arena, {"Value error, ", invalid.message});
}

void DocumentBinder::refuse_as_invalid(const Location& location, const Invalid& invalid,
                                       JsonInput input) const {
    const Location member{&location, invalid.member};
    errors_.add(invalid.member.empty() ? location : member,
                {"value_error", invalid_message(arena_, invalid),
                 echo(invalid.member.empty() ? input : input.member(invalid.member).value_or(input)), "error",
                 std::initializer_list<JsonMember>{}});
}

void DocumentBinder::missing(const Location& location, JsonInput enclosing) const {
    errors_.add(location, {"missing", "Field required", echo(enclosing)});
}

void DocumentBinder::forbid_extra(const Location& location, std::span<const std::string_view> names,
                                  JsonInput input) const {
    const std::size_t size = input.object_size().value_or(0);
    for (std::size_t i = 0; i < size; ++i) {
        if (std::ranges::find(names, input.name(i)) != names.end()) continue;
        errors_.add(Location{&location, input.name(i)},
                    {"extra_forbidden", "Extra inputs are not permitted", echo(input.member(i))});
    }
}

std::size_t DocumentBinder::array_size(JsonInput input, const Location& location) const {
    const std::optional<std::size_t> size = input.array_size();
    if (!size) refuse(location, {"list_type", "Input should be a valid list"}, input);
    return size.value_or(0);
}

bool DocumentBinder::is_object(JsonInput input, const Location& location) const {
    if (input.object_size()) return true;
    refuse(location,
           {"model_attributes_type", "Input should be a valid dictionary or object to extract fields from"},
           input);
    return false;
}

}  // namespace zigmund::http::inline v0::detail
