#include <zigmund/http/static_files.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>
#include <system_error>

#include "error_response.hpp"
#include "file_descriptor.hpp"
#include "file_response.hpp"

namespace zigmund::http::inline v0 {
namespace {

/// Whether every part of the path is a name, and none is hidden.
bool is_servable(std::string_view path) noexcept {
    if (path.find_first_of(std::string_view{"\\\0", 2}) != std::string_view::npos) return false;
    while (true) {
        const std::size_t size = std::min(path.find('/'), path.size());
        if (size == 0 || path.front() == '.') return false;
        if (size == path.size()) return true;
        path.remove_prefix(size + 1);
    }
}

}  // namespace

class ZIGMUND_HIDDEN StaticFiles::Directory {
  public:
    explicit Directory(const char* path) : descriptor_{::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)} {
        if (!descriptor_)
            throw std::system_error{errno, std::generic_category(), "zigmund: cannot open the directory"};
    }

    /// A file beneath; empty: errno says why not.
    [[nodiscard]] FileDescriptor open(const char* path) const noexcept {
        open_how how{};
        how.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
        return FileDescriptor{
            static_cast<int>(::syscall(SYS_openat2, descriptor_.get(), path, &how, sizeof how))};
    }

  private:
    FileDescriptor descriptor_;
};

StaticFiles::StaticFiles(std::string_view directory, StaticFilesOptions options)
    : directory_{std::make_shared<const Directory>(std::string{directory}.c_str())}, options_{options} {}

Response StaticFiles::operator()(const Request& request, Path<std::string_view, "path"> path) const {
    return serve(request, *path);
}

Response StaticFiles::serve(const Request& request, std::string_view path) const {
    constexpr std::string_view index = "index.html";
    const bool wants_directory = path.empty() || path.ends_with('/');
    const std::string_view named =
        wants_directory ? path.substr(0, path.size() - (path.empty() ? 0 : 1)) : path;
    if ((wants_directory && !options_.index) || (!named.empty() && !is_servable(named)))
        return error_response(Status::not_found);

    const std::span<char> name = request.allocator().alloc<char>(path.size() + index.size() + 1);
    auto end = std::ranges::copy(path, name.begin()).out;
    if (wants_directory) end = std::ranges::copy(index, end).out;
    *end = '\0';
    FileDescriptor file = directory_->open(name.data());
    if (!file) return respond_without_file(errno);

    struct stat status;
    if (options_.index && !wants_directory && ::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
        const std::string_view from = request.path();
        const std::span<char> to = request.allocator().alloc<char>(from.size() + 1);
        *std::ranges::copy(from, to.begin()).out = '/';
        // A second slash at its start would name another host.
        const std::size_t slashes = std::min(from.find_first_not_of('/'), from.size());
        const std::string_view target{to.data(), to.size()};
        return Response::redirect(request.allocator(), target.substr(slashes == 0 ? 0 : slashes - 1));
    }
    return respond_with_file(request, std::move(file), {name.begin(), end}, {})
        .with_header(request.allocator(), "x-content-type-options", "nosniff");
}

}  // namespace zigmund::http::inline v0
