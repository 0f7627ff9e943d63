#include <zigmund/http/cors.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "ascii.hpp"
#include "text.hpp"

namespace zigmund::http::inline v0 {
namespace {

[[noreturn]] void refuse(std::string_view before, std::string_view what, std::string_view after) {
    throw std::invalid_argument(
        std::string{"zigmund: Cors: "}.append(before).append("\"").append(what).append("\"").append(after));
}

void check_origin(std::string_view origin) {
    if (origin == "*") return;
    const std::size_t scheme = origin.find("://");
    if (scheme == std::string_view::npos || scheme == 0 || scheme + 3 == origin.size())
        refuse("the origin ", origin, " is not a scheme, \"://\" and a host, as in https://shop.example");
    if (origin.find('/', scheme + 3) != std::string_view::npos)
        refuse("the origin ", origin, " ends with a path, which origins do not have");
}

bool has_star(const std::vector<std::string>& list) { return std::ranges::find(list, "*") != list.end(); }

std::string listed(const std::vector<std::string>& list) {
    std::string text;
    for (const std::string& one : list) text.append(text.empty() ? "" : ", ").append(one);
    return text;
}

}  // namespace

Cors::Cors(const CorsOptions& options) : options_{options} {
    for (const std::string& origin : options_.allow_origins) check_origin(origin);
    for (const std::string& method : options_.allow_methods)
        if (!ascii::is_token(method)) refuse("", method, " is no method");
    for (const std::vector<std::string>* list : {&options_.allow_headers, &options_.expose_headers})
        for (const std::string& name : *list)
            if (!ascii::is_token(name)) refuse("", name, " is no header field's name");
    if (options_.max_age.count() < 0) throw std::invalid_argument("zigmund: Cors: max_age is negative");

    all_origins_ = has_star(options_.allow_origins);
    if (has_star(options_.allow_methods))
        options_.allow_methods = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"};
    methods_ = listed(options_.allow_methods);
    all_headers_ = has_star(options_.allow_headers);
    if (!all_headers_) {
        // Those that need no permission, and the order that Starlette sends them in.
        std::vector<std::string>& names = options_.allow_headers;
        for (const char* safe : {"Accept", "Accept-Language", "Content-Language", "Content-Type"})
            if (std::ranges::none_of(names, [&](std::string_view name) { return equal_names(name, safe); }))
                names.emplace_back(safe);
        std::ranges::sort(names);
        headers_ = listed(names);
    }
    exposed_ = listed(options_.expose_headers);
    max_age_ = std::to_string(options_.max_age.count());
}

bool Cors::allows(std::string_view origin) const noexcept {
    return all_origins_ ||
           (options_.allow_origin_pattern != nullptr && options_.allow_origin_pattern(origin)) ||
           std::ranges::find(options_.allow_origins, origin) != options_.allow_origins.end();
}

Response Cors::operator()(Request& request, Next next) const {
    const std::optional<std::string_view> origin = request.header("origin");
    if (!origin) return next(request);
    if (request.method() == Method::options) {
        if (const auto method = request.header("access-control-request-method"))
            return preflight(request, *origin, *method);
    }
    return next(request).then([this, &request, origin = *origin](const Response& response) {
        return shared(request, response, origin);
    });
}

/// The answer, with what lets the browser give it to a page of `origin`.
Response Cors::shared(const Request& request, Response response, std::string_view origin) const {
    const alloc::Allocator arena = request.allocator();
    // In place of what the answer has: a second field of a name would make the browser refuse all.
    const auto set = [&](std::string_view name, std::string_view value) {
        response = response.without_header(arena, name).with_header(arena, name, value);
    };
    // A browser takes no "*" for a request that it sent cookies with.
    const bool names_origin = all_origins_ ? request.header("cookie").has_value() : allows(origin);
    if (names_origin || all_origins_) set("access-control-allow-origin", names_origin ? origin : "*");
    if (options_.allow_credentials) set("access-control-allow-credentials", "true");
    if (!exposed_.empty()) set("access-control-expose-headers", exposed_);
    return names_origin ? response.with_vary(arena, "Origin") : response;
}

Response Cors::preflight(const Request& request, std::string_view origin, std::string_view method) const {
    const alloc::Allocator arena = request.allocator();
    const auto headers = request.header("access-control-request-headers");
    const auto private_network = request.header("access-control-request-private-network");
    const bool names_origin = !all_origins_ || options_.allow_credentials;
    const bool allowed = allows(origin);
    Response response = Response::text("OK");
    if (names_origin) response = response.with_header(arena, "vary", "Origin");
    if (!names_origin || allowed)
        response = response.with_header(arena, "access-control-allow-origin", names_origin ? origin : "*");
    response = response.with_header(arena, "access-control-allow-methods", methods_)
                   .with_header(arena, "access-control-max-age", max_age_);
    if (!all_headers_)
        response = response.with_header(arena, "access-control-allow-headers", headers_);
    else if (headers)
        response = response.with_header(arena, "access-control-allow-headers", *headers);
    if (options_.allow_credentials)
        response = response.with_header(arena, "access-control-allow-credentials", "true");
    if (private_network && options_.allow_private_network)
        response = response.with_header(arena, "access-control-allow-private-network", "true");

    const auto has_all = [&](std::string_view wanted) {
        while (true) {
            const std::size_t comma = std::min(wanted.find(','), wanted.size());
            const std::string_view name = ascii::trim(wanted.substr(0, comma));
            if (std::ranges::none_of(options_.allow_headers,
                                     [&](std::string_view own) { return equal_names(own, name); }))
                return false;
            if (comma == wanted.size()) return true;
            wanted.remove_prefix(comma + 1);
        }
    };
    std::array<std::string_view, 4> wrong{};
    if (!allowed) wrong[0] = "origin";
    if (std::ranges::find(options_.allow_methods, method) == options_.allow_methods.end())
        wrong[1] = "method";
    if (headers && !all_headers_ && !has_all(*headers)) wrong[2] = "headers";
    if (private_network && !options_.allow_private_network) wrong[3] = "private-network";
    std::string_view text;
    for (const std::string_view what : wrong) {
        if (what.empty()) continue;
        text = text.empty() ? join({"Disallowed CORS ", what}, arena) : join({text, ", ", what}, arena);
    }
    if (text.empty()) return response;
    return response.with_body_of(Response::text(text)).with_status(Status::bad_request);
}

}  // namespace zigmund::http::inline v0
