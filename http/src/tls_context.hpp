// TlsContext: the certificate and the key of a server, for all of its workers.
//
// TLS 1.2 and 1.3, with forward secrecy alone; HTTP/1.1 by ALPN; no renegotiation, no compression. Sessions
// are resumed by tickets, so that the server remembers none.
//
// Threads: any. Cost: a lock for each connection that is opened, none after that.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "tls_stream.hpp"

struct ssl_ctx_st;

namespace zigmund::http::inline v0 {

class TlsContext {
  public:
    /// Reads the files, PEM: the certificate followed by those of its chain, and the key. Throws
    /// std::invalid_argument with one of the texts of Server's constructor.
    TlsContext(std::string certificate, std::string key);

    /// Reads them anew, for connections that come from now on. If they cannot be used, those that were read
    /// before stay. Throws as the constructor.
    void reload();

    /// For a connection that was accepted. Null: there is no memory for it.
    [[nodiscard]] TlsStream open(int socket) noexcept;

  private:
    struct Free {
        void operator()(ssl_ctx_st* context) const noexcept;
    };
    using Context = std::unique_ptr<ssl_ctx_st, Free>;
    [[nodiscard]] Context read() const;

    std::string certificate_;
    std::string key_;
    std::mutex lock_;
    Context context_;
};

}  // namespace zigmund::http::inline v0
