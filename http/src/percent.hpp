// Percent-decoding of paths and queries (RFC 3986, 2.1).
#pragma once

#include <zigmund/alloc/allocator.hpp>

#include <string_view>

namespace zigmund::http::inline v0 {

enum class Plus : bool { plus, blank };

/// `text` with each `%41` decoded, and each `+` turned into a blank if asked. An escape that is none stays as
/// it is. A text without escapes is returned as it is; any other is written into `arena`. Throws
/// std::bad_alloc.
[[nodiscard]] std::string_view percent_decode(std::string_view text, Plus plus, alloc::Allocator arena);

/// Whether `text`, decoded as percent_decode() does, is `plain`.
[[nodiscard]] bool percent_equal(std::string_view text, Plus plus, std::string_view plain) noexcept;

}  // namespace zigmund::http::inline v0
