// ForwardedHeaders: behind a proxy, who the client is and how it came, by what the proxy says.
//
//     app.use(http::ForwardedHeaders{{.trusted = {"127.0.0.1", "10.0.0.0/8"}}});
//
// Of a connection from a trusted address, `x-forwarded-for` says the client (the last address that is not
// trusted itself) and `x-forwarded-proto` whether it came over TLS. From other addresses the fields are not
// looked at: anybody can write them. Added last, so that it is the outermost and the others see the client.
//
// Threads: called by all workers. Cost: a block of the request's arena for the client. Memory: the options',
// on the heap.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/middleware.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace zigmund::http::inline v0 {

/// Whom to believe.
struct ForwardedHeadersOptions {
    /// Addresses and networks of proxies: "127.0.0.1", "::1", "10.0.0.0/8". What comes through a unix socket
    /// is always trusted.
    std::vector<std::string> trusted = {"127.0.0.1", "::1"};
};

class ZIGMUND_EXPORT ForwardedHeaders {
  public:
    /// Throws std::invalid_argument "zigmund: ForwardedHeaders: "localhost" is no IP address or network".
    explicit ForwardedHeaders(const ForwardedHeadersOptions& options = {});

    /// Sets the client and the scheme of the request if it comes from a trusted address, and goes on. Throws
    /// std::bad_alloc, and what the rest throws.
    Response operator()(Request& request, Next next) const;

  private:
    struct Network {
        std::array<std::byte, 16> address{};
        std::size_t size = 0;  ///< of the address
        std::size_t bits = 0;  ///< of the prefix
    };
    [[nodiscard]] bool trusts(std::span<const std::byte> address) const noexcept;

    std::vector<Network> trusted_;
};

}  // namespace zigmund::http::inline v0
