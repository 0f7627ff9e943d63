#include <zigmund/alloc/suppressions.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "page_memory.hpp"

namespace zigmund::alloc::inline v0 {
namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::string_view keyword = "leak:";

std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Cuts the first line off.
std::string_view take_line(std::string_view& text) noexcept {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

/// A file's content, in pages that grow.
class Content {
  public:
    Content() = default;
    Content(const Content&) = delete;
    Content& operator=(const Content&) = delete;
    ~Content() {
        if (begin_ != nullptr) detail::unmap_pages(begin_, room_);
    }

    /// Null: it has been read; or why not.
    const char* read(const char* path) noexcept {
        const int file = ::open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) return "cannot open the file";
        const char* problem = nullptr;
        while (problem == nullptr) {
            if (size_ == room_ && !grow()) {
                problem = "out of memory";
                break;
            }
            const ssize_t got = ::read(file, begin_ + size_, room_ - size_);
            if (got == 0) break;
            if (got > 0) size_ += static_cast<std::size_t>(got);
            if (got < 0 && errno != EINTR) problem = "cannot read the file";
        }
        (void)::close(file);
        return problem;
    }
    [[nodiscard]] std::string_view text() const noexcept { return {begin_, size_}; }

  private:
    bool grow() noexcept {
        const std::size_t room = room_ == 0 ? 64 << 10 : room_ * 2;
        auto* const begin = static_cast<char*>(detail::map_pages(room));
        if (begin == nullptr) return false;
        std::copy_n(begin_, size_, begin);
        if (begin_ != nullptr) detail::unmap_pages(begin_, room_);
        begin_ = begin;
        room_ = room;
        return true;
    }

    char* begin_ = nullptr;
    std::size_t size_ = 0;
    std::size_t room_ = 0;
};

}  // namespace

Suppressions::~Suppressions() {
    if (!text_.empty()) detail::unmap_pages(text_.data(), text_.size());
    if (room_ != 0) detail::unmap_pages(patterns_.data(), room_);
}

std::expected<Suppressions, SuppressionError> Suppressions::parse(std::string_view text) noexcept {
    std::size_t count = 0;
    std::size_t number = 0;
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view line = trimmed(take_line(rest));
        ++number;
        if (line.empty() || line.starts_with('#')) continue;
        if (!line.starts_with(keyword))
            return std::unexpected{SuppressionError{number, "not a suppression: write leak:PATTERN"}};
        if (line.size() == keyword.size())
            return std::unexpected{SuppressionError{number, "no pattern after leak:"}};
        ++count;
    }
    Suppressions result;
    if (count == 0) return result;
    const std::unexpected no_memory{SuppressionError{0, "out of memory"}};
    auto* const copy = static_cast<char*>(detail::map_pages(text.size()));
    if (copy == nullptr) return no_memory;
    std::ranges::copy(text, copy);
    result.text_ = {copy, text.size()};
    const std::size_t room = count * sizeof(std::string_view);
    void* const array = detail::map_pages(room);
    if (array == nullptr) return no_memory;
    auto* const patterns = static_cast<std::string_view*>(array);
    result.patterns_ = {patterns, count};
    result.room_ = room;
    auto* next = patterns;
    for (std::string_view rest{copy, text.size()}; !rest.empty();) {
        const std::string_view line = trimmed(take_line(rest));
        if (line.empty() || line.starts_with('#')) continue;
        new (next++) std::string_view{line.substr(keyword.size())};
    }
    return result;
}

std::expected<Suppressions, SuppressionError> Suppressions::read(const char* path) noexcept {
    Content content;
    if (const char* const problem = content.read(path); problem != nullptr)
        return std::unexpected{SuppressionError{0, problem}};
    return parse(content.text());
}

bool Suppressions::matches(std::string_view pattern, std::string_view name) noexcept {
    if (pattern.empty() || name.empty()) return false;
    const bool from_begin = pattern.starts_with('^');
    if (from_begin) pattern.remove_prefix(1);
    const bool to_end = pattern.ends_with('$');
    if (to_end) pattern.remove_suffix(1);
    bool anchored = from_begin;
    for (;;) {
        const std::size_t star = pattern.find('*');
        const std::string_view piece = pattern.substr(0, star);
        if (star == std::string_view::npos) {
            if (!to_end) return anchored ? name.starts_with(piece) : name.contains(piece);
            return anchored ? name == piece : name.ends_with(piece);
        }
        // The first place is the best: it leaves the most for the pieces to come.
        const std::size_t at =
            anchored ? (name.starts_with(piece) ? 0 : std::string_view::npos) : name.find(piece);
        if (at == std::string_view::npos) return false;
        name.remove_prefix(at + piece.size());
        pattern.remove_prefix(star + 1);
        anchored = false;
    }
}

}  // namespace zigmund::alloc::inline v0
