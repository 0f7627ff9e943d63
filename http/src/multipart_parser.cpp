#include "multipart_parser.hpp"

#include <algorithm>
#include <cstring>

namespace zigmund::http::inline v0 {
namespace {

constexpr std::size_t first_head = 256;

std::string_view make_delimiter(std::string_view boundary, alloc::Allocator arena) {
    constexpr std::string_view before = "\r\n--";
    const std::span<char> text = arena.alloc<char>(before.size() + boundary.size());
    std::ranges::copy(boundary, std::ranges::copy(before, text.begin()).out);
    return {text.data(), text.size()};
}

}  // namespace

MultipartParser::MultipartParser(std::string_view boundary, alloc::Allocator arena)
    : arena_{arena}, delimiter_{make_delimiter(boundary, arena)} {}

bool MultipartParser::feed(std::string_view bytes, Handler& handler) {
    bool good = true;
    while (good && !bytes.empty()) {
        switch (state_) {
            case State::start:
                good = read_start(bytes);
                break;
            case State::boundary:
                good = read_boundary(bytes);
                break;
            case State::head:
                good = read_head(bytes, handler);
                break;
            case State::contents:
                good = read_contents(bytes, handler);
                break;
            case State::epilogue:
                return true;
        }
    }
    return good;
}

/// How many of the bytes go on with the delimiter.
std::size_t MultipartParser::go_on(std::string_view bytes) const noexcept {
    const std::string_view rest = delimiter_.substr(matched_);
    return static_cast<std::size_t>(std::ranges::mismatch(bytes, rest).in1 - bytes.begin());
}

void MultipartParser::end_boundary() noexcept {
    state_ = State::boundary;
    matched_ = 0;
    behind_ = 0;
}

bool MultipartParser::read_start(std::string_view& bytes) noexcept {
    if (matched_ == 2) {
        const std::size_t begin = bytes.find_first_not_of("\r\n");
        bytes.remove_prefix(std::min(begin, bytes.size()));
    }
    const std::size_t count = go_on(bytes);
    bytes.remove_prefix(count);
    matched_ += count;
    if (matched_ == delimiter_.size()) {
        end_boundary();
        return true;
    }
    return bytes.empty();
}

bool MultipartParser::read_boundary(std::string_view& bytes) noexcept {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (behind_ == 0) {
        behind_ = c;
        return c == '\r' || c == '-';
    }
    if (behind_ == '-') {
        state_ = State::epilogue;
        return c == '-';
    }
    state_ = State::head;
    head_ = {};
    head_size_ = line_ = 0;
    return c == '\n';
}

bool MultipartParser::append_to_head(std::string_view bytes) {
    if (bytes.size() > max_head - head_size_) return false;
    if (bytes.size() > head_.size() - head_size_) {
        const std::size_t size =
            std::min(max_head, std::max({head_size_ + bytes.size(), 2 * head_.size(), first_head}));
        if (head_.data() != nullptr && arena_.resize(head_.data(), head_.size(), 1, size)) {
            head_ = {head_.data(), size};
        } else {
            const std::span<char> larger = arena_.alloc<char>(size);
            if (head_size_ != 0) std::memcpy(larger.data(), head_.data(), head_size_);
            head_ = larger;
        }
    }
    std::memcpy(head_.data() + head_size_, bytes.data(), bytes.size());
    head_size_ += bytes.size();
    return true;
}

bool MultipartParser::read_head(std::string_view& bytes, Handler& handler) {
    const std::size_t end = bytes.find('\n');
    const bool whole = end != std::string_view::npos;
    const std::string_view part = bytes.substr(0, whole ? end + 1 : end);
    bytes.remove_prefix(part.size());
    if (!append_to_head(part)) return false;
    if (!whole) return true;
    const std::size_t size = head_size_ - line_;
    if (size < 2 || head_[head_size_ - 2] != '\r') return false;
    if (size > 2) {
        line_ = head_size_;
        return true;
    }
    state_ = State::contents;
    matched_ = 0;
    return handler.begin_part({head_.data(), line_});
}

bool MultipartParser::read_contents(std::string_view& bytes, Handler& handler) {
    if (matched_ != 0) {
        const std::size_t count = go_on(bytes);
        bytes.remove_prefix(count);
        matched_ += count;
        if (matched_ == delimiter_.size()) {
            end_boundary();
            return handler.end_part();
        }
        if (bytes.empty()) return true;
        // What looked like a delimiter is contents. It has one CR, at its begin: no other begins within.
        const std::string_view held = delimiter_.substr(0, matched_);
        matched_ = 0;
        return handler.data(held);
    }
    const std::size_t at = bytes.find(delimiter_);
    if (at != std::string_view::npos) {
        const std::string_view piece = bytes.substr(0, at);
        bytes.remove_prefix(at + delimiter_.size());
        end_boundary();
        return (piece.empty() || handler.data(piece)) && handler.end_part();
    }
    const std::size_t cr = bytes.rfind('\r');
    if (cr != std::string_view::npos && delimiter_.starts_with(bytes.substr(cr)))
        matched_ = bytes.size() - cr;
    const std::string_view piece = bytes.substr(0, bytes.size() - matched_);
    bytes = {};
    return piece.empty() || handler.data(piece);
}

}  // namespace zigmund::http::inline v0
