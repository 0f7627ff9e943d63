// make_url: from a route's name and the values of its parameters to a path.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/json_value.hpp>

#include <span>
#include <string_view>

#include "route_tree.hpp"

namespace zigmund::http::inline v0 {

/// See App::url_for().
[[nodiscard]] std::string_view make_url(const RouteTree& routes, alloc::Allocator arena,
                                        std::string_view name, std::span<const JsonMember> parameters);

/// With all that is neither unreserved nor a slash percent-encoded, in memory of `arena`. Throws
/// std::bad_alloc.
[[nodiscard]] std::string_view encode_path(alloc::Allocator arena, std::string_view path);

}  // namespace zigmund::http::inline v0
