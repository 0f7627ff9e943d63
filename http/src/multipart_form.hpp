// MultipartForm: the parts of a multipart/form-data body (RFC 7578), fed in pieces as they arrive, or whole.
//
// Values and files lie in the request's arena, until the files together exceed a megabyte: the one that does
// goes on in a SpoolFile, as do those behind it, but for small ones, which are not worth a descriptor. Of a
// body that is fed whole, nothing is copied. What is wrong with the form is kept until somebody asks for it.
//
// Threads: one. Cost: linear in the body. Memory: besides the parts that stay, a few hundred bytes for each.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/body_limits.hpp>
#include <zigmund/http/http_error.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/status.hpp>
#include <zigmund/http/upload.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "multipart_parser.hpp"

namespace zigmund::http::inline v0 {

/// Whether a body of that Content-Type is a multipart form.
[[nodiscard]] bool is_multipart_form(std::string_view content_type) noexcept;

class MultipartForm final : private MultipartParser::Handler {
  public:
    static constexpr std::size_t max_files = 1000;
    static constexpr std::size_t max_fields = 1000;
    static constexpr std::string_view too_many_fields = "Too many fields. Maximum number of fields is 1000.";
    /// A value that is no file.
    static constexpr std::size_t max_value = std::size_t{1} << 20;
    /// Files stay in memory up to here, all of a request's together.
    static constexpr std::size_t max_memory = std::size_t{1} << 20;
    /// A file up to this size stays in memory even beyond that: of max_files, 16 MiB together at most.
    static constexpr std::size_t max_small = std::size_t{16} << 10;
    /// Files of a request that are not in memory: each takes one of the process's descriptors.
    static constexpr std::size_t max_spilled = 64;

    /// `content_type` is that of the request; the directory of `limits` lives as long as the form. Throws
    /// std::bad_alloc.
    MultipartForm(std::string_view content_type, const BodyLimits& limits, alloc::Allocator arena);
    MultipartForm(const MultipartForm&) = delete;
    MultipartForm& operator=(const MultipartForm&) = delete;
    /// Closes the files.
    ~MultipartForm();

    /// The form of a request whose body follows; it ends with the request. Throws std::bad_alloc.
    static MultipartForm& begin(Request& request, const BodyLimits& limits);
    /// The form of a request; makes it of the body, if that is a multipart form that was not received as one.
    /// Null: the body is of another type. Throws std::bad_alloc.
    static const MultipartForm* of(Request& request);
    /// The form that begin() or of() has made; null: none.
    [[nodiscard]] static const MultipartForm* find(const Request& request) noexcept { return request.form_; }

    /// The next bytes of the body. False: it is refused, and the rest of no use. Throws std::bad_alloc.
    bool feed(std::string_view bytes);
    /// The whole body, which lives as long as the form.
    void feed_whole(std::string_view body);
    /// The body is over.
    void finish() noexcept;

    [[nodiscard]] bool failed() const noexcept { return error_.has_value() || errno_ != 0; }
    /// Throws the answer to a form that is refused, an HttpError; std::system_error if its files could not be
    /// written for another reason than that the disk is full.
    void check() const;

    /// The parts, in their order; null: there are none.
    [[nodiscard]] const detail::FormPart* parts() const noexcept { return first_; }

  private:
    bool begin_part(std::string_view head) override;
    bool data(std::string_view piece) override;
    bool end_part() override;

    bool refuse(Status status, std::string_view detail) noexcept;
    bool malformed() noexcept;
    bool disk_failed() noexcept;
    bool read_head(std::string_view head, detail::FormPart& part);
    bool keep(std::string_view piece);
    bool spill() noexcept;

    alloc::Allocator arena_;
    BodyLimits limits_;
    std::optional<MultipartParser> parser_;
    detail::FormPart* first_ = nullptr;
    detail::FormPart* last_ = nullptr;  ///< the one whose contents arrive
    std::span<char> memory_;            ///< of the last
    std::size_t files_ = 0;
    std::size_t fields_ = 0;
    std::size_t spilled_ = 0;      ///< files that are not in memory
    std::size_t field_bytes_ = 0;  ///< of values and heads
    std::size_t file_bytes_ = 0;   ///< of files in memory
    bool whole_ = false;
    std::optional<HttpError> error_;
    int errno_ = 0;
};

}  // namespace zigmund::http::inline v0
