#include "file_response.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <new>
#include <span>
#include <utility>

#include "ascii.hpp"
#include "byte_ranges.hpp"
#include "error_response.hpp"
#include "file_body.hpp"
#include "wire_response.hpp"

namespace zigmund::http::inline v0 {
namespace {

using detail::FileBody;
using detail::FilePart;

/// Text put together in memory of the request.
class Text {
  public:
    Text(alloc::Allocator arena, std::size_t room) : space_{arena.alloc<char>(room)}, end_{space_.data()} {}

    Text& operator<<(std::string_view text) noexcept {
        end_ = std::ranges::copy(text, end_).out;
        return *this;
    }
    Text& operator<<(std::uint64_t number) noexcept {
        end_ = std::to_chars(end_, end_ + 20, number).ptr;
        return *this;
    }
    Text& hex(std::uint64_t number) noexcept {
        end_ = std::to_chars(end_, end_ + 16, number, 16).ptr;
        return *this;
    }
    [[nodiscard]] std::string_view view() const noexcept { return {space_.data(), end_}; }

  private:
    std::span<char> space_;
    char* end_;
};

/// Whether a list of entity tags has this one, which is strong; whether a weak one is as good (RFC
/// 9110, 8.8.3.2).
bool lists_tag(std::string_view list, std::string_view tag, bool weak) noexcept {
    while (!list.empty()) {
        const std::size_t size = std::min(list.find(','), list.size());
        std::string_view entry = ascii::trim(list.substr(0, size));
        if (entry == "*") return true;
        if (weak && entry.starts_with("W/")) entry.remove_prefix(2);
        if (entry == tag) return true;
        list.remove_prefix(std::min(size + 1, list.size()));
    }
    return false;
}

/// The time that a header field names; empty: there is no such field, or no time in it.
std::optional<std::time_t> time_of(const Request& request, std::string_view name) noexcept {
    const auto text = request.header(name);
    return text ? parse_http_date(*text) : std::nullopt;
}

/// What the request's conditions come to, in the order of RFC 9110, 13.2.2: 200, 304 because the client has
/// the file as it is, or 412 because it is not the file that the client means.
Status evaluate_conditions(const Request& request, std::string_view tag, std::time_t modified) noexcept {
    const bool reads = request.method() == Method::get || request.method() == Method::head;
    if (const auto tags = request.header("if-match")) {
        if (!lists_tag(*tags, tag, false)) return Status::precondition_failed;
    } else if (const auto time = time_of(request, "if-unmodified-since"); time && modified > *time) {
        return Status::precondition_failed;
    }
    if (const auto tags = request.header("if-none-match")) {
        if (!lists_tag(*tags, tag, true)) return Status::ok;
        return reads ? Status::not_modified : Status::precondition_failed;
    }
    const auto time = time_of(request, "if-modified-since");
    return reads && time && modified <= *time ? Status::not_modified : Status::ok;
}

/// Whether ranges of the file go with what the client has of it.
bool ranges_apply(const Request& request, std::string_view tag, std::string_view modified) noexcept {
    if (request.method() != Method::get || !request.header("range")) return false;
    const auto condition = request.header("if-range");
    return !condition || *condition == tag || *condition == modified;
}

/// `attachment; filename="a.txt"`, or as RFC 8187 has it for a name that needs more.
std::string_view disposition(alloc::Allocator arena, std::string_view name) {
    const auto is_plain = [](char c) {
        return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '_' || c == '.' || c == '~';
    };
    if (std::ranges::all_of(name, [&](char c) { return is_plain(c) || c == ' '; }))
        return (Text{arena, name.size() + 32} << "attachment; filename=\"" << name << "\"").view();
    Text text{arena, 3 * name.size() + 32};
    text << "attachment; filename*=utf-8''";
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_plain(c)) {
            text << std::string_view{&c, 1};
        } else {
            text << "%" << digits.substr(byte >> 4, 1) << digits.substr(byte & 15, 1);
        }
    }
    return text.view();
}

std::string_view content_range(alloc::Allocator arena, const ByteRange& range, std::uint64_t size) {
    return (Text{arena, 80} << "bytes " << range.first << "-" << range.last << "/" << size).view();
}

/// Nobody who wrote the file can have known it.
std::string_view make_boundary(alloc::Allocator arena) {
    std::array<std::uint64_t, 2> random{};
    if (::getrandom(random.data(), sizeof random, GRND_NONBLOCK) < 0)
        random[0] = static_cast<std::uint64_t>(::clock());
    return Text{arena, 32}.hex(random[0]).hex(random[1]).view();
}

std::span<const FilePart> one_part(alloc::Allocator arena, std::uint64_t offset, std::uint64_t size) {
    if (size == 0) return {};
    return {arena.create<FilePart>(std::string_view{}, offset, size), 1};
}

std::span<const FilePart> many_parts(alloc::Allocator arena, std::span<const ByteRange> ranges,
                                     std::uint64_t size, std::string_view type, std::string_view boundary) {
    const std::span<FilePart> parts = arena.alloc<FilePart>(ranges.size() + 1);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        Text text{arena, boundary.size() + type.size() + 160};
        text << (i == 0 ? "--" : "\r\n--") << boundary << "\r\ncontent-type: " << type
             << "\r\ncontent-range: " << content_range(arena, ranges[i], size) << "\r\n\r\n";
        parts[i] = {text.view(), ranges[i].first, ranges[i].size()};
    }
    parts.back() = {(Text{arena, boundary.size() + 16} << "\r\n--" << boundary << "--\r\n").view(), 0, 0};
    return parts;
}

}  // namespace

Response respond_with_file(const Request& request, FileDescriptor file, std::string_view name,
                           const FileOptions& options) {
    struct stat status;
    if (::fstat(file.get(), &status) != 0) return respond_without_file(errno);
    if (!S_ISREG(status.st_mode)) return error_response(Status::not_found);

    const alloc::Allocator arena = request.allocator();
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const std::string_view tag = (Text{arena, 64} << "\"")
                                     .hex(static_cast<std::uint64_t>(status.st_mtim.tv_sec))
                                     .operator<<("-")
                                     .hex(static_cast<std::uint64_t>(status.st_mtim.tv_nsec))
                                     .operator<<("-")
                                     .hex(size)
                                     .operator<<("\"")
                                     .view();
    HttpDate date;
    date.update(status.st_mtim.tv_sec);
    const std::string_view modified = arena.dupe(date.text());
    const Status verdict = evaluate_conditions(request, tag, status.st_mtim.tv_sec);
    if (verdict == Status::not_modified)
        return Response{Status::not_modified}.with_header(arena, "etag", tag);
    if (verdict != Status::ok) return error_response(verdict);

    ByteRanges ranges;
    auto kind = ByteRanges::Kind::whole;
    if (ranges_apply(request, tag, modified)) kind = ranges.parse(*request.header("range"), size);
    const std::string_view type = options.content_type.empty() ? content_type_of(name) : options.content_type;
    if (kind == ByteRanges::Kind::malformed)
        return Response::text("Malformed range header.").with_status(Status::bad_request);
    if (kind == ByteRanges::Kind::unsatisfiable) {
        return Response{Status::range_not_satisfiable}.with_header(
            arena, "content-range", (Text{arena, 40} << "bytes */" << size).view());
    }

    Response response{Status::ok};
    if (kind == ByteRanges::Kind::whole) {
        response =
            response.with_file(arena, std::move(file), one_part(arena, 0, size)).with_content_type(type);
    } else if (ranges.ranges().size() == 1) {
        const ByteRange range = ranges.ranges().front();
        response = response.with_status(Status::partial_content)
                       .with_file(arena, std::move(file), one_part(arena, range.first, range.size()))
                       .with_content_type(type)
                       .with_header(arena, "content-range", content_range(arena, range, size));
    } else {
        const std::string_view boundary = make_boundary(arena);
        response =
            response.with_status(Status::partial_content)
                .with_file(arena, std::move(file), many_parts(arena, ranges.ranges(), size, type, boundary))
                .with_content_type(
                    (Text{arena, boundary.size() + 40} << "multipart/byteranges; boundary=" << boundary)
                        .view());
    }
    response = response.with_header(arena, "accept-ranges", "bytes")
                   .with_header(arena, "etag", tag)
                   .with_header(arena, "last-modified", modified);
    if (options.download_as.empty()) return response;
    return response.with_header(arena, "content-disposition", disposition(arena, options.download_as));
}

Response respond_without_file(int error) noexcept {
    switch (error) {
        case EACCES:
        case EPERM:
            return error_response(Status::unauthorized);
        case ENOENT:
        case ENOTDIR:
        case EISDIR:
        case ENAMETOOLONG:
        case ELOOP:
        case EXDEV:
        case ENXIO:
        case EINVAL:
            return error_response(Status::not_found);
        default:
            return Response::text("Internal Server Error").with_status(Status::internal_server_error);
    }
}

Response Response::file_from_path(const Request& request, std::string_view path, const FileOptions& options) {
    if (path.find('\0') != std::string_view::npos) return error_response(Status::not_found);
    const std::span<char> name = request.allocator().alloc<char>(path.size() + 1);
    *std::ranges::copy(path, name.begin()).out = '\0';
    // A pipe would wait for its other end.
    FileDescriptor file{::open(name.data(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    if (!file) return respond_without_file(errno);
    return respond_with_file(request, std::move(file), path, options);
}

Response Response::with_file(alloc::Allocator arena, FileDescriptor file,
                             std::span<const detail::FilePart> parts) const {
    Response copy = *this;
    copy.file_ = request_arena(arena).create<detail::FileBody>(std::move(file), parts);
    return copy;
}

std::string_view content_type_of(std::string_view name) noexcept {
    struct Kind {
        std::string_view ending;
        std::string_view type;
    };
    static constexpr std::array kinds{
        Kind{"avif", "image/avif"},
        Kind{"css", "text/css; charset=utf-8"},
        Kind{"csv", "text/csv; charset=utf-8"},
        Kind{"gif", "image/gif"},
        Kind{"gz", "application/gzip"},
        Kind{"htm", "text/html; charset=utf-8"},
        Kind{"html", "text/html; charset=utf-8"},
        Kind{"ico", "image/vnd.microsoft.icon"},
        Kind{"jpeg", "image/jpeg"},
        Kind{"jpg", "image/jpeg"},
        Kind{"js", "text/javascript; charset=utf-8"},
        Kind{"json", "application/json"},
        Kind{"jsonl", "application/jsonl"},
        Kind{"map", "application/json"},
        Kind{"md", "text/markdown; charset=utf-8"},
        Kind{"mjs", "text/javascript; charset=utf-8"},
        Kind{"mp3", "audio/mpeg"},
        Kind{"mp4", "video/mp4"},
        Kind{"otf", "font/otf"},
        Kind{"pdf", "application/pdf"},
        Kind{"png", "image/png"},
        Kind{"svg", "image/svg+xml"},
        Kind{"tar", "application/x-tar"},
        Kind{"ttf", "font/ttf"},
        Kind{"txt", "text/plain; charset=utf-8"},
        Kind{"wasm", "application/wasm"},
        Kind{"webm", "video/webm"},
        Kind{"webp", "image/webp"},
        Kind{"woff", "font/woff"},
        Kind{"woff2", "font/woff2"},
        Kind{"xml", "text/xml; charset=utf-8"},
        Kind{"zip", "application/zip"},
    };
    const std::size_t dot = name.rfind('.');
    if (dot != std::string_view::npos) {
        for (const Kind& kind : kinds) {
            if (ascii::equal_ignoring_case(kind.ending, name.substr(dot + 1))) return kind.type;
        }
    }
    return "application/octet-stream";
}

std::optional<std::time_t> parse_http_date(std::string_view text) noexcept {
    constexpr std::string_view form = "Sun, 06 Nov 1994 08:49:37 GMT";
    if (text.size() != form.size()) return std::nullopt;
    const auto number = [text](std::size_t at, std::size_t digits) {
        int value = 0;
        for (const char c : text.substr(at, digits))
            value = ascii::is_digit(c) ? value * 10 + (c - '0') : 1000000;
        return value;
    };
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const std::size_t month = months.find(text.substr(8, 3));
    std::tm time{};
    time.tm_mday = number(5, 2);
    time.tm_mon = static_cast<int>(month / 3);
    time.tm_year = number(12, 4) - 1900;
    time.tm_hour = number(17, 2);
    time.tm_min = number(20, 2);
    time.tm_sec = number(23, 2);
    if (month == std::string_view::npos || month % 3 != 0 || time.tm_mday < 1 || time.tm_mday > 31 ||
        time.tm_year < 0 || time.tm_year > 8100 || time.tm_hour > 23 || time.tm_min > 59 || time.tm_sec > 60)
        return std::nullopt;
    const std::time_t seconds = ::timegm(&time);
    // The same text comes back if all of it was right: the day of the week, the day of the month, the rest.
    HttpDate date;
    date.update(seconds);
    if (date.text() != text) return std::nullopt;
    return seconds;
}

}  // namespace zigmund::http::inline v0
