#include "documentation.hpp"

#include <zigmund/alloc/arena.hpp>

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <new>
#include <span>
#include <string>

#include "ascii.hpp"
#include "docs_assets.hpp"
#include "docs_page.hpp"
#include "error_response.hpp"

namespace zigmund::http::inline v0 {
namespace {

/// Whether the client takes content that gzip has packed (RFC 9110, 12.5.3).
bool accepts_gzip(const Request& request) noexcept {
    std::string_view codings = request.header("accept-encoding").value_or("");
    while (!codings.empty()) {
        const std::size_t size = std::min(codings.find(','), codings.size());
        const std::string_view coding = codings.substr(0, size);
        codings.remove_prefix(std::min(size + 1, codings.size()));
        const std::size_t semicolon = std::min(coding.find(';'), coding.size());
        if (!ascii::equal_ignoring_case(ascii::trim(coding.substr(0, semicolon)), "gzip")) continue;
        const std::string_view weight = coding.substr(semicolon);
        return weight.find_first_of("123456789") != std::string_view::npos ||
               weight.find('=') == std::string_view::npos;
    }
    return false;
}

/// Adds what makes clients ask again each time, and be told that nothing has changed.
Response with_etag(const Request& request, const Response& response, std::string_view etag) {
    const alloc::Allocator arena = request.allocator();
    const std::string_view known = request.header("if-none-match").value_or("");
    const bool fresh = known == "*" || known.find(etag) != std::string_view::npos;
    return (fresh ? Response{Status::not_modified} : response)
        .with_header(arena, "cache-control", "no-cache")
        .with_header(arena, "etag", etag);
}

/// Unpacks an asset piece by piece, for the few clients that do not do it themselves.
class Inflater {
  public:
    Inflater(std::string_view packed, alloc::Allocator arena) : state_{arena.create<State>(arena)} {
        state_->stream.zalloc = [](void* opaque, unsigned count, unsigned size) -> void* {
            return static_cast<State*>(opaque)->arena.try_allocate(std::size_t{count} * size);
        };
        state_->stream.zfree = [](void*, void*) {};  // the arena's
        state_->stream.opaque = state_;
        state_->stream.next_in =
            const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(packed.data()));
        state_->stream.avail_in = static_cast<unsigned>(packed.size());
        constexpr int gzip = 16;
        if (::inflateInit2(&state_->stream, MAX_WBITS + gzip) != Z_OK) throw std::bad_alloc{};
    }

    Produced operator()(StreamWriter& out) {
        std::array<char, 16384> piece;
        state_->stream.next_out = reinterpret_cast<unsigned char*>(piece.data());
        state_->stream.avail_out = piece.size();
        const int result = ::inflate(&state_->stream, Z_NO_FLUSH);
        out.write({piece.data(), piece.size() - state_->stream.avail_out});
        if (result != Z_OK && result != Z_STREAM_END) throw std::bad_alloc{};
        return result == Z_OK ? Produced::more : Produced::end;
    }

  private:
    struct State {
        explicit State(alloc::Allocator of) noexcept : arena{of} {}
        alloc::Allocator arena;
        z_stream stream{};
    };
    State* state_;  ///< zlib's own state points to the stream, which therefore stays where it is
};

/// The path of a page's assets: "/docs/{asset}".
std::string assets_of(std::string_view page) {
    return std::string{page}.append(page.ends_with('/') ? "{asset}" : "/{asset}");
}

}  // namespace

Documentation::~Documentation() { app_.allocator().free(text_); }

template <Response (Documentation::*Serve)(Request&)>
void Documentation::add_route(RouteTree& routes, std::string_view path) {
    const Endpoint endpoint{.invoke = [](const void* self, Request& request) -> Response {
                                auto* documentation = static_cast<Documentation*>(const_cast<void*>(self));
                                return (documentation->*Serve)(request);
                            },
                            .destroy = [](alloc::Allocator, void*) noexcept {},
                            .handler = this,
                            .body_use = BodyUse::none,
                            .path_names = {},
                            .info = nullptr};
    inject::Singletons none{app_.allocator()};  // it uses nothing of the application's
    const auto add = [&](Method method) {
        routes.add(
            {.method = method, .path = path, .name = {}, .tags = {}, .dependencies = {}, .middleware = {}},
            endpoint, none);
    };
    add(Method::get);
    // FastAPI's strictness is about the routes of the application.
    if (app_.info().fastapi_strict_head) add(Method::head);
}

void Documentation::add_routes(RouteTree& routes) {
    const AppInfo& info = app_.info();
    if (info.openapi_url.empty()) return;
    add_route<&Documentation::serve_document>(routes, info.openapi_url);
    if (!info.docs_url.empty()) {
        add_route<&Documentation::serve_swagger_ui>(routes, info.docs_url);
        add_route<&Documentation::serve_asset>(routes, assets_of(info.docs_url));
    }
    if (!info.redoc_url.empty()) {
        add_route<&Documentation::serve_redoc>(routes, info.redoc_url);
        add_route<&Documentation::serve_asset>(routes, assets_of(info.redoc_url));
    }
}

void Documentation::build() {
    const std::lock_guard lock{building_};
    if (built_.load(std::memory_order_relaxed)) return;
    const alloc::Allocator allocator = app_.allocator();
    alloc::Arena arena{allocator};
    const OpenApi parts = write_openapi(app_.info(), *app_.routes_, arena);
    const std::string_view servers = write_servers(app_.info().root_path, arena);

    JsonWriter whole{allocator};
    for (const std::string_view part : {parts.before, servers, parts.after}) whole.raw(part);
    text_ = allocator.dupe(whole.text());
    parts_ = {text_.substr(0, parts.before.size()), text_.substr(parts.before.size() + servers.size())};

    std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
    for (const char c : text_) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    etag_.fill('0');
    etag_.front() = etag_.back() = '"';
    std::to_chars(etag_.data() + 1, etag_.data() + etag_.size() - 1, hash, 16);
    built_.store(true, std::memory_order_release);
}

std::string_view Documentation::document() {
    if (!built_.load(std::memory_order_acquire)) build();
    return text_;
}

Response Documentation::serve_document(Request& request) {
    std::string_view text = document();
    // Where it is mounted, and what is before the outermost application, the request alone knows.
    if (const std::string_view root = request.root_path(); root != app_.info().root_path) {
        JsonWriter out{request.allocator()};
        out.raw(parts_.before);
        out.raw(write_servers(root, request.allocator()));
        out.raw(parts_.after);
        text = out.finish();
    }
    return with_etag(request, Response::text(text).with_content_type("application/json"),
                     {etag_.data(), etag_.size()});
}

Response Documentation::serve_swagger_ui(Request& request) {
    return Response::html(write_docs_page(DocsPage::swagger_ui, app_.info(), request.allocator()));
}

Response Documentation::serve_redoc(Request& request) {
    return Response::html(write_docs_page(DocsPage::redoc, app_.info(), request.allocator()));
}

Response Documentation::serve_asset(Request& request) {
    const std::string_view name = request.path_parameter("asset").value_or("");
    const std::span<const DocsAsset> assets = docs_assets();
    const auto asset = std::ranges::find(assets, name, &DocsAsset::name);
    if (asset == assets.end()) return error_response(Status::not_found);
    const alloc::Allocator arena = request.allocator();
    const Response response =
        accepts_gzip(request) ? Response::text(asset->content).with_header(arena, "content-encoding", "gzip")
                              : Response::stream(arena, Inflater{asset->content, arena});
    return with_etag(request, response.with_content_type(asset->content_type), asset->etag)
        .with_header(arena, "vary", "accept-encoding");
}

}  // namespace zigmund::http::inline v0
