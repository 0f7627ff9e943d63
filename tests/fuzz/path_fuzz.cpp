// Percent-decoding against a reference, and the router against a search through all templates.
#include <zigmund/alloc/print.hpp>
#include <zigmund/http/app.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz.hpp"
#include "percent.hpp"
#include "request_reader.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using zigmund::fuzz::check;

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string decoded(std::string_view text, bool plus_is_blank) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && text.size() - i > 2 && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
            out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
            i += 2;
        } else {
            out.push_back(text[i] == '+' && plus_is_blank ? ' ' : text[i]);
        }
    }
    return out;
}

constexpr std::array<std::string_view, 9> templates{
    "/", "/a", "/a/b", "/a/{x}", "/{x}/b", "/a/{x}/c", "/{x}/{y}/d", "/{x}/{y}/{z}", "/a/b/"};

/// Which template it was, in the handler's state, and all parameters.
struct Answer {
    std::string_view path;

    http::Response operator()(http::Request& request, alloc::Allocator arena) const {
        return http::Response::text(arena.print(
            "{}|{}|{}|{}", path, request.path_parameter("x").value_or("-"),
            request.path_parameter("y").value_or("-"), request.path_parameter("z").value_or("-")));
    }
};

std::vector<std::string_view> segments(std::string_view path) {
    std::vector<std::string_view> result;
    path.remove_prefix(1);
    for (std::size_t slash = 0; (slash = path.find('/')) != std::string_view::npos;) {
        result.push_back(path.substr(0, slash));
        path.remove_prefix(slash + 1);
    }
    result.push_back(path);
    return result;
}

/// The best match by the documented rule: from left to right, text before a parameter.
std::string expected(std::string_view path) {
    if (!path.starts_with('/')) return {};
    const std::vector<std::string_view> parts = segments(path);
    std::string best;
    std::string best_kinds;
    for (const std::string_view candidate : templates) {
        const std::vector<std::string_view> names = segments(candidate);
        if (names.size() != parts.size()) continue;
        std::array<std::string_view, 3> values{"-", "-", "-"};
        std::string kinds;
        bool good = true;
        for (std::size_t i = 0; i < parts.size() && good; ++i) {
            const bool parameter = names[i].starts_with('{');
            kinds.push_back(parameter ? 'p' : 'a');
            if (parameter) values[static_cast<std::size_t>(names[i][1] - 'x')] = parts[i];
            good = parameter ? !parts[i].empty() : names[i] == parts[i];
        }
        if (!good || (!best_kinds.empty() && kinds > best_kinds)) continue;
        best_kinds = kinds;
        best = std::string{candidate}.append("|").append(values[0]).append("|").append(values[1]);
        best.append("|").append(values[2]);
    }
    return best;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = zigmund::fuzz::Input{data, size}.text();
    zigmund::fuzz::CountedMemory memory;
    alloc::Arena arena{memory.allocator()};
    check(http::percent_decode(text, http::Plus::plus, arena.allocator()) == decoded(text, false),
          "a path is decoded");
    check(http::percent_decode(text, http::Plus::blank, arena.allocator()) == decoded(text, true),
          "a query is decoded");

    // Without the pages of documentation, which are routes of their own.
    http::App app{memory.allocator(), {.openapi_url = {}, .redirect_slashes = false}};
    for (const std::string_view path : templates) app.get(path, Answer{path});
    const auto block = std::make_unique<std::array<char, http::RequestReader::block_size>>();
    http::RequestReader reader{*block, 0};
    http::Request request{arena.allocator()};
    const std::string bytes = "GET " + std::string{text} + " HTTP/1.1\r\nHost: x\r\n\r\n";
    if (bytes.size() > block->size()) return 0;
    (void)reader.next(request);
    std::memcpy(reader.prepare().data(), bytes.data(), bytes.size());
    if (reader.commit(bytes.size()) == http::RequestReader::State::complete) {
        const http::Response response = app.respond(request);
        const std::string best = expected(request.path());
        if (best.empty()) {
            check(response.status() == http::Status::not_found, "what no template matches is not found");
        } else {
            check(response.body() == best, "the best template answers");
        }
        for (const std::string_view name : {"q", "x", ""}) (void)request.query(name);
    }
    reader.release();
    return 0;
}
