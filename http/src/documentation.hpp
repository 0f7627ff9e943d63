// Documentation: what an App serves of itself: its OpenAPI document, and the pages that show it.
//
// Threads: any, but for add_routes(). Cost of a warm request: no heap call; the document and the assets are
// sent from where they are.
#pragma once

#include <zigmund/http/app.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <string_view>

#include "openapi.hpp"
#include "route_tree.hpp"

namespace zigmund::http::inline v0 {

class Documentation {
  public:
    /// Of an App, which outlives it.
    explicit Documentation(const App& app) noexcept : app_{app} {}
    Documentation(const Documentation&) = delete;
    Documentation& operator=(const Documentation&) = delete;
    ~Documentation();

    /// Registers the routes that the AppInfo asks for. Throws RouteError, std::bad_alloc.
    void add_routes(RouteTree& routes);

    /// The document, without what a mount puts before its paths. Throws std::bad_alloc.
    [[nodiscard]] std::string_view document();

  private:
    template <Response (Documentation::*Serve)(Request&)>
    void add_route(RouteTree& routes, std::string_view path);
    void build();

    [[nodiscard]] Response serve_document(Request& request);
    [[nodiscard]] Response serve_swagger_ui(Request& request);
    [[nodiscard]] Response serve_redoc(Request& request);
    [[nodiscard]] Response serve_asset(Request& request);

    const App& app_;
    std::mutex building_;
    std::atomic<bool> built_ = false;
    // Behind built_: the document, in one block, and its parts around the gap for `servers`.
    std::string_view text_;
    OpenApi parts_;
    std::array<char, 20> etag_{};
};

}  // namespace zigmund::http::inline v0
