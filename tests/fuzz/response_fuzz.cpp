// Responses made of anything: what is refused is refused by an exception, and what is written is read back by
// a parser that is not ours as one response, the same.
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ascii.hpp"
#include "fuzz.hpp"
#include "request_reader.hpp"
#include "wire_response.hpp"

namespace {

namespace http = zigmund::http;
namespace beast = boost::beast;
using zigmund::fuzz::check;

constexpr std::array statuses{http::Status::ok,
                              http::Status::created,
                              http::Status::no_content,
                              http::Status::reset_content,
                              http::Status::not_modified,
                              http::Status::bad_request,
                              http::Status::internal_server_error};

/// The next part of the input, up to a zero byte.
std::string_view part(std::string_view& text) {
    const std::string_view taken = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(taken.size() + 1, text.size()));
    return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    zigmund::fuzz::Input input{data, size};
    const http::Status status = statuses[input.byte() % statuses.size()];
    const bool keep_alive = input.byte() % 2 == 0;
    std::string_view text = input.text();

    zigmund::fuzz::CountedMemory memory;
    zigmund::alloc::Arena arena{memory.allocator()};
    http::Request request{arena.allocator()};
    const std::string body{part(text)};
    http::Response response = http::Response::text(std::string_view{body}).with_status(status);
    std::vector<std::pair<std::string_view, std::string_view>> fields;
    while (!text.empty() && fields.size() < 20) {
        const std::string_view name = part(text);
        const std::string_view value = part(text);
        try {
            if (name == "type") {
                response = response.with_content_type(value);
            } else if (name == "cookie") {
                response = response.with_cookie(arena.allocator(), {.name = "c", .value = value});
            } else if (name == "location") {
                (void)http::Response::redirect(arena.allocator(), value);
            } else {
                response = response.with_header(arena.allocator(), name, value);
                fields.emplace_back(name, value);
            }
        } catch (const std::invalid_argument&) {
            // Refused, and the response is what it was.
        }
    }
    const http::WireResponse wire = http::write_response(request, response, http::HttpDate{}, keep_alive);
    const std::string sent = std::string{wire.head}.append(wire.body);

    beast::http::response_parser<beast::http::string_body> parser;
    parser.header_limit(1U << 20);
    parser.eager(true);
    beast::error_code error;
    const std::size_t read = parser.put(boost::asio::buffer(sent), error);
    check(!error, "what was written can be read");
    check(read == sent.size(), "nothing stands behind the response");
    check(parser.is_done(), "the response is whole");
    const auto& message = parser.get();
    check(message.result_int() == static_cast<unsigned>(status), "the status is the same");
    check(message.keep_alive() == keep_alive, "so is whether the connection stays");
    const bool has_body = status != http::Status::no_content && status != http::Status::reset_content &&
                          status != http::Status::not_modified;
    check(message.body() == (has_body ? body : ""), "and the body");
    for (const auto& [name, value] : fields) {
        const auto range = message.equal_range(beast::string_view{name.data(), name.size()});
        const std::string_view trimmed = http::ascii::trim(value);
        check(std::any_of(range.first, range.second,
                          [&](const auto& field) {
                              return std::string_view{field.value().data(), field.value().size()} == trimmed;
                          }),
              "and every field");
    }
    return 0;
}
