// FileOptions: how a file is sent.
#pragma once

#include <string_view>

namespace zigmund::http::inline v0 {

struct FileOptions {
    /// Empty: by the ending of the file's name; application/octet-stream for an unknown one.
    std::string_view content_type = {};
    /// The name under which the client is to store it, instead of showing it: `content-disposition:
    /// attachment`. Empty: it may show it.
    std::string_view download_as = {};
};

}  // namespace zigmund::http::inline v0
