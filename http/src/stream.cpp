#include <zigmund/http/stream.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "wake_target.hpp"

namespace zigmund::http::inline v0 {
namespace {

bool has_line_break(std::string_view text) noexcept {
    return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos;
}

/// The field once a line of `text`; a line ends as the standard says: CR, LF or both.
void write_lines(StreamWriter& out, std::string_view field, std::string_view text) {
    while (true) {
        const std::size_t size = std::min(text.find_first_of("\r\n"), text.size());
        out.write(field);
        out.write(text.substr(0, size));
        out.write("\n");
        if (size == text.size()) return;
        text.remove_prefix(size + (text.substr(size).starts_with("\r\n") ? 2 : 1));
    }
}

}  // namespace

void StreamWaker::wake() const noexcept {
    if (target_ != nullptr) target_->wake();
}

void StreamWriter::begin_event(const ServerSentEvent& event) {
    if (has_line_break(event.event) || has_line_break(event.id))
        throw std::invalid_argument("zigmund: an event's name and id have no line breaks");
    if (event.comment.data() != nullptr) write_lines(*this, ": ", event.comment);
    if (event.event.data() != nullptr) write_lines(*this, "event: ", event.event);
}

void StreamWriter::end_event(const ServerSentEvent& event) {
    if (event.id.data() != nullptr) write_lines(*this, "id: ", event.id);
    if (event.retry) {
        char digits[20];
        const auto end = std::to_chars(digits, digits + sizeof digits, event.retry->count()).ptr;
        write_lines(*this, "retry: ", {digits, static_cast<std::size_t>(end - digits)});
    }
    write("\n");
}

void StreamWriter::event(const ServerSentEvent& event) {
    begin_event(event);
    if (event.data.data() != nullptr) write_lines(*this, "data: ", event.data);
    end_event(event);
}

void StreamWriter::event_json(const JsonValue& value, const ServerSentEvent& event) {
    begin_event(event);
    write("data: ");
    json(value);
    write("\n");
    end_event(event);
}

}  // namespace zigmund::http::inline v0
