// FileBody, FileSender: a body that lies in a file, or in parts of one with text between them.
//
// Threads: one. Cost: the bytes go from the file to the socket in the kernel (sendfile), through no memory of
// ours; but with TLS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "file_descriptor.hpp"
#include "tls_stream.hpp"

namespace zigmund::http::inline v0 {

namespace detail {

struct FilePart {
    std::string_view text;  ///< goes before it
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// Lives in the request's arena, which closes the file.
class FileBody {
  public:
    FileBody(FileDescriptor file, std::span<const FilePart> parts) noexcept
        : file_{std::move(file)}, parts_{parts} {}

    [[nodiscard]] int descriptor() const noexcept { return file_.get(); }
    [[nodiscard]] std::span<const FilePart> parts() const noexcept { return parts_; }
    /// Bytes of the whole body.
    [[nodiscard]] std::uint64_t size() const noexcept {
        std::uint64_t size = 0;
        for (const FilePart& part : parts_) size += part.text.size() + part.size;
        return size;
    }

  private:
    FileDescriptor file_;
    std::span<const FilePart> parts_;
};

}  // namespace detail

class FileSender {
  public:
    FileSender() = default;
    explicit FileSender(const detail::FileBody& body) noexcept
        : descriptor_{body.descriptor()}, parts_{body.parts()} {}

    [[nodiscard]] bool active() const noexcept { return !parts_.empty(); }
    /// The text that is to be sent next; empty: bytes of the file are.
    [[nodiscard]] std::string_view take_text() noexcept {
        if (text_taken_) return {};
        text_taken_ = true;
        return parts_.front().text;
    }
    /// Sends some bytes of the file to a socket. -1: errno says why not; 0: the file is shorter than it was.
    [[nodiscard]] std::int64_t send(int socket) noexcept;
    [[nodiscard]] std::int64_t send(TlsStream& tls) noexcept;
    /// Moves over parts that are sent.
    void advance() noexcept;

  private:
    int descriptor_ = -1;
    std::span<const detail::FilePart> parts_;
    std::uint64_t sent_ = 0;  ///< of the first part
    bool text_taken_ = false;
};

}  // namespace zigmund::http::inline v0
