#include "file_body.hpp"

#include <sys/sendfile.h>

#include <algorithm>

namespace zigmund::http::inline v0 {

std::int64_t FileSender::send(int socket) noexcept {
    constexpr std::uint64_t at_once = std::uint64_t{1} << 20;
    const detail::FilePart& part = parts_.front();
    auto offset = static_cast<off_t>(part.offset + sent_);
    const ssize_t sent = ::sendfile(socket, descriptor_, &offset,
                                    static_cast<std::size_t>(std::min(part.size - sent_, at_once)));
    if (sent > 0) sent_ += static_cast<std::uint64_t>(sent);
    return sent;
}

std::int64_t FileSender::send(TlsStream& tls) noexcept {
    const detail::FilePart& part = parts_.front();
    const ssize_t sent = tls.send_file(descriptor_, part.offset + sent_, part.size - sent_);
    if (sent > 0) sent_ += static_cast<std::uint64_t>(sent);
    return sent;
}

void FileSender::advance() noexcept {
    while (!parts_.empty() && text_taken_ && sent_ == parts_.front().size) {
        parts_ = parts_.subspan(1);
        sent_ = 0;
        text_taken_ = false;
    }
}

}  // namespace zigmund::http::inline v0
