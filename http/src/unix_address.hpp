// UnixAddress: the name of a unix socket, as the system takes it.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace zigmund::http::inline v0 {

class UnixAddress {
  public:
    /// The longest path, whose end is a NUL.
    static constexpr std::size_t max_size = sizeof(sockaddr_un::sun_path) - 1;

    /// `path` is no longer than max_size. With '@' in front, if `may_be_abstract`, it is no file.
    explicit UnixAddress(std::string_view path, bool may_be_abstract = false) noexcept {
        address_.sun_family = AF_UNIX;
        std::ranges::copy(path, address_.sun_path);
        size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
        if (may_be_abstract && path.starts_with('@')) {
            address_.sun_path[0] = '\0';
            --size_;  // such a name has a length instead of an end
        }
    }

    [[nodiscard]] const sockaddr* data() const noexcept {
        // The socket interface takes every address family through one type.
        const void* const any = &address_;
        return static_cast<const sockaddr*>(any);
    }
    [[nodiscard]] socklen_t size() const noexcept { return size_; }
    [[nodiscard]] const char* path() const noexcept { return address_.sun_path; }

  private:
    sockaddr_un address_{};
    socklen_t size_;
};

}  // namespace zigmund::http::inline v0
