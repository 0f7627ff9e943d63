// Queries, forms and cookies against a reference; scalars read back as they were written; and an application
// that takes a parameter of every kind.
#include <zigmund/http/app.hpp>
#include <zigmund/http/source.hpp>

#include <boost/json/parse.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz.hpp"
#include "request_reader.hpp"

namespace fuzzed {
enum class Color { red, green };
BOOST_DESCRIBE_ENUM(Color, red, green)
struct Model {
    int a = 3;
    std::string_view b;
    std::span<const bool> c;
    static constexpr auto extra_members = zigmund::http::ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Model, (), (a, b, c))
}  // namespace fuzzed

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using http::detail::Source;
using zigmund::fuzz::check;
using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string digits{text.substr(i + 1, 2)};
        if (text[i] == '%' && digits.size() == 2 &&
            digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
            out.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
            i += 2;
        } else {
            out.push_back(text[i] == '+' ? ' ' : text[i]);
        }
    }
    return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t end = 0; (end = text.find(separator)) != std::string_view::npos;) {
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    parts.emplace_back(text);
    return parts;
}

Pairs pairs(std::string_view text) {
    Pairs result;
    for (const std::string& part : split(text, '&')) {
        if (part.empty()) continue;
        const std::size_t equals = std::min(part.find('='), part.size());
        result.emplace_back(decoded(part.substr(0, equals)),
                            decoded(part.substr(std::min(equals + 1, part.size()))));
    }
    return result;
}

/// What each value is, from the front and from the back, without blanks.
Pairs cookies(std::string_view text) {
    const auto trimmed = [](std::string part) {
        const std::size_t first = part.find_first_not_of(" \t\v\f\r\n");
        if (first == std::string::npos) return std::string{};
        return part.substr(first, part.find_last_not_of(" \t\v\f\r\n") - first + 1);
    };
    Pairs result;
    for (const std::string& part : split(text, ';')) {
        const std::size_t equals = part.find('=');
        if (equals != std::string::npos)
            result.emplace_back(trimmed(part.substr(0, equals)), trimmed(part.substr(equals + 1)));
    }
    return result;
}

void compare(const http::Request& request, Source source, const Pairs& sent) {
    for (const std::string_view name : {"a", "b", "", "a b", "%"}) {
        std::vector<std::string> wanted;
        for (const auto& [sent_name, value] : sent) {
            if (sent_name == name) wanted.push_back(value);
        }
        // Quotes are the business of a test of their own.
        const auto same = [source](std::string_view value, const std::string& reference) {
            return value == reference || (source == Source::cookie && reference.starts_with('"'));
        };
        const auto values = http::detail::find_values(request, source, name);
        check(values.size() == wanted.size(), "all values are found");
        for (std::size_t i = 0; i < values.size(); ++i)
            check(same(values[i], wanted[i]), "each is what was sent");
        const auto value = http::detail::find_value(request, source, name);
        const bool missing = wanted.empty() || (source == Source::form && wanted.back().empty());
        check(value.has_value() == !missing, "a value is found where there is one");
        if (value) check(same(*value, wanted.back()), "the last counts");
    }
}

void read_scalars(std::string_view text) {
    if (const auto uuid = http::Uuid::parse(text)) {
        std::array<char, http::Uuid::text_size> buffer;
        check(http::Uuid::parse(uuid->write(buffer)) == uuid, "a UUID reads back");
    }
    http::Timestamp time;
    if (http::detail::parse_timestamp(text, time) == nullptr) {
        std::array<char, http::detail::timestamp_size> buffer;
        http::Timestamp again;
        const std::string_view written = http::detail::write_timestamp(time, buffer);
        const bool four_digits =
            written.find('-', 1) == 4 && !written.starts_with("-") && !written.starts_with("0000");
        if (four_digits)
            check(http::detail::parse_timestamp(written, again) == nullptr && again == time,
                  "a time reads back");
    }
    (void)http::Pattern<"^(a|b+c?)*\\b[^x-z]{1,3}$|\\d\\W\xC3\xBC">::matches(text);
}

http::Response take_all(http::Query<std::optional<int>, "a", http::Ge<3>> a,
                        http::Query<std::string_view, "b", http::Default<"x">, http::MaxLength<5>> b,
                        http::Query<std::optional<std::span<const fuzzed::Color>>, "c", http::MaxLength<2>> c,
                        http::Query<std::optional<http::Uuid>, "d"> d,
                        http::Query<std::optional<http::Timestamp>, "e"> e,
                        http::Cookie<std::optional<double>, "a", http::MultipleOf<0.5>> cookie,
                        http::Header<std::optional<std::string_view>, "cookie", http::Pattern<"^a+=">> header,
                        alloc::Allocator arena) {
    return http::Response::json(
        arena, {{"a", a}, {"b", b}, {"c", c}, {"d", d}, {"e", e}, {"cookie", cookie}, {"header", header}});
}

http::Response take_models(http::Query<fuzzed::Model> query, http::Form<fuzzed::Model> form,
                           http::Cookie<fuzzed::Model> cookie, alloc::Allocator arena) {
    return http::Response::json(arena, {{"query", query}, {"form", form}, {"cookie", cookie}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = zigmund::fuzz::Input{data, size}.text();
    read_scalars(text);

    zigmund::fuzz::CountedMemory memory;
    alloc::Arena arena{memory.allocator()};
    http::App app{memory.allocator(), {}};
    app.get("/", take_all);
    app.post("/", take_models);
    for (const std::string_view method : {"GET", "POST"}) {
        const auto block = std::make_unique<std::array<char, http::RequestReader::block_size>>();
        http::RequestReader reader{*block, 1 << 20};
        http::Request request{arena.allocator()};
        std::string bytes =
            std::string{method}.append(" /?").append(text).append(" HTTP/1.1\r\nHost: x\r\nCookie: ");
        bytes.append(text).append("\r\n");
        if (method == "POST") {
            bytes.append("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ");
            bytes.append(std::to_string(text.size())).append("\r\n");
        }
        bytes.append("\r\n");
        if (method == "POST") bytes.append(text);
        if (bytes.size() > block->size()) return 0;
        (void)reader.next(request);
        std::memcpy(reader.prepare().data(), bytes.data(), bytes.size());
        if (reader.commit(bytes.size()) == http::RequestReader::State::complete) {
            compare(request, Source::query, pairs(request.query_string()));
            if (method == "POST") compare(request, Source::form, pairs(request.body()));
            compare(request, Source::cookie, cookies(request.header("cookie").value_or("")));
            const http::Response response = app.respond(request);
            check(response.status() == http::Status::ok ||
                      response.status() == http::Status::unprocessable_content,
                  "no input is an error of the server");
            boost::json::error_code error;
            boost::json::parse({response.body().data(), response.body().size()}, error);
            check(!error, "the answer is JSON");
        }
        reader.release();
    }
    return 0;
}
