// would_block(): what a call on a socket that does not block has failed with.
#pragma once

#include <cerrno>

namespace zigmund::http::inline v0 {

/// Whether the call that failed is to be made again when the socket is ready.
[[nodiscard]] inline bool would_block(int error) noexcept {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace zigmund::http::inline v0
