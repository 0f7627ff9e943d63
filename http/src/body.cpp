#include <zigmund/http/binding.hpp>
#include <zigmund/http/body.hpp>

#include <boost/json/value.hpp>

#include "ascii.hpp"
#include "error_response.hpp"
#include "json_reader.hpp"
#include "utf8.hpp"

namespace zigmund::http::inline v0::detail {
namespace {

/// application/json or application/<anything>+json, whatever the parameters.
bool is_json(std::string_view content_type) noexcept {
    if (content_type == "application/json") [[likely]]
        return true;
    content_type = ascii::trim(content_type.substr(0, content_type.find(';')));
    constexpr std::string_view prefix = "application/";
    constexpr std::string_view suffix = "+json";
    if (content_type.size() <= prefix.size() ||
        !ascii::equal_ignoring_case(content_type.substr(0, prefix.size()), prefix))
        return false;
    const std::string_view subtype = content_type.substr(prefix.size());
    return ascii::equal_ignoring_case(subtype, "json") ||
           (subtype.size() > suffix.size() &&
            ascii::equal_ignoring_case(subtype.substr(subtype.size() - suffix.size()), suffix));
}

const Location body_location{nullptr, std::string_view{"body"}};

}  // namespace

void BodySource::begin() noexcept {
    const bool empty = request_.body().empty();
    const std::optional<std::string_view> type = request_.header("content-type");
    const bool json = !empty && (type ? is_json(*type) : !request_.strict_content_type());
    state_ = json ? State::json : State::other;
    text_ = request_.body();
    // A byte order mark is no part of the text, as Python has it.
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (json && text_.starts_with(mark)) [[unlikely]]
        text_.remove_prefix(mark.size());
    if (json || empty || !request_.strict_415()) [[likely]]
        return;
    state_ = State::refused;
    refused_ = error_response(Status::unsupported_media_type);
}

void BodySource::parse() {
    const std::string_view text = text_;
    const alloc::Allocator arena = request_.allocator();
    if (state_ == State::other) {
        // Nothing is nothing; anything else is taken for what it is, text.
        auto* const document = static_cast<boost::json::value*>(
            arena.allocate(sizeof(boost::json::value), alignof(boost::json::value)));
        make_json_text(text, arena, *document);
        if (text.empty()) *document = nullptr;
        document_ = document;
        return;
    }
    const auto document = read_json(text, arena);
    if (document) {
        document_ = *document;
        return;
    }
    state_ = State::refused;
    if (!is_utf8(text)) {
        refused_ = Response::json_text(R"({"detail":"There was an error parsing the body"})")
                       .with_status(Status::bad_request);
        return;
    }
    const Location at{&body_location, document.error().position};
    const ValidationError error{"json_invalid", "JSON decode error", std::initializer_list<JsonMember>{},
                                "error", document.error().message};
    if (!request_.strict_415()) return errors_.add(at, error);
    ValidationErrors alone{arena};
    alone.add(at, error);
    refused_ = alone.response(request_.echo_input()).with_status(Status::bad_request);
}

std::optional<JsonInput> BodySource::find(std::string_view name, bool optional) {
    if (document_ == nullptr && state_ != State::refused) parse();
    if (state_ == State::refused) return std::nullopt;
    std::optional<JsonInput> input{*document_};
    if (!name.empty()) input = input->object_size() ? input->member(name) : std::nullopt;
    if (input && !input->is_null()) return input;
    if (!optional) {
        const Location member{&body_location, name};
        errors_.add(name.empty() ? body_location : member, {"missing", "Field required", nullptr});
    }
    return std::nullopt;
}

}  // namespace zigmund::http::inline v0::detail
