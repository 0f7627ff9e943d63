#include <zigmund/http/upload.hpp>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "ascii.hpp"
#include "spool_file.hpp"
#include "utf8.hpp"

namespace zigmund::http::inline v0 {
namespace {

constexpr std::size_t max_filename = 255;

[[noreturn, gnu::cold]] void fail(const char* what) {
    throw std::system_error(errno, std::system_category(), what);
}
[[noreturn, gnu::cold]] void fail_to_save() { fail("zigmund: an upload cannot be saved"); }

/// A path as the system takes it.
class PathText {
  public:
    explicit PathText(std::string_view path) {
        if (path.size() + suffix_size >= text_.size() || path.find('\0') != std::string_view::npos) {
            errno = path.size() + suffix_size >= text_.size() ? ENAMETOOLONG : EINVAL;
            fail_to_save();
        }
        *std::ranges::copy(path, text_.data()).out = 0;
        size_ = path.size();
    }
    /// Another name in its directory, which nobody has.
    void make_temporary() {
        std::uint64_t random = 0;
        if (::getrandom(&random, sizeof random, 0) != sizeof random) fail_to_save();
        const std::size_t slash = std::string_view{text_.data(), size_}.rfind('/');
        std::snprintf(text_.data() + (slash == std::string_view::npos ? 0 : slash + 1), suffix_size,
                      ".%016llx", static_cast<unsigned long long>(random));
    }
    [[nodiscard]] const char* get() const noexcept { return text_.data(); }

  private:
    static constexpr std::size_t suffix_size = 18;
    std::array<char, PATH_MAX> text_;
    std::size_t size_ = 0;
};

/// Gives a file without a name one, if that is possible. One that has a name already would be the same file
/// under two.
bool link_file(int descriptor, const char* path) noexcept {
    struct stat status{};
    if (descriptor < 0 || ::fstat(descriptor, &status) != 0 || status.st_nlink != 0) {
        errno = EXDEV;
        return false;
    }
    std::array<char, 32> from;
    std::snprintf(from.data(), from.size(), "/proc/self/fd/%d", descriptor);
    return ::linkat(AT_FDCWD, from.data(), AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

bool copy_file(int from, std::uint64_t size, int to) noexcept {
    off_t offset = 0;
    while (static_cast<std::uint64_t>(offset) < size) {
        const ssize_t sent = ::sendfile(to, from, &offset, size - static_cast<std::uint64_t>(offset));
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) {
            if (sent == 0) errno = EIO;
            return false;
        }
    }
    return true;
}

/// Ends a function that failed: what it made at `path` goes.
[[noreturn, gnu::cold]] void undo(const char* path) {
    const int error = errno;
    ::unlink(path);
    errno = error;
    fail_to_save();
}

}  // namespace

std::optional<std::string_view> Upload::header(std::string_view name) const noexcept {
    for (const Field& field : headers()) {
        if (ascii::equal_ignoring_case(field.name, name)) return field.value;
    }
    return std::nullopt;
}

std::string_view Upload::safe_filename(alloc::Allocator arena) const {
    std::string_view name = filename();
    name.remove_prefix(name.find_last_of("/\\") + 1);
    const std::span<char> text = arena.alloc<char>(name.size());
    std::size_t size = 0;
    for (const char c : name) {
        if (!ascii::is_control(c) && (c != '.' || size != 0)) text[size++] = c;
    }
    const std::string_view safe = utf8_prefix({text.data(), size}, max_filename);
    return safe.empty() ? "upload" : safe;
}

std::size_t Upload::read(std::uint64_t offset, std::span<char> piece) const {
    if (offset >= size()) return 0;
    const std::size_t count = std::min<std::uint64_t>(piece.size(), size() - offset);
    if (const auto text = view()) {
        if (count != 0) std::memcpy(piece.data(), text->data() + offset, count);
        return count;
    }
    while (true) {
        const ssize_t got = ::pread(descriptor(), piece.data(), count, static_cast<off_t>(offset));
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) fail("zigmund: an upload cannot be read");
    }
}

std::string_view Upload::read_all(alloc::Allocator arena) const {
    if (const auto text = view()) return *text;
    const std::span<char> text = arena.alloc<char>(size());
    std::size_t done = 0;
    while (done < text.size()) {
        const std::size_t got = read(done, text.subspan(done));
        if (got == 0) break;
        done += got;
    }
    return {text.data(), done};
}

void Upload::write_to(const char* path, bool replace) const {
    if (link_file(descriptor(), path)) return;
    if (errno == EEXIST && !replace) fail_to_save();

    PathText temporary{path};
    temporary.make_temporary();
    if (!link_file(descriptor(), temporary.get())) {
        ignore_file_size_signal();
        const FileDescriptor file{::open(temporary.get(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
        if (!file) fail_to_save();
        const bool written = descriptor() < 0 ? write_all(file.get(), part_->memory)
                                              : copy_file(descriptor(), size(), file.get());
        if (!written) undo(temporary.get());
    }
    if (replace) {
        if (::rename(temporary.get(), path) != 0) undo(temporary.get());
    } else {
        if (::link(temporary.get(), path) != 0) undo(temporary.get());
        ::unlink(temporary.get());
    }
}

void Upload::save_as(std::string_view path) const { write_to(PathText{path}.get(), true); }

std::string_view Upload::save_in(std::string_view directory, alloc::Allocator arena) const {
    const std::string_view name = safe_filename(arena);
    const std::span<char> path = arena.alloc<char>(directory.size() + 1 + name.size());
    auto out = std::ranges::copy(directory, path.begin()).out;
    *out++ = '/';
    std::ranges::copy(name, out);
    const std::string_view result{path.data(), path.size()};
    write_to(PathText{result}.get(), false);
    return result;
}

}  // namespace zigmund::http::inline v0
