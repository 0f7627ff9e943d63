// BodyUse: what a route does with the body of its requests, known from the parameters of its handler.
#pragma once

#include <cstdint>

namespace zigmund::http {

enum class BodyUse : std::uint8_t {
    none,   ///< nobody looks at it
    whole,  ///< it is read into memory before the handler is called
};

}  // namespace zigmund::http
