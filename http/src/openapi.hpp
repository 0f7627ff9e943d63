// The documentation of an App as an OpenAPI 3.1 document: its routes, in FastAPI's words.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/app.hpp>

#include <string_view>

namespace zigmund::http::inline v0 {

class RouteTree;

/// A document in JSON, with a gap for the member `servers`, or one comma with it, to go into.
struct OpenApi {
    std::string_view before;  ///< ends behind the value of `info`
    std::string_view after;   ///< begins with a comma
};

/// The document, in memory of `arena`. Throws std::bad_alloc.
[[nodiscard]] OpenApi write_openapi(const AppInfo& info, const RouteTree& routes, alloc::Allocator arena);

/// `,"servers":[{"url":"/api/v1"}]`, for the gap, in memory of `arena`; empty for "". Throws std::bad_alloc.
[[nodiscard]] std::string_view write_servers(std::string_view root_path, alloc::Allocator arena);

}  // namespace zigmund::http::inline v0
