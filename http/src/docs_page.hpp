// The pages of the documentation, as HTML.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/app.hpp>

#include <string_view>

namespace zigmund::http::inline v0 {

enum class DocsPage : bool { swagger_ui, redoc };

/// A page, in memory of `arena`; it names everything by its way from the page's own path, so that it works
/// below a mount and behind a proxy, and runs no script of its own, so that it works under a content security
/// policy. Without assets it says how to get them. Throws std::bad_alloc.
[[nodiscard]] std::string_view write_docs_page(DocsPage page, const AppInfo& info, alloc::Allocator arena);

}  // namespace zigmund::http::inline v0
