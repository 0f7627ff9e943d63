#include "request_reader.hpp"

#include <zigmund/http/app.hpp>

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

#include "ascii.hpp"
#include "framing.hpp"
#include "multipart_form.hpp"
#include "percent.hpp"

namespace zigmund::http {
namespace {

namespace beast = boost::beast;
using beast::string_view;
using BeastError = beast::http::error;

std::string_view to_std(string_view text) noexcept { return {text.data(), text.size()}; }

// RFC 9112, 7.1.1 leaves a limit for chunk extensions to the recipient: nobody uses them but to waste our
// time.
constexpr std::size_t max_chunk_extension = 256;
constexpr std::size_t max_chunk_extensions = 8192;
// The least that is to come of a chunked body, "0\r\n\r\n". With less, the grammar is not asked: a debug
// build of it asserts that much when it looks at a last chunk for the second time.
constexpr std::size_t min_chunked_rest = 5;
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

}  // namespace

/// Beast's grammar, as views into the block; and the guard's answer to what it lets through.
class RequestReader::Parser final : public beast::http::basic_parser<true> {
  public:
    explicit Parser(RequestReader& reader) noexcept : reader_{reader} {
        body_limit(boost::none);  // ours, checked before a byte of the body is read
        header_limit(block_size);
    }

    [[nodiscard]] const Framing& framing() const noexcept { return framing_; }
    /// Whether the line before the header fields was read.
    [[nodiscard]] bool has_line() const noexcept { return has_line_; }
    /// Why a callback refused what the grammar accepted.
    [[nodiscard]] Status refused() const noexcept { return refused_; }

  private:
    using Error = beast::error_code;

    void refuse(Status status, Error& error) noexcept {
        refused_ = status;
        error = beast::http::make_error_code(BeastError::bad_value);
    }

    void on_request_impl(beast::http::verb /*verb*/, string_view method, string_view target, int version,
                         Error& error) override {
        has_line_ = true;
        Request& request = *reader_.request_;
        request.method_text_ = to_std(method);
        request.method_ = to_method(request.method_text_);
        request.minor_version_is_0_ = version == 10;
        request.target_ = to_std(target);
        if (method.size() > max_method) return refuse(Status::bad_request, error);
        if (request.method_text_ == "CONNECT") return refuse(Status::not_implemented, error);
    }

    void on_response_impl(int, string_view, int, Error&) override {}

    void on_field_impl(beast::http::field /*field*/, string_view name, string_view value,
                       Error& error) override {
        // Fields behind a chunked body would pass for header fields, of which some grant rights: they are
        // dropped.
        if (head_is_over_) return;
        if (is_folded(name)) return refuse(Status::bad_request, error);

        Request& request = *reader_.request_;
        if (request.field_count_ == Request::max_fields)
            return refuse(Status::header_fields_too_large, error);
        const Field field{to_std(name), to_std(value)};
        std::construct_at(&request.fields_[request.field_count_++], field);
        if (!framing_.field(field.name, field.value)) return refuse(framing_.error(), error);
    }

    /// Whether the field goes on in the next line (RFC 9112, 5.2). The grammar has seen the line's end, and
    /// the byte behind it; there is no other CR before it.
    [[nodiscard]] bool is_folded(string_view name) const noexcept {
        const char* const end = name.data() + name.size();
        const char* const input_end = reader_.input_.data() + reader_.end_;
        const auto* const line_end =
            static_cast<const char*>(std::memchr(end, '\r', static_cast<std::size_t>(input_end - end)));
        return line_end == nullptr || line_end[2] == ' ' || line_end[2] == '\t';
    }

    void on_header_impl(Error& error) override {
        head_is_over_ = true;
        Request& request = *reader_.request_;
        if (!framing_.end(request.minor_version_is_0_)) return refuse(framing_.error(), error);
        const std::optional<Target> target =
            split_target(request.target_, request.method_ == Method::options);
        if (!target) return refuse(Status::bad_request, error);
        // RFC 9112, 3.2.2: the target's host counts; a Host that differs is an attempt to be read in two
        // ways.
        if (!target->authority.empty() && !framing_.host().empty() &&
            !ascii::equal_ignoring_case(target->authority, framing_.host()))
            return refuse(Status::bad_request, error);
        // More, and what costs little to send costs much to look through.
        if (target->query.size() > max_query_parameters &&
            static_cast<std::size_t>(std::ranges::count(target->query, '&')) >= max_query_parameters)
            return refuse(Status::uri_too_long, error);
        request.path_ = percent_decode(target->path, Plus::plus, request.arena_);
        request.query_string_ = target->query;
        request.keep_alive_ = framing_.keep_alive(request.minor_version_is_0_);
    }

    void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
    std::size_t on_body_impl(string_view body, Error&) override { return body.size(); }

    void on_chunk_header_impl(std::uint64_t size, string_view extensions, Error& error) override {
        reader_.extensions_ += extensions.size();
        if (extensions.size() > max_chunk_extension || reader_.extensions_ > max_chunk_extensions)
            return refuse(Status::bad_request, error);
        // A line that ends within quotes ends there for one parser and goes on for another.
        if (std::ranges::any_of(extensions, [](char c) { return ascii::is_control(c) && c != '\t'; }))
            return refuse(Status::bad_request, error);
        if (size > reader_.max_chunked_ - reader_.body_size_) refuse(Status::content_too_large, error);
    }

    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, Error& error) override {
        if (reader_.form_ == nullptr) {
            reader_.append_body(to_std(body));
        } else {
            reader_.body_size_ += body.size();
            if (!reader_.form_->feed(to_std(body))) refuse(Status::bad_request, error);
        }
        return body.size();
    }

    void on_finish_impl(Error&) override {}

    RequestReader& reader_;
    Framing framing_;
    Status refused_ = Status::ok;
    bool has_line_ = false;
    bool head_is_over_ = false;
};

RequestReader::~RequestReader() { end_parser(); }

void RequestReader::end_parser() noexcept {
    if (parser_ != nullptr) std::destroy_at(parser_);
    parser_ = nullptr;
}

RequestReader::State RequestReader::next(Request& request) {
    request_ = &request;
    blank_lines_ = 0;
    wants_continue_ = false;
    body_size_ = 0;
    body_ = {};
    extensions_ = 0;
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
    end_parser();
    const std::size_t kept = left();
    if (kept != 0) std::memmove(block_.data(), input_.data() + begin_, kept);
    input_ = block_;
    begin_ = 0;
    end_ = kept;
    phase_ = Phase::head;
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
    if (parser_ == nullptr) {
        while (blank_lines_ < max_blank_lines && end_ - begin_ >= 2 && input_[begin_] == '\r' &&
               input_[begin_ + 1] == '\n') {
            begin_ += 2;
            ++blank_lines_;
        }
        if (begin_ == end_ || (end_ - begin_ == 1 && input_[begin_] == '\r')) return State::need_more;
        static_assert(sizeof(Parser) <= sizeof parser_memory_);
        parser_ = ::new (static_cast<void*>(parser_memory_)) Parser{*this};
    }
    beast::error_code error;
    begin_ += parser_->put({input_.data() + begin_, end_ - begin_}, error);
    if (!error) return begin_body();
    if (error == BeastError::need_more && end_ < block_size) return State::need_more;
    if (parser_->refused() != Status::ok) return fail(parser_->refused());
    if (error == BeastError::need_more || error == BeastError::header_limit)
        return fail(parser_->has_line() ? Status::header_fields_too_large : Status::uri_too_long);
    return error == BeastError::bad_version ? judge_version() : fail(Status::bad_request);
}

/// The grammar stopped at the version: another one of HTTP is told from what is none, when its line is whole.
RequestReader::State RequestReader::judge_version() noexcept {
    const std::string_view input{input_.data() + begin_, end_ - begin_};
    const std::size_t size = input.find('\n');
    if (size == std::string_view::npos && end_ < block_size) {
        end_parser();  // the line is read anew
        return State::need_more;
    }
    const std::string_view line = input.substr(0, size);
    const std::string_view version = line.substr(line.rfind(' ') + 1);
    const bool is_http = std::ranges::count(line, ' ') == 2 && version.size() == 9 &&
                         version.starts_with("HTTP/") && ascii::is_digit(version[5]) && version[6] == '.' &&
                         ascii::is_digit(version[7]) && version[8] == '\r';
    return fail(is_http ? Status::http_version_not_supported : Status::bad_request);
}

RequestReader::State RequestReader::begin_body() {
    const Framing& framing = parser_->framing();
    // A body that is here, and no more than anybody takes, needs no decision.
    const bool is_here = !framing.chunked() &&
                         framing.content_length() <= std::min<std::uint64_t>(end_ - begin_, limits_.max_body);
    const BodyUse use = is_here || app_ == nullptr ? BodyUse::whole : app_->body_use(*request_);
    if (use == BodyUse::none) return leave_body();
    const bool form =
        use == BodyUse::files && is_multipart_form(request_->header("content-type").value_or(""));
    const std::size_t limit = form ? limits_.max_upload : limits_.max_body;
    if (framing.content_length() > limit) return fail(Status::content_too_large);
    if (form) {
        form_ = &MultipartForm::begin(*request_, limits_);
        if (form_->failed()) return leave_body();
    }
    if (framing.chunked()) {
        phase_ = Phase::chunked_body;
        max_chunked_ = limit;
        return begin_chunked_body();
    }
    phase_ = form ? Phase::sized_form : Phase::sized_body;
    return form ? begin_sized_form() : begin_sized_body();
}

/// Whether the client sends its body when it is told to, and has not begun without that.
bool RequestReader::waits_for_continue() const noexcept {
    return parser_->framing().expects_continue() && !request_->minor_version_is_0_ && begin_ == end_;
}

/// The request is complete without its body.
RequestReader::State RequestReader::leave_body() noexcept {
    const Framing& framing = parser_->framing();
    const std::uint64_t to_come =
        framing.content_length() - std::min(framing.content_length(), std::uint64_t{end_ - begin_});
    in_step_ = !framing.chunked() && !waits_for_continue() && to_come <= max_dropped;
    if (in_step_) unread_ = static_cast<std::size_t>(to_come);
    // What is here behind the body is the next request.
    begin_ = in_step_ ? begin_ + std::min<std::uint64_t>(framing.content_length(), end_ - begin_) : end_;
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
    body_size_ = static_cast<std::size_t>(parser_->framing().content_length());
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
    body_size_ = static_cast<std::size_t>(parser_->framing().content_length());
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
    while (end_ - begin_ >= min_chunked_rest) {
        beast::error_code error;
        begin_ += parser_->put({input_.data() + begin_, end_ - begin_}, error);
        if (parser_->is_done()) {
            if (form_ != nullptr) {
                form_->finish();
            } else {
                request_->body_ = {body_.data(), body_size_};
            }
            return State::complete;
        }
        if (error == BeastError::need_more) break;
        if (form_ != nullptr && form_->failed()) {
            in_step_ = false;
            begin_ = end_;
            return State::complete;
        }
        if (error) return fail(parser_->refused() != Status::ok ? parser_->refused() : Status::bad_request);
    }
    const std::size_t left = end_ - begin_;
    if (left == input_.size())
        return fail(Status::bad_request);  // a line of framing longer than any needs to be
    if (left != 0) std::memmove(input_.data(), input_.data() + begin_, left);
    begin_ = 0;
    end_ = left;
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

}  // namespace zigmund::http
