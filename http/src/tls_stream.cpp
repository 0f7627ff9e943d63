#include "tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace zigmund::http::inline v0 {
namespace {

// The most that a record holds (RFC 8446, 5.1).
constexpr std::size_t record = std::size_t{16} << 10;

/// Head and body are one record: gathered here, and copied into OpenSSL's memory before anything else is.
thread_local constinit std::array<char, record> gathered{};

}  // namespace

TlsStream::Handshake TlsStream::handshake() noexcept {
    ::ERR_clear_error();
    const int returned = ::SSL_accept(ssl_);
    if (returned == 1) return Handshake::done;
    const int error = ::SSL_get_error(ssl_, returned);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Handshake::later;
    const int reason = ERR_GET_REASON(::ERR_peek_error());
    ::SSL_set_quiet_shutdown(ssl_, 1);
    return error == SSL_ERROR_SSL && reason == SSL_R_HTTP_REQUEST ? Handshake::plain : Handshake::failed;
}

/// What the system would have returned.
ssize_t TlsStream::result(int returned) noexcept {
    if (returned > 0) return returned;
    switch (::SSL_get_error(ssl_, returned)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            errno = EAGAIN;
            return -1;
        case SSL_ERROR_ZERO_RETURN:
            return 0;
        default:
            // Nothing may be said to the client after that.
            ::SSL_set_quiet_shutdown(ssl_, 1);
            errno = ECONNRESET;
            return -1;
    }
}

ssize_t TlsStream::read(std::span<char> into) noexcept {
    ::ERR_clear_error();
    return result(::SSL_read(ssl_, into.data(), static_cast<int>(into.size())));
}

ssize_t TlsStream::write(std::span<const iovec> parts) noexcept {
    std::size_t size = 0;
    for (const iovec& part : parts) {
        const std::size_t taken = std::min(part.iov_len, record - size);
        if (taken != 0) std::memcpy(gathered.data() + size, part.iov_base, taken);
        size += taken;
    }
    ::ERR_clear_error();
    return result(::SSL_write(ssl_, gathered.data(), static_cast<int>(size)));
}

ssize_t TlsStream::send_file(int file, std::uint64_t offset, std::uint64_t size) noexcept {
    const ssize_t got =
        ::pread(file, gathered.data(), std::min<std::uint64_t>(size, record), static_cast<off_t>(offset));
    if (got <= 0) return got;
    ::ERR_clear_error();
    return result(::SSL_write(ssl_, gathered.data(), static_cast<int>(got)));
}

void TlsStream::close() noexcept {
    ::ERR_clear_error();
    if (::SSL_is_init_finished(ssl_) == 1) ::SSL_shutdown(ssl_);
}

std::uint32_t TlsStream::events() const noexcept {
    if ((::SSL_get_shutdown(ssl_) & SSL_SENT_SHUTDOWN) != 0) return EPOLLIN;  // nobody reads any more
    return holds_input() || SSL_want_write(ssl_) ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

bool TlsStream::holds_input() const noexcept { return ::SSL_pending(ssl_) != 0; }

void TlsStream::end() noexcept { ::SSL_free(ssl_); }

}  // namespace zigmund::http::inline v0
