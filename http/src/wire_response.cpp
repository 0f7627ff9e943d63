#include "wire_response.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "log.hpp"

namespace zigmund::http::inline v0 {
namespace {

// The fixed texts and the longest number: what a head takes beside the texts of the response.
constexpr std::size_t fixed_size = 160;

class Cursor {
  public:
    explicit Cursor(std::span<char> space) noexcept : at_{space.data()} {}

    Cursor& operator<<(std::string_view text) noexcept {
        if (!text.empty()) std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
        return *this;
    }
    Cursor& operator<<(std::size_t number) noexcept {
        at_ = std::to_chars(at_, at_ + 20, number).ptr;
        return *this;
    }
    [[nodiscard]] const char* end() const noexcept { return at_; }

  private:
    char* at_;
};

std::size_t fields_size(const Response& response) noexcept {
    std::size_t size = 0;
    for (const auto* node = response.last_field(); node != nullptr; node = node->previous)
        size += node->field.name.size() + node->field.value.size() + 4;
    return size;
}

/// The list runs from the last field to the first; they are sent in the order in which they were added.
void write_fields(Cursor& out, const Response::FieldNode* node) noexcept {
    if (node == nullptr) return;
    write_fields(out, node->previous);
    out << node->field.name << ": " << node->field.value << "\r\n";
}

bool has_content(Status status) noexcept {
    return status != Status::no_content && status != Status::reset_content && status != Status::not_modified;
}

/// What is below 200 announces an answer and is none (RFC 9110, 15), so a client would wait for it.
constexpr bool is_final(Status status) noexcept { return status >= Status{200} && status <= Status{599}; }

[[gnu::cold]] Response no_answer(const Request& request, Status status) noexcept {
    std::array<char, 64> text;
    const int size = std::snprintf(text.data(), text.size(), "a response's status is 200 to 599, and not %u",
                                   static_cast<unsigned>(status));
    log_exception(request, {text.data(), static_cast<std::size_t>(size)});
    return Response::text("Internal Server Error").with_status(Status::internal_server_error);
}

}  // namespace

void HttpDate::update(std::time_t now) noexcept {
    if (now == now_) return;
    now_ = now;
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    // By hand, because strftime's names depend on the locale.
    constexpr std::string_view days = "SunMonTueWedThuFriSat";
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto two = [this](std::size_t at, int number) {
        text_[at] = static_cast<char>('0' + number / 10 % 10);
        text_[at + 1] = static_cast<char>('0' + number % 10);
    };
    constexpr std::string_view form = "Sun, 06 Nov 1994 08:49:37 GMT";
    std::memcpy(text_.data(), form.data(), form.size());
    const auto name = [this](std::size_t at, std::string_view names, int index) {
        std::memcpy(text_.data() + at, names.substr(static_cast<std::size_t>(index) * 3).data(), 3);
    };
    name(0, days, utc.tm_wday);
    two(5, utc.tm_mday);
    name(8, months, utc.tm_mon);
    two(12, (utc.tm_year + 1900) / 100);
    two(14, utc.tm_year % 100);
    two(17, utc.tm_hour);
    two(20, utc.tm_min);
    two(23, utc.tm_sec);
}

WireResponse write_response(Request& request, const Response& response, const HttpDate& date,
                            bool keep_alive) {
    if (!is_final(response.status())) [[unlikely]]
        return write_response(request, no_answer(request, response.status()), date, keep_alive);
    const std::string_view phrase = reason(response.status());
    const std::size_t size =
        fixed_size + phrase.size() + response.content_type().size() + fields_size(response);
    const std::span<char> space = request.allocator().alloc<char>(size);

    Cursor out{space};
    out << "HTTP/1.1 " << static_cast<std::size_t>(response.status()) << " " << phrase << "\r\n";
    const bool content = has_content(response.status());
    if (content) {
        if (!response.content_type().empty()) out << "content-type: " << response.content_type() << "\r\n";
        if (response.source() == nullptr) {
            const std::size_t length =
                response.file() == nullptr ? response.body().size() : response.file()->size();
            out << "content-length: " << length << "\r\n";
        } else if (!request.is_http_1_0()) {
            out << "transfer-encoding: chunked\r\n";
        }
    } else if (response.status() == Status::reset_content) {
        // Of the three, only this one would be read to the connection's end without a length (RFC 9112, 6.3).
        out << "content-length: 0\r\n";
    }
    out << "date: " << date.text() << "\r\n";
    if (!keep_alive) {
        out << "connection: close\r\n";
    } else if (request.is_http_1_0()) {
        out << "connection: keep-alive\r\n";
    }
    write_fields(out, response.last_field());
    out << "\r\n";

    const std::string_view head{space.data(), static_cast<std::size_t>(out.end() - space.data())};
    Sent& sent = request.sent();
    sent.status = response.status();
    sent.head = head.size();
    const bool send_body = content && request.method() != Method::head;
    if (!send_body) return {head, {}};
    if (response.file() != nullptr) return {head, {}, {}, FileSender{*response.file()}};
    if (response.source() == nullptr) {
        sent.body = response.body().size();
        return {head, response.body()};
    }
    return {head, {}, StreamSender{response.source(), !request.is_http_1_0()}};
}

}  // namespace zigmund::http::inline v0
