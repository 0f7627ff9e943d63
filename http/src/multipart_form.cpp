#include "multipart_form.hpp"

#include <zigmund/http/source.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "ascii.hpp"
#include "percent.hpp"
#include "spool_file.hpp"

namespace zigmund::http::inline v0 {
namespace {

constexpr std::size_t max_part_fields = 16;
constexpr std::size_t first_memory = 1024;
// RFC 2046, 5.1.1 allows 70 characters; some clients take more.
constexpr std::size_t max_boundary = 200;

/// Takes the next parameter `; name="value"` off the text behind a header field's first value. The value
/// keeps its backslashes. False: there is none.
bool take_parameter(std::string_view& text, std::string_view& name, std::string_view& value) noexcept {
    const std::size_t semicolon = text.find(';');
    if (semicolon == std::string_view::npos) return false;
    text.remove_prefix(semicolon + 1);
    const std::size_t end = std::min(text.find_first_of(";="), text.size());
    name = ascii::trim(text.substr(0, end));
    value = {};
    text.remove_prefix(end);
    if (text.empty() || text.front() == ';') return true;
    text.remove_prefix(1);
    while (!text.empty() && ascii::is_blank(text.front())) text.remove_prefix(1);
    if (text.empty() || text.front() != '"') {
        value = ascii::trim(text.substr(0, text.find(';')));
        text.remove_prefix(std::min(text.find(';'), text.size()));
        return true;
    }
    std::size_t i = 1;
    while (i < text.size() && text[i] != '"') i += text[i] == '\\' && i + 1 < text.size() ? 2U : 1U;
    value = text.substr(1, i - 1);
    text.remove_prefix(std::min(i + 1, text.size()));
    return true;
}

/// A quoted value without the backslashes before quotes and backslashes; others belong to a path.
std::string_view unescape(std::string_view value, alloc::Allocator arena) {
    if (value.find("\\\"") == std::string_view::npos && value.find("\\\\") == std::string_view::npos)
        return value;
    const std::span<char> out = arena.alloc<char>(value.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size() && (value[i + 1] == '"' || value[i + 1] == '\\')) ++i;
        out[size++] = value[i];
    }
    return {out.data(), size};
}

/// `utf-8'en'a%20b` (RFC 8187), which some clients send although RFC 7578, 4.2 says not to.
std::string_view decode_extended(std::string_view value, alloc::Allocator arena) {
    const std::size_t text = value.find('\'', value.find('\'') + 1) + 1;
    return percent_decode(value.substr(text), Plus::plus, arena);
}

std::string_view first_value(std::string_view field) noexcept {
    return ascii::trim(field.substr(0, field.find(';')));
}

/// Empty: there is none that a body could be told apart by.
std::string_view find_boundary(std::string_view content_type) noexcept {
    std::string_view name;
    std::string_view value;
    while (take_parameter(content_type, name, value)) {
        if (ascii::equal_ignoring_case(name, "boundary")) return value.size() <= max_boundary ? value : "";
    }
    return {};
}

}  // namespace

bool is_multipart_form(std::string_view content_type) noexcept {
    return ascii::equal_ignoring_case(first_value(content_type), "multipart/form-data");
}

MultipartForm::MultipartForm(std::string_view content_type, const BodyLimits& limits, alloc::Allocator arena)
    : arena_{arena}, limits_{limits} {
    const std::string_view boundary = find_boundary(content_type);
    if (boundary.empty()) {
        refuse(Status::bad_request, "Missing boundary in multipart.");
    } else {
        parser_.emplace(boundary, arena);
    }
}

MultipartForm::~MultipartForm() {
    for (const detail::FormPart* part = first_; part != nullptr; part = part->next)
        FileDescriptor{part->descriptor}.reset();
}

bool MultipartForm::refuse(Status status, std::string_view detail) noexcept {
    error_.emplace(status, detail);
    return false;
}

bool MultipartForm::malformed() noexcept {
    return refuse(Status::bad_request, "There was an error parsing the body");
}

bool MultipartForm::disk_failed() noexcept {
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        return refuse(Status::insufficient_storage, "Insufficient Storage");
    errno_ = errno;
    return false;
}

void MultipartForm::check() const {
    if (error_) throw *error_;
    if (errno_ != 0) throw std::system_error(errno_, std::system_category(), "zigmund: upload");
}

bool MultipartForm::feed(std::string_view bytes) {
    if (failed()) return false;
    if (!parser_->feed(bytes, *this) && !failed()) malformed();
    return !failed();
}

void MultipartForm::feed_whole(std::string_view body) {
    whole_ = true;
    (void)feed(body);
    // A form without parts may be no bytes at all.
    if (!body.empty()) finish();
}

void MultipartForm::finish() noexcept {
    if (!failed() && !parser_->closed()) malformed();
}

bool MultipartForm::begin_part(std::string_view head) {
    auto* const part = arena_.create<detail::FormPart>();
    (last_ == nullptr ? first_ : last_->next) = part;
    last_ = part;
    memory_ = {};
    field_bytes_ += head.size();
    if (!read_head(head, *part)) return false;
    if (part->is_file && ++files_ > max_files)
        return refuse(Status::bad_request, "Too many files. Maximum number of files is 1000.");
    if (!part->is_file && ++fields_ > max_fields) return refuse(Status::bad_request, too_many_fields);
    return field_bytes_ <= limits_.max_body || refuse(Status::content_too_large, "Request Entity Too Large");
}

bool MultipartForm::read_head(std::string_view head, detail::FormPart& part) {
    const auto lines = static_cast<std::size_t>(std::ranges::count(head, '\n'));
    if (lines > max_part_fields) return malformed();
    auto* const fields = static_cast<Field*>(arena_.allocate(lines * sizeof(Field), alignof(Field)));
    std::size_t count = 0;
    std::optional<std::string_view> disposition;
    for (; !head.empty(); head.remove_prefix(head.find('\n') + 1)) {
        const std::string_view line = head.substr(0, head.find('\n') - 1);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || !ascii::is_token(line.substr(0, colon))) return malformed();
        const Field field{line.substr(0, colon), ascii::trim(line.substr(colon + 1))};
        if (std::ranges::any_of(field.value, [](char c) { return ascii::is_control(c) && c != '\t'; }))
            return malformed();
        std::construct_at(fields + count++, field);
        if (ascii::equal_ignoring_case(field.name, "content-disposition")) disposition = field.value;
        if (ascii::equal_ignoring_case(field.name, "content-type")) part.content_type = field.value;
    }
    part.headers = {fields, count};

    bool named = false;
    bool extended = false;
    std::string_view rest = disposition.value_or("");
    std::string_view name;
    std::string_view value;
    while (take_parameter(rest, name, value)) {
        if (ascii::equal_ignoring_case(name, "name")) {
            part.name = unescape(value, arena_);
            named = true;
        } else if (ascii::equal_ignoring_case(name, "filename")) {
            part.is_file = true;
            if (!extended) part.filename = unescape(value, arena_);
        } else if (ascii::equal_ignoring_case(name, "filename*")) {
            part.is_file = extended = true;
            part.filename = decode_extended(value, arena_);
        }
    }
    return named ||
           refuse(Status::bad_request, "The Content-Disposition header field \"name\" must be provided.");
}

bool MultipartForm::data(std::string_view piece) {
    detail::FormPart& part = *last_;
    part.size += piece.size();
    if (part.is_file) {
        if (part.descriptor >= 0) return write_all(part.descriptor, piece) || disk_failed();
        file_bytes_ += piece.size();
        if (file_bytes_ <= max_memory || part.size <= max_small || whole_) return keep(piece);
        file_bytes_ -= part.size;
        if (++spilled_ > max_spilled)
            return refuse(Status::bad_request, "Too many large files. Maximum number of large files is 64.");
        return (spill() && write_all(part.descriptor, piece)) || disk_failed();
    }
    if (part.size > max_value) return refuse(Status::bad_request, "Part exceeded maximum size of 1024KB.");
    field_bytes_ += piece.size();
    if (field_bytes_ > limits_.max_body) return refuse(Status::content_too_large, "Request Entity Too Large");
    return keep(piece);
}

/// Adds to what is in memory of the last part.
bool MultipartForm::keep(std::string_view piece) {
    std::string_view& kept = last_->memory;
    if (whole_ && kept.empty()) {
        kept = piece;
        return true;
    }
    const std::size_t size = kept.size() + piece.size();
    if (size > memory_.size()) {
        const std::size_t capacity = std::max({size, 2 * memory_.size(), first_memory});
        if (memory_.data() != nullptr && arena_.resize(memory_.data(), memory_.size(), 1, capacity)) {
            memory_ = {memory_.data(), capacity};
        } else {
            const std::span<char> larger = arena_.alloc<char>(capacity);
            if (!kept.empty()) std::memcpy(larger.data(), kept.data(), kept.size());
            arena_.free(std::exchange(memory_, larger));
        }
    }
    std::memcpy(memory_.data() + kept.size(), piece.data(), piece.size());
    kept = {memory_.data(), size};
    return true;
}

/// Moves what is in memory of the last part to a file.
bool MultipartForm::spill() noexcept {
    detail::FormPart& part = *last_;
    FileDescriptor file = open_spool_file(limits_.upload_directory);
    if (!file || !write_all(file.get(), part.memory)) return false;
    part.memory = {};
    part.descriptor = file.release();
    arena_.free(std::exchange(memory_, {}));
    return true;
}

bool MultipartForm::end_part() {
    // What the last block has beyond the contents goes to the next part.
    if (memory_.size() > last_->memory.size() &&
        arena_.resize(memory_.data(), memory_.size(), 1, last_->memory.size()))
        memory_ = memory_.first(last_->memory.size());
    return true;
}

MultipartForm& MultipartForm::begin(Request& request, const BodyLimits& limits) {
    request.form_ = request.allocator().create<MultipartForm>(request.header("content-type").value_or(""),
                                                              limits, request.allocator());
    return *request.form_;
}

const MultipartForm* MultipartForm::of(Request& request) {
    if (request.form_ == nullptr && is_multipart_form(request.header("content-type").value_or("")))
        begin(request, request.body().size()).feed_whole(request.body());
    return request.form_;
}

void Request::end_form() noexcept { std::destroy_at(form_); }

namespace detail {

const FormPart* form_parts(const Request& request) noexcept {
    const MultipartForm* const form = MultipartForm::find(request);
    return form == nullptr ? nullptr : form->parts();
}

}  // namespace detail
}  // namespace zigmund::http::inline v0
