// Field: a header field, of a request or of a response.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <string_view>

namespace zigmund::http::inline v0 {

struct Field {
    /// A token (RFC 9110, 5.6.2), in the case that its author wrote it in.
    std::string_view name;
    /// Of a request, without the blanks around it (RFC 9110, 5.5).
    std::string_view value;
};

/// Field names compare without regard to case (RFC 9110, 5.1). O(length).
ZIGMUND_EXPORT [[nodiscard]] bool equal_names(std::string_view a, std::string_view b) noexcept;

}  // namespace zigmund::http::inline v0
