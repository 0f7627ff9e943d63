#include "unmatched.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "error_response.hpp"
#include "framing.hpp"

namespace zigmund::http {
namespace {

/// "GET, HEAD, OPTIONS", in the request's arena.
std::string_view list(Methods methods, alloc::Allocator arena) {
    std::array<char, 64> text;  // all the names and commas take less
    char* end = text.data();
    const auto append = [&end](std::string_view part) { end = std::ranges::copy(part, end).out; };
    methods.add(Method::options);  // which is answered for every path
    for (std::size_t i = 0; i < method_count; ++i) {
        const auto method = static_cast<Method>(i);
        if (!methods.has(method)) continue;
        if (end != text.data()) append(", ");
        append(to_string(method));
    }
    return arena.dupe(std::string_view{text.data(), static_cast<std::size_t>(end - text.data())});
}

/// The text of several parts, in the arena.
std::string_view join(std::initializer_list<std::string_view> parts, alloc::Allocator arena) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    const std::span<char> text = arena.alloc<char>(size);
    auto out = text.begin();
    for (const std::string_view part : parts) out = std::ranges::copy(part, out).out;
    return {text.data(), text.size()};
}

std::string_view without_slashes(std::string_view path) noexcept {
    return path.substr(0, path.find_last_not_of('/') + 1);
}

/// Where the client finds the route whose path differs by the slash at its end; empty: nowhere.
std::string_view other_slash(const Request& request, const RouteTree& routes) {
    const std::optional<Target> target = split_target(request.target(), false);
    if (!target) return {};
    const alloc::Allocator arena = request.allocator();
    std::string_view path = target->path;
    std::string_view end;
    if (request.path().ends_with('/')) {
        // The path may end with an encoded slash: there is nothing to take off then.
        path = without_slashes(path);
        if (path.empty() || path.size() == target->path.size()) return {};
        if (!routes.has_path(without_slashes(request.path()))) return {};
    } else {
        end = "/";
        if (!routes.has_path(join({request.path(), end}, arena))) return {};
    }
    const std::string_view query = target->query;
    const std::string_view host =
        target->authority.empty() ? request.header("host").value_or("") : target->authority;
    // Without a host the path alone is the reference, and one that began with two slashes would name a host.
    if (host.empty() && path.starts_with("//")) return {};
    return join({host.empty() ? "" : "http://", host, path, end, query.empty() ? "" : "?", query}, arena);
}

}  // namespace

Response unmatched(Request& request, const RouteTree::Match& match, const RouteTree& routes,
                   bool redirect_slashes) {
    const alloc::Allocator arena = request.allocator();
    if (!match.allowed.empty()) {
        const Response answer = request.method() == Method::options
                                    ? Response{Status::no_content}
                                    : error_response(Status::method_not_allowed);
        return answer.with_header(arena, "allow", list(match.allowed, arena));
    }
    if (redirect_slashes) {
        const std::string_view location = other_slash(request, routes);
        if (!location.empty())
            return Response{Status::temporary_redirect}.with_header(arena, "location", location);
    }
    return error_response(Status::not_found);
}

}  // namespace zigmund::http
