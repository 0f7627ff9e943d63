// BodyUse: what a route does with the body of its requests, known from the parameters of its handler.
#pragma once

#include <cstdint>

namespace zigmund::http::inline v0 {

/// From the least work to the most: of several, the greatest counts.
enum class BodyUse : std::uint8_t {
    none,   ///< nobody looks at it
    whole,  ///< it is read into memory before the handler is called
    files,  ///< if it is a multipart form, its files go to disk where they are large
};

}  // namespace zigmund::http::inline v0
