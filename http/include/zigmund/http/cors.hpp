// Cors: which other sites' pages may use the application from a browser (the Fetch standard's CORS protocol).
//
//     app.use(http::Cors{{.allow_origins = {"https://shop.example"}, .allow_methods = {"GET", "POST"}}});
//
// Answers a browser's question beforehand (OPTIONS with `origin` and `access-control-request-method`) itself:
// 200 "OK", or 400 "Disallowed CORS origin, method, headers" with what applies. To other requests with an
// `origin` it adds the fields that let the browser hand the answer on. A request is not refused for its
// origin: the browser is who keeps the answer from the page.
//
// Threads: called by all workers. Cost: a look at the request's fields; allowed origins are compared one by
// one. Allocates in the request's arena alone. Memory: the options', on the heap.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/middleware.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace zigmund::http::inline v0 {

/// Which pages may do what. By default no page may do anything.
struct CorsOptions {
    /// "https://shop.example", "http://localhost:3000", or "*" for all.
    std::vector<std::string> allow_origins = {};
    /// For origins that are not listed: `Pattern<"^https://.*\\.example$">::matches`. It is searched for, so
    /// it begins with ^ and ends with $.
    bool (*allow_origin_pattern)(std::string_view origin) = nullptr;
    /// "*" for DELETE, GET, HEAD, OPTIONS, PATCH, POST and PUT.
    std::vector<std::string> allow_methods = {"GET"};
    /// Fields that a page may send; "*" for all. Accept, Accept-Language, Content-Language and Content-Type
    /// always may.
    std::vector<std::string> allow_headers = {};
    /// Whether cookies and credentials may come along.
    bool allow_credentials = false;
    /// Whether a public site may reach this server in a private network.
    bool allow_private_network = false;
    /// Fields of the answer that a page may read.
    std::vector<std::string> expose_headers = {};
    /// How long a browser need not ask again.
    std::chrono::seconds max_age{600};
};

class ZIGMUND_EXPORT Cors {
  public:
    /// Throws std::invalid_argument for what no browser would ever match:
    ///
    ///     zigmund: Cors: the origin "a.example" is not a scheme, "://" and a host, as in https://shop.example
    ///     zigmund: Cors: the origin "https://a.example/" ends with a path, which origins do not have
    ///     zigmund: Cors: "G T" is no method
    ///     zigmund: Cors: "a b" is no header field's name
    ///     zigmund: Cors: max_age is negative
    explicit Cors(const CorsOptions& options);

    /// Answers a question beforehand itself; adds fields to the answer of the rest to any other request with
    /// an `origin`. Throws std::bad_alloc, and what the rest throws.
    Response operator()(Request& request, Next next) const;

  private:
    [[nodiscard]] bool allows(std::string_view origin) const noexcept;
    [[nodiscard]] Response shared(const Request& request, Response response, std::string_view origin) const;
    [[nodiscard]] Response preflight(const Request& request, std::string_view origin,
                                     std::string_view method) const;

    CorsOptions options_;
    bool all_origins_ = false;
    bool all_headers_ = false;
    std::string methods_;  ///< as they are sent
    std::string headers_;
    std::string exposed_;
    std::string max_age_;
};

}  // namespace zigmund::http::inline v0
