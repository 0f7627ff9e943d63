#include "unmatched.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "error_response.hpp"
#include "framing.hpp"
#include "text.hpp"

namespace zigmund::http::inline v0 {
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

std::string_view without_slashes(std::string_view path) noexcept {
    return path.substr(0, path.find_last_not_of('/') + 1);
}

/// The URL that `path` and `end` make of the request's; empty: it would lead elsewhere.
std::string_view with_path(const Request& request, std::string_view root, std::string_view path,
                           std::string_view end, std::string_view query) {
    const std::string_view host = request.host();
    // Without a host the path alone is the reference, and one that began with two slashes would name a host.
    if (host.empty() && root.empty() && path.starts_with("//")) return {};
    const std::string_view scheme = host.empty() ? std::string_view{} : request.scheme();
    return join({scheme, host.empty() ? "" : "://", host, root, path, end, query.empty() ? "" : "?", query},
                request.allocator());
}

Response redirect(const Request& request, std::string_view location) {
    return Response{Status::temporary_redirect}.with_header(request.allocator(), "location", location);
}

/// Where the client finds the route whose path differs by the slash at its end; empty: nowhere.
std::string_view other_slash(const Request& request, const RouteTree& routes, std::string_view root) {
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
    return with_path(request, root, path, end, target->query);
}

}  // namespace

Response answer_options(const Request& request, Methods methods) {
    const alloc::Allocator arena = request.allocator();
    return Response{Status::no_content}.with_header(arena, "allow", list(methods, arena));
}

std::optional<Response> redirect_to_slash(const Request& request, std::string_view root) {
    const std::optional<Target> target = split_target(request.target(), false);
    if (!target) return std::nullopt;
    const std::string_view location = with_path(request, root, target->path, "/", target->query);
    if (location.empty()) return std::nullopt;
    return redirect(request, location);
}

Response unmatched(Request& request, const RouteTree::Match& match, const RouteTree& routes,
                   bool redirect_slashes, std::string_view root) {
    const alloc::Allocator arena = request.allocator();
    if (!match.allowed.empty()) {
        if (request.method() == Method::options) return answer_options(request, match.allowed);
        return error_response(Status::method_not_allowed)
            .with_header(arena, "allow", list(match.allowed, arena));
    }
    if (redirect_slashes) {
        const std::string_view location = other_slash(request, routes, root);
        if (!location.empty()) return redirect(request, location);
    }
    return error_response(Status::not_found);
}

}  // namespace zigmund::http::inline v0
