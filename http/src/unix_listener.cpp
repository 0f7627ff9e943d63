#include "unix_listener.hpp"

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace zigmund::http::inline v0 {
namespace {

void check(int result, const char* call) {
    if (result < 0) throw std::system_error(errno, std::system_category(), call);
}

FileDescriptor unix_socket() {
    FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    check(socket.get(), "socket");
    return socket;
}

/// Takes away the file of a server that is gone.
void make_room(const UnixAddress& address) {
    struct stat there{};
    if (::lstat(address.path(), &there) != 0) {
        if (errno == ENOENT) return;
        check(-1, "lstat");
    }
    if (!S_ISSOCK(there.st_mode))
        throw std::invalid_argument(std::string{"zigmund: unix_socket "}
                                        .append(address.path())
                                        .append(": there is a file that is no socket"));
    const FileDescriptor probe = unix_socket();
    if (::connect(probe.get(), address.data(), address.size()) == 0) errno = EADDRINUSE;
    // A queue that is full, or a socket of another kind, is somebody's as well.
    if (errno == EAGAIN || errno == EPROTOTYPE) errno = EADDRINUSE;
    if (errno != ECONNREFUSED) check(-1, "connect");
    if (::unlink(address.path()) != 0 && errno != ENOENT) check(-1, "unlink");
}

}  // namespace

UnixListener::UnixListener(std::string_view path, unsigned mode) : address_{path} {
    make_room(address_);
    socket_ = unix_socket();
    // The file is made with this mode, less what the umask takes from it, which is given back below: at no
    // time may anybody do more than the mode says.
    check(::fchmod(socket_.get(), mode), "fchmod");
    check(::bind(socket_.get(), address_.data(), address_.size()), "bind");
    there_ = true;
    try {
        check(::chmod(address_.path(), mode), "chmod");
        check(::lstat(address_.path(), &file_), "lstat");
        check(::listen(socket_.get(), SOMAXCONN), "listen");
    } catch (...) {
        ::unlink(address_.path());
        throw;
    }
}

void UnixListener::remove_file() noexcept {
    if (!there_.exchange(false)) return;
    struct stat now{};
    if (::lstat(address_.path(), &now) == 0 && now.st_dev == file_.st_dev && now.st_ino == file_.st_ino)
        ::unlink(address_.path());
}

}  // namespace zigmund::http::inline v0
