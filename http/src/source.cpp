#include <zigmund/http/http_error.hpp>
#include <zigmund/http/source.hpp>

#include <algorithm>
#include <array>

#include "ascii.hpp"
#include "multipart_form.hpp"
#include "percent.hpp"

namespace zigmund::http::inline v0::detail {
namespace {

bool is_form(const Request& request) noexcept {
    const std::string_view type = request.header("content-type").value_or("");
    return ascii::equal_ignoring_case(ascii::trim(type.substr(0, type.find(';'))),
                                      "application/x-www-form-urlencoded");
}

/// As a form in parts has: what costs little to send costs much to look through, once a parameter.
void check_form(std::string_view form) {
    constexpr std::size_t max_fields = 1000;
    if (form.size() > max_fields && static_cast<std::size_t>(std::ranges::count(form, '&')) >= max_fields)
        throw HttpError{Status::bad_request, "Too many fields. Maximum number of fields is 1000."};
}

/// Calls `f(name, value)` for each pair of a query or form, both as they were sent.
template <class F>
void each_pair(std::string_view text, F&& f) {
    while (!text.empty()) {
        const std::string_view pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(pair.size() + 1, text.size()));
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        f(pair.substr(0, equals), equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    }
}

/// Calls `f(name, value)` for each cookie, the value with its quotes.
template <class F>
void each_cookie(const Request& request, F&& f) {
    for (const Field& field : request.fields()) {
        if (!equal_names(field.name, "cookie")) continue;
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const std::string_view cookie = rest.substr(0, rest.find(';'));
            rest.remove_prefix(std::min(cookie.size() + 1, rest.size()));
            const std::size_t equals = cookie.find('=');
            if (equals == std::string_view::npos) continue;
            f(ascii::trim(cookie.substr(0, equals)), ascii::trim(cookie.substr(equals + 1)));
        }
    }
}

/// Calls `f(name, value)` for all that a source holds. A path has no pairs.
template <class F>
void each(const Request& request, Source source, F&& f) {
    switch (source) {
        case Source::path:
            break;
        case Source::query:
            each_pair(request.query_string(), f);
            break;
        case Source::header:
            for (const Field& field : request.fields()) f(field.name, field.value);
            break;
        case Source::cookie:
            each_cookie(request, f);
            break;
        case Source::form:
            if (!is_form(request)) break;
            check_form(request.body());
            each_pair(request.body(), f);
            break;
        case Source::multipart:
            for (const FormPart* part = form_parts(request); part != nullptr; part = part->next) {
                if (!part->is_file) f(part->name, part->memory);
            }
            break;
    }
}

/// What a parameter's source is in this request.
Source actual(const Request& request, Source source) noexcept {
    return source == Source::form && MultipartForm::find(request) != nullptr ? Source::multipart : source;
}

bool same_name(Source source, std::string_view sent, std::string_view name) noexcept {
    switch (source) {
        case Source::query:
        case Source::form:
            return percent_equal(sent, Plus::blank, name);
        case Source::header:
            return equal_names(sent, name);
        default:
            return sent == name;
    }
}

/// A cookie's value without quotes, and without the backslashes that those make necessary: \" and \054.
std::string_view unquote(std::string_view value, alloc::Allocator arena) {
    if (value.size() < 2 || value.front() != '"' || value.back() != '"') return value;
    value = value.substr(1, value.size() - 2);
    const std::size_t first = value.find('\\');
    if (first == std::string_view::npos) return value;

    const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
    const std::span<char> out = arena.alloc<char>(value.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        char c = value[i];
        if (c == '\\' && i + 1 < value.size()) {
            c = value[++i];
            if (c <= '3' && i + 2 < value.size() && is_octal(c) && is_octal(value[i + 1]) &&
                is_octal(value[i + 2])) {
                c = static_cast<char>((c - '0') * 64 + (value[i + 1] - '0') * 8 + (value[i + 2] - '0'));
                i += 2;
            }
        }
        out[size++] = c;
    }
    return {out.data(), size};
}

std::string_view decode(Source source, std::string_view text, alloc::Allocator arena) {
    switch (source) {
        case Source::query:
        case Source::form:
            return percent_decode(text, Plus::blank, arena);
        case Source::cookie:
            return unquote(text, arena);
        default:
            return text;
    }
}

std::string_view decode_name(Source source, std::string_view name, alloc::Allocator arena) {
    return source == Source::cookie ? name : decode(source, name, arena);
}

/// The one that was `sent`; null: none.
const KnownName* find_known(Source source, std::string_view sent, std::span<const KnownName> names) noexcept {
    for (const KnownName& known : names) {
        if (same_name(source, sent, known.name)) return &known;
    }
    return nullptr;
}

/// What was sent by that name, as an error echoes it: a list; if `one_is_alone`, one value by itself. Of
/// several cookies of a name there is one, the last.
JsonValue echo_values(const Request& request, Source source, std::string_view name, bool one_is_alone) {
    std::span<const std::string_view> values = find_values(request, source, name);
    if (source == Source::cookie) values = values.last(1);
    if (values.size() == 1 && one_is_alone) return values.front();
    return *request.allocator().create<std::span<const std::string_view>>(values);
}

}  // namespace

void prepare_form(Request& request) {
    if (const MultipartForm* const form = MultipartForm::of(request)) {
        form->check();
    } else if (is_form(request)) {
        if (std::ranges::count(request.body(), '&') >= static_cast<std::ptrdiff_t>(MultipartForm::max_fields))
            throw HttpError{Status::bad_request, MultipartForm::too_many_fields};
    } else if (request.strict_415() && !request.body().empty()) {
        throw HttpError{Status::unsupported_media_type};
    }
}

std::string_view place_name(Source source) noexcept {
    constexpr std::array<std::string_view, 6> names{"path", "query", "header", "cookie", "body", "body"};
    return names[static_cast<std::size_t>(source)];
}

std::optional<std::string_view> find_value(const Request& request, Source source, std::string_view name) {
    if (source == Source::path) return request.path_parameter(name);
    if (source == Source::header) return request.header(name);
    source = actual(request, source);
    std::optional<std::string_view> found;
    each(request, source, [&](std::string_view sent, std::string_view value) {
        if (same_name(source, sent, name)) found = value;
    });
    const bool form = source == Source::form || source == Source::multipart;
    if (!found || (form && found->empty())) return std::nullopt;
    return decode(source, *found, request.allocator());
}

std::span<const std::string_view> find_values(const Request& request, Source source, std::string_view name) {
    source = actual(request, source);
    std::size_t count = 0;
    const auto count_one = [&](std::string_view sent, std::string_view) {
        if (same_name(source, sent, name)) ++count;
    };
    each(request, source, count_one);
    if (count == 0) return {};

    const std::span<std::string_view> values = request.allocator().alloc<std::string_view>(count);
    std::size_t next = 0;
    each(request, source, [&](std::string_view sent, std::string_view value) {
        if (same_name(source, sent, name)) values[next++] = decode(source, value, request.allocator());
    });
    return values;
}

JsonValue echo_source(const Request& request, Source source, std::span<const KnownName> names) {
    constexpr std::size_t max_members = 64;
    source = actual(request, source);
    const alloc::Allocator arena = request.allocator();
    const std::span<JsonMember> members = arena.alloc<JsonMember>(max_members);
    std::size_t count = 0;
    bool too_many = false;
    const auto add = [&](std::string_view name, const JsonValue& value) {
        too_many = too_many || count == max_members;
        if (!too_many) members[count++] = {name, value};
    };
    for (const KnownName& known : names) {
        if (too_many) return nullptr;
        // An empty field of a form counts as one that is not there.
        const std::optional<std::string_view> text = find_value(request, source, known.name);
        if (text) add(known.name, known.is_list ? echo_values(request, source, known.name, false) : *text);
    }
    if (too_many) return nullptr;
    if (source == Source::header || source == Source::cookie)
        return std::span<const JsonMember>{members.first(count)};
    each(request, source, [&](std::string_view sent, std::string_view) {
        if (too_many || find_known(source, sent, names) != nullptr) return;
        const std::string_view name = decode_name(source, sent, arena);
        const auto used = members.first(count);
        if (std::ranges::find(used, name, &JsonMember::name) == used.end())
            add(name, echo_values(request, source, name, true));
    });
    if (too_many) return nullptr;
    return std::span<const JsonMember>{members.first(count)};
}

JsonValue echo_file(const FormPart& file, alloc::Allocator arena) {
    const std::span<JsonMember> members = arena.alloc<JsonMember>(2);
    members[0] = {"filename", file.filename};
    members[1] = {"size", file.size};
    return std::span<const JsonMember>{members};
}

void forbid_others(const Request& request, Source source, std::span<const KnownName> names,
                   ValidationErrors& errors) {
    const Location place{nullptr, place_name(source)};
    const alloc::Allocator arena = request.allocator();
    source = actual(request, source);
    std::span<std::string_view> refused;
    std::size_t count = 0;
    /// Whether it is to be refused, for the first time.
    const auto is_new = [&](std::string_view sent) {
        if (errors.size() == ValidationErrors::max_errors || find_known(source, sent, names) != nullptr)
            return false;
        const auto again = [&](std::string_view name) { return same_name(source, sent, name); };
        return std::ranges::none_of(refused.first(count), again);
    };
    const auto refuse = [&](std::string_view name, const JsonValue& input) {
        if (refused.empty()) refused = arena.alloc<std::string_view>(ValidationErrors::max_errors);
        refused[count++] = name;
        errors.add(Location{&place, name}, {"extra_forbidden", "Extra inputs are not permitted", input});
    };
    each(request, source, [&](std::string_view sent, std::string_view) {
        if (!is_new(sent)) return;
        const std::string_view name = decode_name(source, sent, arena);
        refuse(name, echo_values(request, source, name, true));
    });
    if (source != Source::multipart) return;
    for (const FormPart* part = form_parts(request); part != nullptr; part = part->next) {
        if (part->is_file && is_new(part->name)) refuse(part->name, echo_file(*part, arena));
    }
}

}  // namespace zigmund::http::inline v0::detail
