// Bytes that arrive in any pieces make the same requests, and the same failure, as in one piece.
#include <zigmund/http/request.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fuzz.hpp"
#include "request_reader.hpp"

namespace {

using zigmund::alloc::Arena;
using zigmund::fuzz::check;
using zigmund::http::Field;
using zigmund::http::Request;
using zigmund::http::RequestReader;

constexpr std::size_t max_body = 20'000;

void append(std::string& out, std::string_view text) {
    out.append(std::to_string(text.size())).append(":").append(text);
}

/// All that a handler can see of a request.
std::string describe(const Request& request) {
    std::string out;
    append(out, request.method_text());
    append(out, request.path());
    append(out, request.query_string());
    for (const Field& field : request.fields()) {
        append(out, field.name);
        append(out, field.value);
    }
    append(out, request.body());
    out.append(request.keep_alive() ? "k" : "c").append(request.is_http_1_0() ? "0" : "1");
    return out;
}

/// The requests in `bytes`, and how it ended: a failure's status, or an incomplete request, or nothing.
/// `sizes` are those of the reads, again and again; without any, each read takes all it can.
std::vector<std::string> read_all(std::string_view bytes, std::string_view sizes) {
    zigmund::fuzz::CountedMemory memory;
    std::vector<std::string> requests;
    const auto block = std::make_unique<std::array<char, RequestReader::block_size>>();
    RequestReader reader{*block, max_body};
    const bool fits = bytes.size() <= block->size();
    std::size_t reads = 0;
    while (true) {
        Arena arena{memory.allocator()};
        Request request{arena.allocator()};
        RequestReader::State state = reader.next(request);
        while (state == RequestReader::State::need_more && !bytes.empty()) {
            const std::span<char> space = reader.prepare();
            check(!space.empty(), "there is space while more is needed");
            std::size_t size = std::min(bytes.size(), space.size());
            if (!sizes.empty())
                size = std::min<std::size_t>(
                    size, std::size_t{1} + static_cast<unsigned char>(sizes[reads++ % sizes.size()]));
            std::memcpy(space.data(), bytes.data(), size);
            bytes.remove_prefix(size);
            state = reader.commit(size);
        }
        if (state == RequestReader::State::complete) {
            requests.push_back(describe(request));
            reader.release();
            continue;
        }
        if (state == RequestReader::State::failed) {
            // A head that is malformed and does not fit is one or the other, as its pieces come.
            const std::string status = std::to_string(static_cast<int>(reader.error()));
            requests.push_back(fits ? "failed " + status : "failed");
        } else {
            requests.emplace_back(reader.started() ? "incomplete" : "end");
        }
        reader.release();
        return requests;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    zigmund::fuzz::Input input{data, size};
    std::array<char, 4> sizes;
    for (char& piece : sizes) piece = static_cast<char>(input.byte());
    // With an end of the last head: before it, what is wrong in a head may or may not have been seen.
    const std::string text = std::string{input.text()}.append("\r\n\r\n");
    const std::vector<std::string> whole = read_all(text, {});
    check(read_all(text, {sizes.data(), sizes.size()}) == whole, "pieces make what the whole makes");
    check(read_all(text, std::string_view{"\0", 1}) == whole, "bytes make what the whole makes");
    return 0;
}
