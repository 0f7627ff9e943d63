#include <zigmund/http/gzip.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "ascii.hpp"
#include "deflater.hpp"
#include "file_body.hpp"
#include "text.hpp"

namespace zigmund::http::inline v0 {

/// A stream of what another one makes, compressed.
class GzipProducer {
  public:
    GzipProducer(detail::Stream& stream, int level) : stream_{&stream}, deflater_{Deflater::take(level)} {}

    Produced operator()(StreamWriter& out) {
        StreamWriter& inner = stream_->writer;
        inner.host_ = out.host_;
        inner.stopping_ = out.stopping_;
        // What compresses well fills zlib's buffers for long; others on the worker wait too.
        for (int rounds = 1;; ++rounds) {
            inner.buffer_.rewind(0);
            const Produced produced = stream_->produce();
            const bool last = produced != Produced::more || rounds == most_rounds;
            write(out, inner.buffer_.text(),
                  produced == Produced::end ? Z_FINISH
                  : last                    ? Z_SYNC_FLUSH
                                            : Z_NO_FLUSH);
            if (last || out.size() != 0) return produced;
        }
    }

  private:
    static constexpr int most_rounds = 32;

    void write(StreamWriter& out, std::string_view piece, int flush) {
        std::array<char, 8192> space;
        while (true) {
            const std::size_t size = deflater_->deflate(piece, space, flush);
            out.write({space.data(), size});
            if (size < space.size()) return;
            piece = {};
        }
    }

    detail::Stream* stream_;
    Deflater::Handle deflater_;
};

namespace {

/// The bytes of a file, piece by piece.
class FileProducer {
  public:
    explicit FileProducer(const detail::FileBody& file) noexcept
        : descriptor_{file.descriptor()}, part_{file.parts().front()} {}

    Produced operator()(StreamWriter& out) {
        std::array<char, std::size_t{32} << 10> space;
        const std::size_t wanted = std::min<std::uint64_t>(space.size(), part_.size);
        const ssize_t size =
            wanted == 0 ? 0 : ::pread(descriptor_, space.data(), wanted, static_cast<off_t>(part_.offset));
        if (size < 0) throw std::system_error(errno, std::system_category(), "reading a file");
        if (size == 0 && wanted != 0) throw std::runtime_error("a file has become shorter");
        out.write({space.data(), static_cast<std::size_t>(size)});
        part_.offset += static_cast<std::uint64_t>(size);
        part_.size -= static_cast<std::uint64_t>(size);
        return part_.size == 0 ? Produced::end : Produced::more;
    }

  private:
    int descriptor_;
    detail::FilePart part_;
};

/// Whether the content is compressed by itself, or must not wait.
bool is_left_alone(std::string_view type) noexcept {
    constexpr std::array<std::string_view, 11> prefixes{"text/event-stream",
                                                        "image/",
                                                        "audio/",
                                                        "video/",
                                                        "font/woff",
                                                        "application/zip",
                                                        "application/gzip",
                                                        "application/x-gzip",
                                                        "application/x-7z",
                                                        "application/zstd",
                                                        "application/x-bzip"};
    if (type.starts_with("image/svg")) return false;
    return std::ranges::any_of(prefixes,
                               [type](std::string_view prefix) { return type.starts_with(prefix); });
}

/// The weight of a coding, in thousandths (RFC 9110, 12.4.2): "gzip;q=0.5" has 500.
int weight(std::string_view parameters) noexcept {
    const std::size_t at = parameters.find("q=");
    if (at == std::string_view::npos) return 1000;
    const std::string_view value = ascii::trim(parameters.substr(at + 2));
    if (value.empty() || value.front() != '0') return 1000;
    int thousandths = 0;
    for (std::size_t i = 2; i < 5; ++i) {
        const bool digit = i < value.size() && value[1] == '.' && ascii::is_digit(value[i]);
        thousandths = thousandths * 10 + (digit ? value[i] - '0' : 0);
    }
    return thousandths;
}

bool accepts_gzip(const Request& request) noexcept {
    int gzip = -1;
    int all = -1;
    int identity = 0;
    for (const Field& field : request.fields()) {
        if (!equal_names(field.name, "accept-encoding")) continue;
        for (std::string_view rest = field.value; !rest.empty();) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            const std::string_view one = rest.substr(0, comma);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            const std::size_t semicolon = std::min(one.find(';'), one.size());
            const std::string_view coding = ascii::trim(one.substr(0, semicolon));
            const int q = weight(one.substr(semicolon));
            if (equal_names(coding, "gzip") || equal_names(coding, "x-gzip")) gzip = std::max(gzip, q);
            if (coding == "*") all = q;
            if (equal_names(coding, "identity")) identity = q;
        }
    }
    if (gzip < 0) gzip = all;
    return gzip > 0 && gzip >= identity;
}

}  // namespace

Gzip::Gzip(const GzipOptions& options) : options_{options} {
    if (options.level < 1 || options.level > 9)
        throw std::invalid_argument("zigmund: Gzip: level is " + std::to_string(options.level) +
                                    ": it is from 1 to 9");
}

Response Gzip::operator()(Request& request, Next next) const {
    return next(request).then(
        [this, &request](const Response& response) { return compressed(request, response); });
}

Response Gzip::compressed(const Request& request, const Response& response) const {
    switch (response.status()) {
        case Status::no_content:
        case Status::reset_content:
        case Status::partial_content:
            return response;
        case Status::not_modified:
            return response.with_vary(request.allocator(), "Accept-Encoding");
        default:
            break;
    }
    const std::uint64_t size = response.source() != nullptr ? std::numeric_limits<std::uint64_t>::max()
                               : response.file() != nullptr ? response.file()->size()
                                                            : response.body().size();
    if (size == 0 || size < options_.minimum_size || is_left_alone(response.content_type()) ||
        response.header("content-encoding") ||
        response.header("cache-control").value_or("").find("no-transform") != std::string_view::npos)
        return response;

    const alloc::Allocator arena = request.allocator();
    Response varied = response.with_vary(arena, "Accept-Encoding");
    if (!accepts_gzip(request)) return varied;

    Response body;
    if (response.source() != nullptr) {
        body = Response::stream(arena, GzipProducer{*response.source(), options_.level});
    } else if (response.file() != nullptr) {
        const Response bytes = Response::stream(arena, FileProducer{*response.file()});
        body = Response::stream(arena, GzipProducer{*bytes.source(), options_.level});
    } else {
        // zlib counts in 32 bits; a body beyond that has no business in memory. What does not become shorter
        // is sent as it is.
        if (size > std::numeric_limits<uInt>::max()) return varied;
        const std::span<char> space = arena.alloc<char>(response.body().size());
        const Deflater::Handle deflater = Deflater::take(options_.level);
        const std::size_t shorter = deflater->deflate(response.body(), space, Z_FINISH);
        if (!deflater->finished()) {
            arena.free(space);
            return varied;
        }
        (void)arena.resize(space.data(), space.size(), 1, shorter);
        body = Response::json_text(std::string_view{space.data(), shorter});
    }
    varied = varied.with_body_of(body).with_content_type(response.content_type());
    // Compressed, it is another text of the same meaning (RFC 9110, 8.8.1), of which nobody asks for parts.
    if (const auto tag = response.header("etag"); tag && tag->starts_with('"'))
        varied = varied.without_header(arena, "etag").with_header(arena, "etag", join({"W/", *tag}, arena));
    return varied.without_header(arena, "accept-ranges").with_header(arena, "content-encoding", "gzip");
}

}  // namespace zigmund::http::inline v0
