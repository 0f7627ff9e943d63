#include "request_reader.hpp"

#include <zigmund/http/app.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "ascii.hpp"
#include "framing.hpp"
#include "multipart_form.hpp"
#include "percent.hpp"

namespace zigmund::http::inline v0 {
namespace {

constexpr std::size_t max_method = 32;
constexpr std::size_t max_query_parameters = 256;
// The first block of a body that does not fit the connection's block; each further one is twice as large.
constexpr std::size_t first_body_block = std::size_t{16} << 10;
// What a form is read into before it is fed.
constexpr std::size_t form_block = std::size_t{32} << 10;
// What is read of a body that nobody looks at, to keep the connection.
constexpr std::size_t max_dropped = std::size_t{64} << 10;
// RFC 9112, 2.2: empty lines before a request are skipped.
constexpr std::uint8_t max_blank_lines = 2;

/// Where a line at `at` ends at the latest: what is longer is not looked at, so that it makes no difference how
/// much of it came at once.
const char* longest(const char* at, const char* end) noexcept {
    return end - at < static_cast<std::ptrdiff_t>(RequestReader::max_line) ? end
                                                                           : at + RequestReader::max_line;
}

}  // namespace

RequestReader::State RequestReader::next(Request& request) {
    request_ = &request;
    blank_lines_ = 0;
    wants_continue_ = false;
    body_size_ = 0;
    body_ = {};
    in_step_ = true;
    form_ = nullptr;
    if (unread_ != 0) phase_ = Phase::dropped_body;
    return advance();
}

std::span<char> RequestReader::prepare() noexcept {
    // A body is read to its end and no further, so that what follows it is read into the block.
    const bool sized = phase_ == Phase::sized_body || phase_ == Phase::sized_form;
    const std::size_t limit = sized ? std::min(begin_ + body_size_, input_.size()) : input_.size();
    return input_.subspan(end_, limit - end_);
}

RequestReader::State RequestReader::commit(std::size_t size) {
    end_ += size;
    return request_ == nullptr ? State::need_more : advance();
}

/// Bytes behind the request.
std::size_t RequestReader::left() const noexcept {
    // A body with a block of its own is all that was read into that block; of one that was given up in the
    // middle, more may have come than the connection's block holds.
    const bool own_block = phase_ == Phase::sized_body && input_.data() != block_.data();
    return own_block ? 0 : end_ - begin_;
}

void RequestReader::release() noexcept {
    const std::size_t kept = left();
    if (kept != 0) std::memmove(block_.data(), input_.data() + begin_, kept);
    input_ = block_;
    begin_ = 0;
    end_ = kept;
    phase_ = Phase::head;
    has_line_ = false;
    request_ = nullptr;
}

void RequestReader::clear() noexcept {
    release();
    end_ = 0;
    unread_ = 0;
}

RequestReader::State RequestReader::fail(Status status) noexcept {
    error_ = status;
    begin_ = end_;
    return State::failed;
}

RequestReader::State RequestReader::advance() {
    switch (phase_) {
        case Phase::head:
            return read_head();
        case Phase::sized_body:
            return read_sized_body();
        case Phase::sized_form:
            return read_sized_form();
        case Phase::chunked_body:
            return read_chunked_body();
        case Phase::dropped_body:
            return drop_body();
    }
    return fail(Status::internal_server_error);
}

RequestReader::State RequestReader::read_head() {
    const char* at = input_.data() + begin_;
    const char* const end = input_.data() + end_;
    if (!has_line_) {
        for (; blank_lines_ < max_blank_lines && end - at >= 2 && at[0] == '\r' && at[1] == '\n'; at += 2)
            ++blank_lines_;
        if (at == end) {
            begin_ = end_;
            return State::need_more;
        }
        RequestLine line;
        // Of an empty line too many, the CR alone may be here: it is none yet.
        const LineScan scan = *at == '\r' && end - at == 1 ? LineScan::need_more
                                                           : scan_request_line(at, longest(at, end), line);
        if (scan != LineScan::whole) return stop_head(at, scan);
        at = line.next;
        if (!take_line(line)) return fail(error_);
    }
    FieldLine field;
    LineScan scan = scan_field_line(at, longest(at, end), field);
    for (; scan == LineScan::whole; scan = scan_field_line(at, longest(at, end), field)) {
        at = field.next;
        if (!take_field({field.name, field.value})) return fail(error_);
    }
    if (scan != LineScan::end_of_fields) return stop_head(at, scan);
    begin_ = static_cast<std::size_t>(field.next - input_.data());
    return take_head() ? begin_body() : fail(error_);
}

/// The lines before `at` are read, the one there is not whole, or is none.
RequestReader::State RequestReader::stop_head(const char* at, LineScan scan) noexcept {
    begin_ = static_cast<std::size_t>(at - input_.data());
    if (scan == LineScan::need_more) {
        if (end_ < block_size && end_ - begin_ < max_line) return State::need_more;
        return fail(has_line_ ? Status::header_fields_too_large : Status::uri_too_long);
    }
    return fail(scan == LineScan::other_version ? Status::http_version_not_supported : Status::bad_request);
}

bool RequestReader::refuse(Status status) noexcept {
    error_ = status;
    return false;
}

bool RequestReader::take_line(const RequestLine& line) noexcept {
    has_line_ = true;
    framing_ = {};
    request_->method_text_ = line.method;
    request_->method_ = to_method(line.method);
    request_->minor_version_is_0_ = line.version_1_0;
    request_->target_ = line.target;
    if (line.method.size() > max_method) return refuse(Status::bad_request);
    return line.method != "CONNECT" || refuse(Status::not_implemented);
}

bool RequestReader::take_field(const Field& field) noexcept {
    if (request_->field_count_ == Request::max_fields) return refuse(Status::header_fields_too_large);
    std::construct_at(&request_->fields_[request_->field_count_++], field);
    return framing_.field(field.name, field.value) || refuse(framing_.error());
}

/// What only the whole head can tell.
bool RequestReader::take_head() {
    Request& request = *request_;
    if (!framing_.end(request.minor_version_is_0_)) return refuse(framing_.error());
    const std::optional<Target> target = split_target(request.target_, request.method_ == Method::options);
    if (!target) return refuse(Status::bad_request);
    // RFC 9112, 3.2.2: the target's host counts; a Host that differs is an attempt to be read in two ways.
    if (!target->authority.empty() && !framing_.host().empty() &&
        !ascii::equal_ignoring_case(target->authority, framing_.host()))
        return refuse(Status::bad_request);
    // More, and what costs little to send costs much to look through.
    if (target->query.size() > max_query_parameters &&
        static_cast<std::size_t>(std::ranges::count(target->query, '&')) >= max_query_parameters)
        return refuse(Status::uri_too_long);
    request.path_ = percent_decode(target->path, Plus::plus, request.arena_);
    request.query_string_ = target->query;
    request.keep_alive_ = framing_.keep_alive(request.minor_version_is_0_);
    return true;
}

RequestReader::State RequestReader::begin_body() {
    // A body that is here, and no more than anybody takes, needs no decision.
    const std::uint64_t here = std::min<std::uint64_t>({end_ - begin_, limits_.max_body, limits_.max_upload});
    const bool is_here = !framing_.chunked() && framing_.content_length() <= here;
    const BodyUse use = is_here || app_ == nullptr ? BodyUse::whole : app_->body_use(*request_);
    if (use == BodyUse::none) return leave_body();
    const bool form =
        use == BodyUse::files && is_multipart_form(request_->header("content-type").value_or(""));
    const std::size_t limit = form ? limits_.max_upload : limits_.max_body;
    if (framing_.content_length() > limit) return fail(Status::content_too_large);
    if (form) {
        form_ = &MultipartForm::begin(*request_, limits_);
        if (form_->failed()) return leave_body();
    }
    if (framing_.chunked()) {
        phase_ = Phase::chunked_body;
        max_chunked_ = limit;
        chunks_ = ChunkDecoder{limit};
        return begin_chunked_body();
    }
    phase_ = form ? Phase::sized_form : Phase::sized_body;
    return form ? begin_sized_form() : begin_sized_body();
}

/// Whether the client sends its body when it is told to, and has not begun without that.
bool RequestReader::waits_for_continue() const noexcept {
    return framing_.expects_continue() && !request_->minor_version_is_0_ && begin_ == end_;
}

/// The request is complete without its body.
RequestReader::State RequestReader::leave_body() noexcept {
    const std::uint64_t to_come =
        framing_.content_length() - std::min(framing_.content_length(), std::uint64_t{end_ - begin_});
    in_step_ = !framing_.chunked() && !waits_for_continue() && to_come <= max_dropped;
    if (in_step_) unread_ = static_cast<std::size_t>(to_come);
    // What is here behind the body is the next request.
    begin_ = in_step_ ? begin_ + std::min<std::uint64_t>(framing_.content_length(), end_ - begin_) : end_;
    return State::complete;
}

/// Drops what was left of the body of the request before.
RequestReader::State RequestReader::drop_body() {
    const std::size_t here = std::min(end_ - begin_, unread_);
    begin_ += here;
    unread_ -= here;
    if (unread_ != 0) {
        begin_ = end_ = 0;
        return State::need_more;
    }
    if (begin_ != 0 && begin_ != end_) std::memmove(block_.data(), block_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    phase_ = Phase::head;
    return read_head();
}

RequestReader::State RequestReader::begin_sized_body() {
    body_size_ = static_cast<std::size_t>(framing_.content_length());
    const std::size_t here = std::min(end_ - begin_, body_size_);
    wants_continue_ = body_size_ != 0 && waits_for_continue();
    if (begin_ + body_size_ > block_size) {
        const std::size_t size = std::min(body_size_, first_body_block);
        const std::span<char> body = request_->arena_.alloc<char>(size);
        std::memcpy(body.data(), input_.data() + begin_, here);
        input_ = body;
        begin_ = 0;
        end_ = here;
    }
    return read_sized_body();
}

RequestReader::State RequestReader::read_sized_body() {
    if (end_ - begin_ < body_size_) {
        if (end_ == input_.size()) grow_body();
        return State::need_more;
    }
    request_->body_ = {input_.data() + begin_, body_size_};
    begin_ += body_size_;
    return State::complete;
}

RequestReader::State RequestReader::begin_sized_form() {
    body_size_ = static_cast<std::size_t>(framing_.content_length());
    wants_continue_ = waits_for_continue();
    const std::string_view here{input_.data() + begin_, std::min(end_ - begin_, body_size_)};
    begin_ += here.size();
    body_size_ -= here.size();
    if (!form_->feed(here) || body_size_ == 0) return end_form();
    begin_ = end_ = 0;
    input_ = request_->arena_.alloc<char>(std::min(body_size_, form_block));
    return State::need_more;
}

RequestReader::State RequestReader::read_sized_form() {
    const std::string_view here{input_.data(), end_};
    begin_ = end_ = 0;
    body_size_ -= here.size();
    if (!form_->feed(here) || body_size_ == 0) return end_form();
    return State::need_more;
}

/// The form is whole, or refused.
RequestReader::State RequestReader::end_form() {
    form_->finish();
    in_step_ = body_size_ == 0;
    return State::complete;
}

/// Gives a body that is not whole, and fills its block of the arena, a larger one.
void RequestReader::grow_body() {
    const std::size_t size = std::min(body_size_, 2 * input_.size());
    const alloc::Allocator arena = request_->arena_;
    if (void* const moved = arena.remap(input_.data(), input_.size(), 1, size)) {
        input_ = {static_cast<char*>(moved), size};
        return;
    }
    const std::span<char> larger = arena.alloc<char>(size);
    std::memcpy(larger.data(), input_.data(), end_);
    arena.free(std::exchange(input_, larger));
}

RequestReader::State RequestReader::begin_chunked_body() {
    wants_continue_ = waits_for_continue();
    // The head stays where it is; its block may be nearly full, so that chunks are read elsewhere.
    const std::span<char> input = request_->arena_.alloc<char>(block_size);
    const std::size_t here = end_ - begin_;
    if (here != 0) std::memcpy(input.data(), input_.data() + begin_, here);
    input_ = input;
    begin_ = 0;
    end_ = here;
    return read_chunked_body();
}

RequestReader::State RequestReader::read_chunked_body() {
    std::string_view text{input_.data() + begin_, end_ - begin_};
    std::string_view part;
    ChunkDecoder::State state;
    while ((state = chunks_.next(text, part)) == ChunkDecoder::State::data) {
        if (form_ == nullptr) {
            append_body(part);
        } else if (!form_->feed(part)) {  // refused: the handler's parameters say why
            in_step_ = false;
            begin_ = end_;
            return State::complete;
        }
    }
    begin_ = end_ - text.size();
    switch (state) {
        case ChunkDecoder::State::whole:
            if (form_ != nullptr) {
                form_->finish();
            } else {
                request_->body_ = {body_.data(), body_size_};
            }
            return State::complete;
        case ChunkDecoder::State::too_large:
            return fail(Status::content_too_large);
        case ChunkDecoder::State::malformed:
            return fail(Status::bad_request);
        default:
            break;
    }
    if (text.size() == input_.size())
        return fail(Status::bad_request);  // a line of framing longer than any needs to be
    if (!text.empty()) std::memmove(input_.data(), text.data(), text.size());
    begin_ = 0;
    end_ = text.size();
    return State::need_more;
}

void RequestReader::append_body(std::string_view part) {
    if (part.size() > body_.size() - body_size_) {
        const std::size_t size =
            std::min(std::max({body_size_ + part.size(), 2 * body_.size(), block_size}), max_chunked_);
        const alloc::Allocator arena = request_->arena_;
        if (body_.data() != nullptr && arena.resize(body_.data(), body_.size(), 1, size)) {
            body_ = {body_.data(), size};
        } else {
            const std::span<char> larger = arena.alloc<char>(size);
            if (body_size_ != 0) std::memcpy(larger.data(), body_.data(), body_size_);
            arena.free(body_);
            body_ = larger;
        }
    }
    std::memcpy(body_.data() + body_size_, part.data(), part.size());
    body_size_ += part.size();
}

}  // namespace zigmund::http::inline v0
