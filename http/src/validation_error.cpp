#include <zigmund/http/json_writer.hpp>
#include <zigmund/http/response.hpp>
#include <zigmund/http/validation_error.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>

#include "utf8.hpp"

namespace zigmund::http::inline v0 {

struct ZIGMUND_HIDDEN ValidationErrors::Node {
    ValidationError error;
    std::span<const Location> location;  // from the outside in
    std::size_t rank;                    // by section, then by place
    Node* next;
};

namespace {

constexpr std::array<std::string_view, 5> places{"path", "query", "header", "cookie", "body"};

/// FastAPI reports the sources in this order, whatever the order of the parameters.
std::size_t rank(std::string_view place) noexcept {
    std::size_t i = 0;
    while (i < places.size() && places[i] != place) ++i;
    return i;
}

void write_input(JsonWriter& writer, const JsonValue& input) {
    if (const std::optional<std::string_view> text = input.text()) {
        writer.value(utf8_prefix(*text, ValidationErrors::max_input));
        return;
    }
    const std::size_t before = writer.size();
    writer.limit(before + ValidationErrors::max_input);
    bool whole = false;
    try {
        writer.value(input);
        whole = !writer.full();
    } catch (const std::domain_error&) {
        whole = false;  // a number beyond a double's range was read as infinite, which has no JSON
    }
    if (!whole) {
        writer.rewind(before);
        writer.value(nullptr);
    }
    writer.limit(SIZE_MAX);
}

}  // namespace

void ValidationErrors::add(const Location& location, const ValidationError& error) {
    ++added_;
    if (size_ == max_errors) return;

    std::size_t depth = 0;
    for (const Location* at = &location; at != nullptr; at = at->outer) ++depth;
    auto* const chain = static_cast<Location*>(arena_.allocate(depth * sizeof(Location), alignof(Location)));
    std::size_t i = depth;
    for (const Location* at = &location; at != nullptr; at = at->outer)
        ::new (static_cast<void*>(chain + --i)) Location{*at};

    Node* const node = arena_.create<Node>(error, std::span<const Location>{chain, depth},
                                           section_ * (places.size() + 1) + rank(chain[0].name), nullptr);
    const std::span<const JsonMember> more = error.more_context;
    if (!more.empty()) {
        auto* const members =
            static_cast<JsonMember*>(arena_.allocate(more.size_bytes(), alignof(JsonMember)));
        std::ranges::uninitialized_copy(more, std::span{members, more.size()});
        node->error.more_context = {members, more.size()};
    }
    Node** link = &first_;
    while (*link != nullptr && (*link)->rank <= node->rank) link = &(*link)->next;
    node->next = *link;
    *link = node;
    ++size_;
}

Response ValidationErrors::response(bool echo) const {
    JsonWriter writer{arena_};
    writer.begin_object();
    writer.name("detail");
    writer.begin_array();
    for (const Node* node = first_; node != nullptr; node = node->next) {
        writer.element();
        // Fields of the head are Latin-1 to Starlette. Here they are UTF-8, and Latin-1 where they are not.
        const std::string_view place = node->location.front().name;
        writer.latin1(place == "header" || place == "cookie");
        writer.begin_object();
        writer.name("type");
        writer.value(node->error.type);
        writer.name("loc");
        writer.begin_array();
        for (const Location& location : node->location) {
            writer.element();
            writer.value(location.name.data() != nullptr ? JsonValue{location.name}
                                                         : JsonValue{location.index});
        }
        writer.end_array();
        writer.name("msg");
        writer.value(node->error.message);
        if (echo) {
            writer.name("input");
            write_input(writer, node->error.input);
        }
        if (node->error.context_name.data() != nullptr) {
            writer.name("ctx");
            writer.begin_object();
            writer.name(node->error.context_name);
            writer.value(node->error.context_value);
            for (const JsonMember& member : node->error.more_context) {
                writer.name(member.name);
                writer.value(member.value);
            }
            writer.end_object();
        }
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    return Response::json_text(writer.finish()).with_status(Status::unprocessable_content);
}

}  // namespace zigmund::http::inline v0
