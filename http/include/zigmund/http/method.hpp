// Method: the request methods of RFC 9110 and RFC 5789 that a route can be registered for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zigmund::http::inline v0 {

/// `other` is any method token that has no route: it is answered with 405 or 404.
enum class Method : std::uint8_t {
    get,      ///< RFC 9110, 9.3.1
    head,     ///< RFC 9110, 9.3.2
    post,     ///< RFC 9110, 9.3.3
    put,      ///< RFC 9110, 9.3.4
    patch,    ///< RFC 5789
    delete_,  ///< RFC 9110, 9.3.5
    options,  ///< RFC 9110, 9.3.7
    other,    ///< any other token
};

inline constexpr std::size_t method_count = static_cast<std::size_t>(Method::other);

namespace detail {
inline constexpr std::array<std::string_view, method_count> method_names{"GET",   "HEAD",   "POST",   "PUT",
                                                                         "PATCH", "DELETE", "OPTIONS"};
}

/// The token of the method, `"GET"`; for `other`, `"OTHER"`. Static storage.
[[nodiscard]] constexpr std::string_view to_string(Method method) noexcept {
    return method == Method::other ? "OTHER" : detail::method_names[static_cast<std::size_t>(method)];
}

/// The method of a token; case counts (RFC 9110, 9.1).
[[nodiscard]] constexpr Method to_method(std::string_view token) noexcept {
    for (std::size_t i = 0; i < method_count; ++i) {
        if (detail::method_names[i] == token) return static_cast<Method>(i);
    }
    return Method::other;
}

}  // namespace zigmund::http::inline v0
