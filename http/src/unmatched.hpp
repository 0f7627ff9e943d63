// unmatched: the answer to a request that no route takes.
#pragma once

#include <zigmund/http/response.hpp>

#include "route_tree.hpp"

namespace zigmund::http {

/// In this order: 204 with Allow to OPTIONS; 405 with Allow; 307
/// to the same path with, or without, a slash at its end, if a route has that path and `redirect_slashes`,
/// behind `root`, which a proxy took off; 404. Throws std::bad_alloc.
[[nodiscard, gnu::cold]] Response unmatched(Request& request, const RouteTree::Match& match,
                                            const RouteTree& routes, bool redirect_slashes,
                                            std::string_view root);

}  // namespace zigmund::http
