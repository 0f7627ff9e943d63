// timing_safe_equal(): whether a secret that a client sends is the right one, as Python's
// secrets.compare_digest() says it.
//
//     const auto key = request.header("x-api-key");
//     if (!key || !http::timing_safe_equal(*key, expected)) throw http::HttpError{http::Status::unauthorized};
//
// The operator == stops at the first byte that differs, and who measures how long the answers take finds out
// a secret byte by byte. This one takes the same time wherever the texts differ. What can be measured is how
// long the text that was sent is, which the sender knows.
//
// Threads: any. Cost: linear in `given`. Never: allocates.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <string_view>

namespace zigmund::http::inline v0 {

/// Whether `given`, of a client, is `secret`.
ZIGMUND_EXPORT [[nodiscard]] bool timing_safe_equal(std::string_view given, std::string_view secret) noexcept;

}  // namespace zigmund::http::inline v0
