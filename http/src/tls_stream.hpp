// TlsStream: a connection's part in TLS: what it sends and receives, encrypted.
//
// read(), write() and send_file() have the results of the system's calls: bytes, 0 for the end, -1 and errno.
//
// Threads: one. Memory: OpenSSL's, from the heap; between two records none but its state. Cost: an object
// without TLS is a null pointer.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

struct ssl_st;

namespace zigmund::http::inline v0 {

class TlsStream {
  public:
    enum class Handshake : std::uint8_t {
        done,
        later,   ///< when the socket is ready for events()
        plain,   ///< the client speaks HTTP without TLS
        failed,  ///< the client was told
    };

    TlsStream() = default;
    /// Takes it over.
    explicit TlsStream(ssl_st* ssl) noexcept : ssl_{ssl} {}
    TlsStream(TlsStream&& other) noexcept : ssl_{std::exchange(other.ssl_, nullptr)} {}
    TlsStream& operator=(TlsStream&& other) noexcept {
        std::swap(ssl_, other.ssl_);
        return *this;
    }
    ~TlsStream() {
        if (ssl_ != nullptr) end();
    }

    explicit operator bool() const noexcept { return ssl_ != nullptr; }

    Handshake handshake() noexcept;
    ssize_t read(std::span<char> into) noexcept;
    /// As much of the parts as fits into a record; what is not sent is to be offered again, the same first.
    ssize_t write(std::span<const iovec> parts) noexcept;
    /// The same of a file's bytes.
    ssize_t send_file(int file, std::uint64_t offset, std::uint64_t size) noexcept;
    /// Tells the client that nothing follows. Without it, what was sent last is not whole.
    void close() noexcept;

    /// What to wait for before the next handshake() or read(): what was decrypted and not yet read is
    /// announced by no socket, but a socket is ready for output in no time.
    [[nodiscard]] std::uint32_t events() const noexcept;
    /// Whether something is decrypted and not yet read.
    [[nodiscard]] bool holds_input() const noexcept;

  private:
    [[gnu::cold]] void end() noexcept;
    ssize_t result(int returned) noexcept;

    ssl_st* ssl_ = nullptr;
};

}  // namespace zigmund::http::inline v0
