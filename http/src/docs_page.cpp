#include "docs_page.hpp"

#include <algorithm>
#include <memory_resource>
#include <string>
#include <utility>

#include "docs_assets.hpp"

namespace zigmund::http::inline v0 {
namespace {

using Text = std::pmr::string;

Text escape(std::string_view text, alloc::Allocator arena) {
    Text result{arena};
    for (const char c : text) {
        switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            default:
                result += c;
        }
    }
    return result;
}

/// How a browser that shows `page` finds `path`: "../openapi.json".
Text relative(std::string_view page, std::string_view path, alloc::Allocator arena) {
    Text result{arena};
    for (auto slashes = std::ranges::count(page, '/'); slashes > 1; --slashes) result += "../";
    result.append(path.substr(1));
    if (result.empty()) result = ".";
    return result;
}

/// The folder of a page's assets, from the page: "docs/" of "/docs", "" of "/docs/".
Text folder(std::string_view page, alloc::Allocator arena) {
    Text result{page.substr(page.rfind('/') + 1), arena};
    if (!result.empty()) result += '/';
    return result;
}

constexpr std::string_view without_assets = R"(<body style="font-family: sans-serif; margin: 3em">
<h1>This server was built without the assets of this page</h1>
<p>The documentation itself is there: <a href="OPENAPI">OPENAPI</a>.</p>
<p>To get the page, run <code>npm ci</code> in <code>http/docs_assets</code> of zigmund, and configure and
build it again; or set the CMake variable <code>ZIGMUND_DOCS_ASSETS</code> to a folder
<code>node_modules</code> that holds <code>swagger-ui-dist</code> and <code>redoc</code>.</p>
</body>
)";

constexpr std::string_view swagger_ui = R"(<body>
<div id="swagger-ui"></div>
<script src="FOLDERswagger-ui-bundle.js"></script>
<script src="FOLDERswagger-ui-start.js" data-openapi="OPENAPI" data-redirect="FOLDERoauth2-redirect"></script>
</body>
)";

constexpr std::string_view redoc = R"(<body style="margin: 0">
<div id="redoc"></div>
<noscript>ReDoc requires Javascript to function. Please enable it to browse the documentation.</noscript>
<script src="FOLDERredoc.standalone.js"></script>
<script src="FOLDERredoc-start.js" data-openapi="OPENAPI"></script>
</body>
)";

/// Puts values in the place of the words of a page.
Text fill(std::string_view text, std::string_view assets, std::string_view openapi, alloc::Allocator arena) {
    Text result{text, arena};
    for (const auto& [mark, value] : {std::pair{std::string_view{"FOLDER"}, assets}, {"OPENAPI", openapi}}) {
        for (std::size_t at = 0; (at = result.find(mark, at)) != Text::npos; at += value.size())
            result.replace(at, mark.size(), value);
    }
    return result;
}

}  // namespace

std::string_view write_docs_page(DocsPage page, const AppInfo& info, alloc::Allocator arena) {
    const bool is_redoc = page == DocsPage::redoc;
    const std::string_view own = is_redoc ? info.redoc_url : info.docs_url;
    const Text assets = escape(folder(own, arena), arena);
    const bool complete = !docs_assets().empty();
    Text text{
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
        arena};
    text.append(escape(info.title, arena))
        .append(is_redoc ? " - ReDoc" : " - Swagger UI")
        .append("</title>\n");
    if (complete) text.append("<link rel=\"icon\" href=\"").append(assets).append("favicon.png\">\n");
    if (complete && !is_redoc)
        text.append("<link rel=\"stylesheet\" href=\"").append(assets).append("swagger-ui.css\">\n");
    text.append("</head>\n")
        .append(fill(!complete  ? without_assets
                     : is_redoc ? redoc
                                : swagger_ui,
                     assets, escape(relative(own, info.openapi_url, arena), arena), arena))
        .append("</html>\n");
    return arena.dupe(std::string_view{text});
}

}  // namespace zigmund::http::inline v0
