#include "url.hpp"

#include <zigmund/http/json_writer.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include "ascii.hpp"

namespace zigmund::http::inline v0 {
namespace {

[[noreturn]] void refuse(std::string_view why, std::string_view name, std::string_view more = {},
                         std::string_view parameter = {}, std::string_view end = {}) {
    throw std::invalid_argument(
        std::string{"zigmund: url_for: "}.append(why).append(name).append(more).append(parameter).append(
            end));
}

/// A value as the text that stands for it in a path: text as it is, what is written as text without its
/// quotes.
std::string_view text_of(const JsonValue& value, alloc::Allocator arena) {
    if (const std::optional<std::string_view> text = value.text()) return *text;
    JsonWriter writer{arena};
    writer.value(value);
    const std::string_view written = writer.finish();
    return written.starts_with('"') ? written.substr(1, written.size() - 2) : written;
}

/// Whether the text, as a segment or the rest of a path, comes back as the parameter's value.
bool leads_back(SegmentKind kind, std::string_view text) noexcept {
    if (kind != SegmentKind::rest && text.find('/') != std::string_view::npos) return false;
    // A client takes `.` and `..` for steps through the path, also percent-encoded (RFC 3986, 5.2.4).
    for (std::string_view rest = text;;) {
        const std::size_t slash = rest.find('/');
        const std::string_view segment = rest.substr(0, slash);
        if (segment == "." || segment == "..") return false;
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    return accepts(kind, text);
}

class Writer {
  public:
    Writer(alloc::Allocator arena, std::size_t size) : out_{arena.alloc<char>(size)} {}

    void text(std::string_view part) noexcept {
        std::ranges::copy(part, out_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += part.size();
    }
    /// With all that is neither unreserved nor a slash percent-encoded.
    void encoded(std::string_view part) noexcept {
        constexpr std::string_view digits = "0123456789ABCDEF";
        for (const char c : part) {
            if (ascii::is_alpha(c) || ascii::is_digit(c) ||
                std::string_view{"-._~/"}.find(c) != std::string_view::npos) {
                out_[size_++] = c;
                continue;
            }
            const auto byte = static_cast<unsigned char>(c);
            out_[size_++] = '%';
            out_[size_++] = digits[byte >> 4];
            out_[size_++] = digits[byte & 15];
        }
    }
    [[nodiscard]] std::string_view view() const noexcept { return {out_.data(), size_}; }

  private:
    std::span<char> out_;
    std::size_t size_ = 0;
};

}  // namespace

std::string_view encode_path(alloc::Allocator arena, std::string_view path) {
    Writer out{arena, 3 * path.size()};
    out.encoded(path);
    return out.view();
}

std::string_view make_url(const RouteTree& routes, alloc::Allocator arena, std::string_view name,
                          std::span<const JsonMember> parameters) {
    const Route* const route = routes.find_name(name);
    if (route == nullptr) refuse("no route is called \"", name, "\"");
    for (const JsonMember& given : parameters) {
        if (std::ranges::find(route->parameter_names, given.name) == route->parameter_names.end())
            refuse("", name, " has no parameter {", given.name, "}");
    }

    std::array<std::string_view, Request::max_path_parameters> values;
    std::size_t size = 3 * route->path.size();
    for (std::size_t i = 0; i < route->parameter_names.size(); ++i) {
        const auto given = std::ranges::find(parameters, route->parameter_names[i], &JsonMember::name);
        if (given == parameters.end())
            refuse("", name, " needs a value for {", route->parameter_names[i], "}");
        values[i] = text_of(given->value, arena);
        size += 3 * values[i].size();
    }

    Writer out{arena, size};
    std::size_t next = 0;
    for (std::string_view rest = route->path.substr(1);;) {
        const std::size_t slash = rest.find('/');
        const Segment segment = parse_segment(rest.substr(0, slash));
        out.text("/");
        if (segment.kind != SegmentKind::text) {
            if (!leads_back(segment.kind, values[next]))
                refuse("", name, ": the value of {", segment.text, "} would not lead to its route");
            out.encoded(values[next++]);
        } else {
            out.encoded(segment.text);
        }
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    // Two slashes at the start would name a host, and a client would go there.
    if (out.view().starts_with("//"))
        refuse("", name, ": the value of {", route->parameter_names.front(), "} would not lead to its route");
    return out.view();
}

}  // namespace zigmund::http::inline v0
