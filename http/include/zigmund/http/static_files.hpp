// StaticFiles: a directory, as a handler.
//
//     app.get("/static/{path:path}", http::StaticFiles{"/var/www/app"});
//     app.get("/{path:path}", http::StaticFiles{"site", {.index = true}});
//
// The file that `path` names below the directory, as Response::file_from_path() sends it. No path leads out
// of the directory: the kernel resolves it beneath (openat2), so that neither `..` nor a symbolic link helps.
// Names that begin with a dot are not served, nor what is no regular file. A path is not normalised: one with an
// empty segment, `.` or `..` is a 404, so that a file has one URL.
//
// Threads: any. Cost: an openat2 and a fstat. The directory is opened once; what becomes of its name later
// does not matter.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/parameter.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <memory>
#include <string_view>

namespace zigmund::http::inline v0 {

/// What a directory is answered with.
struct StaticFilesOptions {
    /// For a directory, its `index.html` is served, at a path that ends with a slash; without the slash the
    /// client is sent there.
    bool index = false;
};

class ZIGMUND_EXPORT StaticFiles {
  public:
    /// Throws std::system_error if the directory cannot be opened, and std::bad_alloc.
    explicit StaticFiles(std::string_view directory, StaticFilesOptions options = {});

    /// The file, or a redirect to the directory with its slash; 404 for what is not there, 401 for what may
    /// not be read, 500 for what cannot. Throws std::bad_alloc.
    [[nodiscard]] Response operator()(const Request& request, Path<std::string_view, "path"> path) const;

  private:
    class Directory;

    [[nodiscard]] Response serve(const Request& request, std::string_view path) const;

    std::shared_ptr<const Directory> directory_;
    StaticFilesOptions options_;
};

}  // namespace zigmund::http::inline v0
