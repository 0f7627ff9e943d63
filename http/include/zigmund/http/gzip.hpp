// Gzip: bodies compressed for clients that take them so.
//
//     app.use(http::Gzip{});
//     app.use(http::Gzip{{.minimum_size = 1000, .level = 6}});
//
// Compresses text that the handler gives, files and streams: what a stream has made by the time that it waits
// is sent, not held back. Left as they are: bodies below the minimum, what has a `content-encoding`, parts of
// files (206), `text/event-stream`, images, audio, video, fonts and archives, and answers with
// `cache-control: no-transform`. The rest says `vary: Accept-Encoding`; what is compressed has an entity tag
// that is weak, and no length to ask for ranges of. A client takes gzip if its `accept-encoding` gives it, or
// `*`, a weight above zero and not below that of `identity`.
//
// Threads: called by all workers. Cost: zlib's: at level 9 some 50 ms a MiB of text, at level 1 a fifth of
// that, and the worker serves nobody else meanwhile, but for files and streams, which are compressed piece by
// piece. Memory: the compressed text in the request's arena; zlib's state of 260 KiB for each body that is
// compressed at a time, of which a thread keeps four, so that a warm request makes no heap call.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/middleware.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <cstddef>

namespace zigmund::http::inline v0 {

/// What is compressed, and how well.
struct GzipOptions {
    /// Shorter bodies are not worth it, in bytes. Those of streams are not known, and compressed.
    std::size_t minimum_size = 500;
    /// 1: fast, to 9: small.
    int level = 9;
};

class ZIGMUND_EXPORT Gzip {
  public:
    /// Throws std::invalid_argument "zigmund: Gzip: level is 12: it is from 1 to 9".
    explicit Gzip(const GzipOptions& options = {});

    /// The answer of the rest, compressed if the client takes it so and it is worth it. Throws
    /// std::bad_alloc, and what the rest throws.
    Response operator()(Request& request, Next next) const;

  private:
    [[nodiscard]] Response compressed(const Request& request, const Response& response) const;

    GzipOptions options_;
};

}  // namespace zigmund::http::inline v0
