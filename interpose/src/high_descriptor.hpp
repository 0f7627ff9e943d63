// Descriptors that the program does not meet.
#pragma once

#include <fcntl.h>

namespace zigmund::alloc::inline v0::interpose {

/// A copy high up, where a program that counts its descriptors from below does not look, or as high as the
/// process may have one; above standard error in any case. It is closed by exec(). Below 0: there is none, errno
/// says why.
[[nodiscard]] inline int copy_high(int descriptor) noexcept {
    int copy = -1;
    for (const int least : {1000, 100, 32, 3}) {
        copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, least);
        if (copy >= 0) break;
    }
    return copy;
}

}  // namespace zigmund::alloc::inline v0::interpose
