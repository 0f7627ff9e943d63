// UnixListener: a unix socket that listens, and its file.
//
// Threads: remove_file() any; else one.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <string_view>

#include "file_descriptor.hpp"
#include "unix_address.hpp"

namespace zigmund::http::inline v0 {

class UnixListener {
  public:
    /// Listens at `path`, which check(ServeOptions) has accepted. The file of a server that is gone is
    /// replaced. Nobody can connect before the file has its mode. Throws std::system_error, address_in_use if
    /// somebody answers there; std::invalid_argument if the file is no socket.
    UnixListener(std::string_view path, unsigned mode);
    UnixListener(const UnixListener&) = delete;
    UnixListener& operator=(const UnixListener&) = delete;
    ~UnixListener() { remove_file(); }

    /// The socket, which is the caller's.
    [[nodiscard]] FileDescriptor take() noexcept { return std::move(socket_); }
    /// Nobody finds the socket any more. If the file at its path is another by now, that stays. Any thread,
    /// any number of times.
    void remove_file() noexcept;

  private:
    UnixAddress address_;
    FileDescriptor socket_;
    struct stat file_{};
    std::atomic<bool> there_ = false;
};

}  // namespace zigmund::http::inline v0
