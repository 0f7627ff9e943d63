// Chunked bodies against a decoder that reads them line by line: what is accepted is what RFC 9112 says, ends
// where it says, and does so however the bytes arrive.
#include <zigmund/http/request.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "fuzz.hpp"
#include "request_reader.hpp"

namespace {

using zigmund::alloc::Arena;
using zigmund::fuzz::check;
using zigmund::http::BodyLimits;
using zigmund::http::Request;
using zigmund::http::RequestReader;
using zigmund::http::Status;

constexpr std::string_view head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::size_t max_body = 5000;

struct Decoded {
    std::string body;
    std::size_t size;  ///< of what was sent
};

/// Empty: not a whole body, or none.
std::optional<Decoded> reference(std::string_view text) {
    Decoded decoded{};
    const auto line = [&]() -> std::optional<std::string_view> {
        const std::string_view rest = text.substr(decoded.size);
        const std::size_t end = rest.find("\r\n");
        if (end == std::string_view::npos) return std::nullopt;
        decoded.size += end + 2;
        return rest.substr(0, end);
    };
    while (true) {
        const auto size_line = line();
        if (!size_line) return std::nullopt;
        const std::size_t digits =
            std::min(size_line->find_first_not_of("0123456789abcdefABCDEF"), size_line->size());
        if (digits == 0 || digits > 16) return std::nullopt;
        const std::string_view extensions = size_line->substr(digits);
        if (extensions.size() > 256 || (!extensions.empty() && extensions.front() != ';' &&
                                        extensions.front() != ' ' && extensions.front() != '\t'))
            return std::nullopt;
        for (const char c : extensions)
            if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return std::nullopt;
        std::uint64_t size = 0;
        for (const char c : size_line->substr(0, digits))
            size = size * 16 + static_cast<std::uint64_t>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
        if (size > max_body - decoded.body.size()) return std::nullopt;
        if (size == 0) break;
        if (text.size() - decoded.size < size + 2 || text.substr(decoded.size + size, 2) != "\r\n")
            return std::nullopt;
        decoded.body.append(text.substr(decoded.size, size));
        decoded.size += size + 2;
    }
    for (auto trailer = line(); trailer; trailer = line())
        if (trailer->empty()) return decoded;
    return std::nullopt;
}

struct Outcome {
    RequestReader::State state;
    std::string body;
    std::string rest;
    bool operator==(const Outcome&) const = default;
};

/// `sizes` are those of the reads, again and again; none: each takes all it can.
Outcome read(std::string_view text, std::string_view sizes) {
    zigmund::fuzz::CountedMemory memory;
    const std::string bytes = std::string{head}.append(text);
    const auto block = std::make_unique<std::array<char, RequestReader::block_size>>();
    RequestReader reader{*block, BodyLimits{max_body}};
    Arena arena{memory.allocator()};
    Request request{arena.allocator()};
    std::string_view left = bytes;
    RequestReader::State state = reader.next(request);
    std::size_t reads = 0;
    while (state == RequestReader::State::need_more && !left.empty()) {
        const std::span<char> space = reader.prepare();
        check(!space.empty(), "there is space while more is needed");
        std::size_t size = std::min(left.size(), space.size());
        if (!sizes.empty())
            size = std::min<std::size_t>(
                size, std::size_t{1} + static_cast<unsigned char>(sizes[reads++ % sizes.size()]));
        std::memcpy(space.data(), left.data(), size);
        left.remove_prefix(size);
        state = reader.commit(size);
    }
    Outcome outcome{.state = state, .body = {}, .rest = {}};
    if (state == RequestReader::State::complete) {
        outcome.body = request.body();
        reader.release();
        // What was read beyond the body is at the front of the block now.
        const std::size_t kept = RequestReader::block_size - reader.prepare().size();
        outcome.rest = std::string{block->data(), kept}.append(left);
    } else {
        reader.release();
    }
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    zigmund::fuzz::Input input{data, size};
    std::array<char, 3> sizes;
    for (char& piece : sizes) piece = static_cast<char>(input.byte());
    const std::string_view text = input.text();
    const Outcome whole = read(text, {});
    if (whole.state == RequestReader::State::complete) {
        const std::optional<Decoded> decoded = reference(text);
        check(decoded.has_value(), "what is accepted is a chunked body");
        check(whole.body == decoded->body, "the body is that of the reference");
        check(whole.rest == text.substr(decoded->size), "the next request begins where the reference says");
    }
    check(read(text, {sizes.data(), sizes.size()}) == whole, "pieces make what the whole makes");
    check(read(text, std::string_view{"\0", 1}) == whole, "bytes make what the whole makes");
    return 0;
}
