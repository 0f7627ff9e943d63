// BodyLimits: how much of a request's body is read, and where it is kept.
#pragma once

#include <cstddef>
#include <string_view>

namespace zigmund::http::inline v0 {

struct BodyLimits {
    /// The body of a request, in bytes; of multipart/form-data, its values that are no files, and all of the
    /// parts' heads.
    std::size_t max_body;
    /// All of a multipart body with files.
    std::size_t max_upload = std::size_t{64} << 20;
    /// Where files that do not stay in memory lie; empty: where TMPDIR says, or /tmp.
    std::string_view upload_directory = {};

    /// In bytes, as above; what is not given is as initialised.
    BodyLimits(std::size_t body) noexcept : max_body{body} {}
    BodyLimits(std::size_t body, std::size_t upload, std::string_view directory) noexcept
        : max_body{body}, max_upload{upload}, upload_directory{directory} {}
};

}  // namespace zigmund::http::inline v0
