// A multipart form that arrives in any pieces has the same parts, or is refused alike; and what lies on disk is
// what would lie in memory.
#include <zigmund/http/upload.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

#include "fuzz.hpp"
#include "multipart_form.hpp"

namespace {

using zigmund::alloc::Arena;
using zigmund::fuzz::check;
using zigmund::http::BodyLimits;
using zigmund::http::HttpError;
using zigmund::http::MultipartForm;
using zigmund::http::Upload;

constexpr std::size_t max_body = 4000;

void append(std::string& out, std::string_view text) {
    out.append(std::to_string(text.size())).append(":").append(text);
}

/// All that a handler can see of a form; or why it is refused.
std::string describe(const MultipartForm& form, zigmund::alloc::Allocator arena) {
    std::string out;
    try {
        form.check();
    } catch (const HttpError& error) {
        return out.append("refused ").append(error.detail());
    }
    for (const auto* part = form.parts(); part != nullptr; part = part->next) {
        const Upload upload{*part};
        append(out, part->name);
        out.append(part->is_file ? "f" : "v");
        append(out, upload.filename());
        append(out, upload.content_type());
        for (const auto& field : upload.headers()) {
            append(out, field.name);
            append(out, field.value);
        }
        const std::string_view contents = upload.read_all(arena);
        check(contents.size() == upload.size(), "the size is that of the contents");
        append(out, contents);
        const std::string_view name = upload.safe_filename(arena);
        check(!name.empty() && name.size() <= 255 && name.front() != '.' &&
                  name.find_first_of(std::string_view{"/\\\0", 3}) == std::string_view::npos,
              "a safe name is one name");
    }
    return out;
}

/// What comes of `body`, fed in pieces of these sizes, again and again; without any: whole.
std::string read(std::string_view type, std::string_view body, std::string_view sizes) {
    zigmund::fuzz::CountedMemory memory;
    Arena arena{memory.allocator()};
    MultipartForm form{type, BodyLimits{max_body}, arena.allocator()};
    if (sizes.empty()) {
        form.feed_whole(body);
        return describe(form, arena.allocator());
    }
    const bool empty = body.empty();
    for (std::size_t reads = 0; !body.empty(); ++reads) {
        const std::size_t size = std::min<std::size_t>(
            body.size(), std::size_t{1} + static_cast<unsigned char>(sizes[reads % sizes.size()]));
        // A block that goes with its bytes: nothing may refer to it afterwards.
        const std::string piece{body.substr(0, size)};
        body.remove_prefix(size);
        if (!form.feed(piece)) break;
    }
    if (!empty) form.finish();
    return describe(form, arena.allocator());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    zigmund::fuzz::Input input{data, size};
    std::array<char, 4> sizes;
    for (char& piece : sizes) piece = static_cast<char>(input.byte());
    // The first line is the Content-Type.
    const std::string_view text = input.text();
    const std::string_view type = text.substr(0, text.find('\n'));
    const std::string_view body = text.substr(std::min(type.size() + 1, text.size()));
    const std::string whole = read(type, body, {});
    check(read(type, body, {sizes.data(), sizes.size()}) == whole, "pieces make what the whole makes");
    check(read(type, body, std::string_view{"\0", 1}) == whole, "bytes make what the whole makes");
    return 0;
}
