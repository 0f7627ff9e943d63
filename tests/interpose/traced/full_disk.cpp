// A file system that knows no fallocate(), is interrupted, and is full after a hundred pages.
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace {

int interruptions = 0;
int pages = 0;

bool is_interrupted() {
    errno = EINTR;
    return ++interruptions % 3 == 1;
}

}  // namespace

extern "C" [[gnu::visibility("default")]] int fallocate(int /*file*/, int /*mode*/, off_t /*begin*/,
                                                        off_t /*size*/) {
    if (!is_interrupted()) errno = EOPNOTSUPP;
    return -1;
}

extern "C" [[gnu::visibility("default")]] ssize_t pwrite(int file, const void* data, std::size_t size,
                                                         off_t at) {
    if (is_interrupted()) return -1;
    ++pages;
    if (pages == 101) size = std::min<std::size_t>(size, 1000);
    if (pages > 101) {
        errno = ENOSPC;
        return -1;
    }
    return ::syscall(SYS_pwrite64, file, data, size, at);
}
