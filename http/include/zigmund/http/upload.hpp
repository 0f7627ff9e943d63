// Upload: a file that a client sent in a form.
//
//     http::Response set_avatar(http::File<"avatar"> avatar, alloc::Allocator arena) {
//         if (avatar->content_type() != "image/png")
//             throw http::HttpError{http::Status::unsupported_media_type};
//         avatar->save_as("/srv/avatars/7.png");
//         return http::Response::json(arena, {{"saved", avatar->size()}});
//     }
//
// Of a request's files, what fits a megabyte lies in memory; what goes beyond is written to a file without a
// name while it arrives, so that a large upload takes no more memory than a small one. The file is closed,
// and so gone unless it was saved, when the response was sent and the background tasks have run.
//
// Nothing of what it says is to be trusted: the client writes it. filename() may name a path; safe_filename()
// is one name.
//
// Threads: one. Cost: of reading, a copy or a system call; of saving, a link if the file system is the same,
// and a copy otherwise. Never: keeps an offset, so that readers do not meet.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/field.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

namespace detail {

/// A part of a multipart body, in the request's arena.
struct FormPart {
    std::string_view name;
    std::string_view filename;
    std::string_view content_type;
    std::span<const Field> headers;
    std::uint64_t size = 0;
    std::string_view memory;  ///< the contents, but for those in a file
    int descriptor = -1;      ///< of the file
    bool is_file = false;
    FormPart* next = nullptr;
};

inline constexpr FormPart no_part{};

}  // namespace detail

class ZIGMUND_EXPORT Upload {
  public:
    /// No file: empty in all it says.
    Upload() noexcept = default;
    /// `part` outlives it: the request keeps both.
    explicit Upload(const detail::FormPart& part) noexcept : part_{&part} {}

    /// The name that the client gives to the file, as it sent it. It may be a path, and lead anywhere.
    [[nodiscard]] std::string_view filename() const noexcept { return part_->filename; }
    /// filename() as a name in a directory, in memory of `arena`: what stands behind its last slash or
    /// backslash, without control characters and dots at its begin, at most 255 bytes; "upload" if nothing is
    /// left. Throws std::bad_alloc.
    [[nodiscard]] std::string_view safe_filename(alloc::Allocator arena) const;
    /// As the client says; empty: it does not.
    [[nodiscard]] std::string_view content_type() const noexcept { return part_->content_type; }
    /// In bytes.
    [[nodiscard]] std::uint64_t size() const noexcept { return part_->size; }
    /// The header fields of its part, in their order.
    [[nodiscard]] std::span<const Field> headers() const noexcept { return part_->headers; }
    /// The value of the first of that name (any case).
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;

    /// The contents, if they are in memory; for as long as the request. Empty: they are in a file.
    [[nodiscard]] std::optional<std::string_view> view() const noexcept {
        return part_->descriptor < 0 ? std::optional{part_->memory} : std::nullopt;
    }
    /// The file that they are in, open for reading and writing, without a name; it belongs to the request.
    /// -1: they are in memory.
    [[nodiscard]] int descriptor() const noexcept { return part_->descriptor; }

    /// Reads what lies from `offset` on into `piece`, as much of it as there is: 0 only at the end, or for an
    /// empty `piece`. Throws std::system_error.
    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<char> piece) const;
    /// The contents, whole: view(), or read into memory of `arena`. Throws std::system_error, std::bad_alloc.
    [[nodiscard]] std::string_view read_all(alloc::Allocator arena) const;

    /// Makes it the file at `path`, which the program chooses; a file that is there is replaced, at once and
    /// as a whole. Throws std::system_error, and leaves nothing then; std::bad_alloc.
    void save_as(std::string_view path) const;
    /// Saves it in a directory under its safe_filename(), and returns the path, in memory of `arena`. Never
    /// replaces a file, because the client chooses the name: throws std::system_error for one that is there
    /// (std::errc::file_exists), and for anything else; std::bad_alloc.
    std::string_view save_in(std::string_view directory, alloc::Allocator arena) const;

  private:
    void write_to(const char* path, bool replace) const;

    const detail::FormPart* part_ = &detail::no_part;
};

namespace detail {

/// What a parameter can be that takes files of one name.
template <class T>
concept UploadValue = std::same_as<T, Upload> || std::same_as<T, std::optional<Upload>> ||
                      std::same_as<T, std::span<const Upload>>;

}  // namespace detail
}  // namespace zigmund::http::inline v0
