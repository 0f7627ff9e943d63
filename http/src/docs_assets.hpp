// What the pages of the documentation are made of: files of the npm packages swagger-ui-dist and redoc,
// packed with gzip when the library was built, and a few of our own (http/docs_assets).
#pragma once

#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

struct DocsAsset {
    std::string_view name;  ///< "swagger-ui.css"
    std::string_view content_type;
    std::string_view etag;     ///< with its quotes
    std::string_view content;  ///< packed with gzip
};

/// All of them; empty: the library was built without.
[[nodiscard]] std::span<const DocsAsset> docs_assets() noexcept;

}  // namespace zigmund::http::inline v0
