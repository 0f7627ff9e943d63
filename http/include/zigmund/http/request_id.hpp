// RequestId: a name for each request, by which its client, its logs and its handlers speak of it.
//
//     app.use(http::RequestId{});
//
// Takes over the name that the client or a proxy gave (`x-request-id`) if it is 1 to 128 letters, digits and
// `-._~+/=:`; makes one otherwise: 32 hexadecimal digits, of which 122 bits are random. `request.id()` is it;
// it stands in the answer, in the access log, and in the lines on stderr about the request.
//
// Threads: called by all workers, each with a generator of its own, which is seeded by the system. Cost: 32
// bytes of the request's arena. The names are not secrets: who sees many can compute the next.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/middleware.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <string>

namespace zigmund::http::inline v0 {

/// Where the name stands, and who gives it.
struct RequestIdOptions {
    /// The field's name, of the request and of the answer.
    std::string header = "x-request-id";
    /// Whether a name that the client gives is taken over.
    bool trust_client = true;
};

class ZIGMUND_EXPORT RequestId {
  public:
    /// Throws std::invalid_argument "zigmund: RequestId: "a b" is no header field's name".
    explicit RequestId(const RequestIdOptions& options = {});

    /// Gives the request its id, and its answer the field. Throws std::bad_alloc, and what the rest throws.
    Response operator()(Request& request, Next next) const;

  private:
    RequestIdOptions options_;
};

}  // namespace zigmund::http::inline v0
