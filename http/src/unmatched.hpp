// unmatched: the answer to a request that no route takes.
#pragma once

#include <zigmund/http/response.hpp>

#include <optional>
#include <string_view>

#include "route_tree.hpp"

namespace zigmund::http::inline v0 {

/// In this order: 204 with Allow to OPTIONS; 405 with Allow; 307
/// to the same path with, or without, a slash at its end, if a route has that path and `redirect_slashes`,
/// behind `root`, which a proxy took off; 404. Throws std::bad_alloc.
[[nodiscard, gnu::cold]] Response unmatched(Request& request, const RouteTree::Match& match,
                                            const RouteTree& routes, bool redirect_slashes,
                                            std::string_view root);

/// The answer to OPTIONS of what has these methods: 204 with Allow. Throws std::bad_alloc.
[[nodiscard, gnu::cold]] Response answer_options(const Request& request, Methods methods);

/// 307 to the same URL with a slash at the end of its path, behind `root`; empty: the URL cannot be told.
/// Throws std::bad_alloc.
[[nodiscard, gnu::cold]] std::optional<Response> redirect_to_slash(const Request& request,
                                                                   std::string_view root);

}  // namespace zigmund::http::inline v0
